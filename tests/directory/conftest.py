"""One fresh directory for each test."""

from collections.abc import Callable, Iterator

import pytest
from town import Town

from shared.database import Database


@pytest.fixture
def town(database: Callable[..., Database]) -> Iterator[Town]:
    one = Town(database)
    yield one
    one.consumer._feed.close()
    one.service.close()
