"""One fresh mailroom for each test, or as many as it opens."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from mailroom import Mailroom
from office import Office, OpenOffice

from shared.database import Database


@pytest.fixture
def mailroom(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Mailroom]:
    one = Mailroom(database, feed_conninfo)
    yield one
    one.close()


@pytest.fixture
def opening(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[OpenOffice]:
    opened: list[Office] = []

    def open_one(**settings: Any) -> Office:
        opened.append(Office(database, feed_conninfo, **settings))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def office(opening: OpenOffice) -> Office:
    return opening()
