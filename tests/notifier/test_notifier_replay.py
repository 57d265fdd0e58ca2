"""The facts of the notifier, rebuilt from their sources beside the live ones; nothing is sent by that (AUD-2)."""

from functools import partial

import pytest
from notifier.harness import Harness
from replayed import follows_from_its_sources

from services.notifier.main import replay
from shared.database import scalar
from shared.feeds.postgres import PostgresFeeds


@pytest.mark.feature("AUD-2")
def test_the_facts_of_the_notifier_follow_from_their_sources(harness: Harness) -> None:
    unit = harness.unit()
    harness.appoint("root@example.org", unit)
    course, person = harness.course(), harness.person(home=unit)
    harness.assign(course, person)
    harness.settle()
    feeds = PostgresFeeds(lambda source: harness.sources[source.removesuffix(".profiles")].database.conninfo)
    with harness.database.connection() as conn:
        reasons = scalar(conn, "SELECT count(*) FROM ledger", int)

    filled = ("offering_fact", "person_fact", "unit_fact", "administrator_fact", "profile", "enrollment_fact")
    follows_from_its_sources(harness.database, partial(replay, harness.settings, feeds=feeds), *filled)

    with harness.database.connection() as conn:
        assert scalar(conn, "SELECT count(*) FROM ledger", int) == reasons > 0
