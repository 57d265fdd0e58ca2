"""One fresh desk for each test."""

from collections.abc import Callable, Iterator

import pytest
from approvals.harness import Desk

from shared.database import Database


@pytest.fixture
def desk(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Desk]:
    one = Desk(database, feed_conninfo)
    yield one
    one.close()
