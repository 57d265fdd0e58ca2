"""A fresh directory for each test, or as many as it opens."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from directory.harness import Furnished, Harness, OpenHarness
from harnesses import opening

from shared.database import Database


@pytest.fixture
def open_harness(database: Callable[..., Database]) -> Iterator[OpenHarness]:
    yield from opening(partial(Harness, database))


@pytest.fixture
def harness(open_harness: OpenHarness) -> Harness:
    return open_harness()


@pytest.fixture
def furnished(open_harness: OpenHarness) -> Furnished:
    """Nobody waits long in it."""
    harness = open_harness(wait_limit=0.05)
    framework = harness.framework()
    top = harness.unit(framework, "Top")
    ann = harness.person("Ann A", top)
    known = {
        "person_id": ann,
        "people": [ann],
        "unit_id": top,
        "framework_id": framework,
        "audience_id": harness.made("/audiences", "audience_id", name="Fixed"),
        "organisation": top,
        "email": "drawn@example.org",
    }
    return Furnished(harness, known)
