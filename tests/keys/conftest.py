"""One fresh keys service for each test."""

from collections.abc import Callable, Iterator

import pytest
from keys.gate import Gate
from keys.harness import Keys

from shared.database import Database


@pytest.fixture
def keys(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Keys]:
    one = Keys(database, feed_conninfo)
    yield one
    one.close()


@pytest.fixture
def gate(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Gate]:
    """With a directory where strangers may register with a key."""
    one = Gate(database, feed_conninfo)
    yield one.opened()
    one.end()
