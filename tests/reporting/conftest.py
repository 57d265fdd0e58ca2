"""One fresh world for each test."""

from collections.abc import Callable, Iterator

import pytest
from reporting_world import World

from shared.database import Database


@pytest.fixture
def world(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[World]:
    one = World(database, feed_conninfo)
    yield one
    one.close()
