"""A fresh harness for each test, or as many as it opens."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from harnesses import opening
from notifier.harness import Harness, OpenHarness

from shared.database import Database


@pytest.fixture
def open_harness(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[OpenHarness]:
    yield from opening(partial(Harness, database, feed_conninfo))


@pytest.fixture
def harness(open_harness: OpenHarness) -> Harness:
    return open_harness()
