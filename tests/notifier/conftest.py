"""One fresh mailroom for each test."""

from collections.abc import Callable, Iterator

import pytest
from mailroom import Mailroom

from shared.database import Database


@pytest.fixture
def mailroom(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Mailroom]:
    one = Mailroom(database, feed_conninfo)
    yield one
    one.close()
