"""One fresh directory for each test."""

from collections.abc import Callable, Iterator

import pytest
from town import Town, Towns

from shared.database import Database


@pytest.fixture
def towns(database: Callable[..., Database]) -> Iterator[Towns]:
    """As many as a test makes, each with its limits."""
    made: list[Town] = []

    def make(**limits: object) -> Town:
        made.append(Town(database, **limits))
        return made[-1]

    yield make
    for one in made:
        one.consumer._feed.close()
        one.service.close()


@pytest.fixture
def town(towns: Towns) -> Town:
    return towns()
