"""Every event of every service is something in a history: no class is forgotten, and what each says can be said (AUD-1)."""

from collections.abc import Mapping
from typing import Any

import pytest
from contracts.examples import EXAMPLES

from services.approvals.projections.history_table import TABLE as APPROVALS
from services.catalog.projections.history import TABLE as CATALOG
from services.directory.projections.history import TABLE as DIRECTORY
from services.enrollment.projections.history.table import TABLE as ENROLLMENT
from services.keys.projections.history import TABLE as KEYS
from shared.events import Event, registered
from shared.history import Table
from shared.history.telling import facts, held

TABLES: Mapping[str, Table[Any]] = {
    "approvals": APPROVALS,
    "catalog": CATALOG,
    "directory": DIRECTORY,
    "enrollment": ENROLLMENT,
    "keys": KEYS,
}


def classes(service: str) -> set[type[Event]]:
    return {cls for topic, cls in registered().items() if topic.startswith(f"{service}.")}


@pytest.mark.feature("AUD-1")
@pytest.mark.parametrize("service", TABLES)
def test_no_event_class_is_without_an_entry(service: str) -> None:
    assert {cls.TOPIC for cls in classes(service)} - {cls.TOPIC for cls in TABLES[service]} == set()


@pytest.mark.feature("AUD-1")
@pytest.mark.parametrize("service", TABLES)
def test_what_an_entry_says_is_in_the_event(service: str) -> None:
    told = [one for event in EXAMPLES.values() if type(one := event.upcast()) in TABLES[service]]
    assert {type(one) for one in told} == set(TABLES[service])
    for event in told:
        telling = TABLES[service][type(event)]
        facts(telling, event, {}, first=True)
        held(telling, event)
