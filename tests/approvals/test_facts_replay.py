"""The facts of approvals and of enrollment, rebuilt from their sources beside the live ones (AUD-2)."""

from functools import partial

import pytest
from approvals.harness import Desk
from replayed import follows_from_its_sources

from services.approvals import main as approvals
from services.enrollment import main as enrollment
from shared.feeds import PROFILES
from shared.feeds.postgres import PostgresFeeds
from shared.settings import Settings


@pytest.fixture
def feeds(desk: Desk) -> PostgresFeeds:
    told = {
        "directory": desk.enrollment.directory.database,
        PROFILES: desk.enrollment.directory.database,
        "catalog": desk.enrollment.catalog.database,
        "enrollment": desk.enrollment.database,
        "approvals": desk.database,
        "keys": desk.enrollment.catalog.database,
    }
    return PostgresFeeds(lambda source: told[source].conninfo)


@pytest.mark.feature("AUD-2")
def test_the_facts_of_approvals_follow_from_their_sources(desk: Desk, feeds: PostgresFeeds) -> None:
    desk.settle()
    settings = Settings(database_url=desk.database.conninfo)
    filled = ("person_fact", "unit_fact", "job_fact", "permission_role", "offering_fact", "profile")
    follows_from_its_sources(desk.database, partial(approvals.replay, settings, feeds=feeds), *filled)


@pytest.mark.feature("AUD-2")
def test_the_facts_of_enrollment_follow_from_their_sources(desk: Desk, feeds: PostgresFeeds) -> None:
    one = desk.enrollment
    audience = one.audience(desk.ada, desk.max)
    desk.settle()
    one.assign(desk.course, "audience", audience)
    one.job_role("Nurse", one.qualification("Ward ready", desk.course))
    desk.settle()
    filled = (
        "person_fact",
        "unit_fact",
        "job_fact",
        "audience_member",
        "audience_fact",
        "offering_fact",
        "job_role_fact",
        "profile",
    )
    replay = partial(enrollment.replay, Settings(database_url=one.database.conninfo), feeds=feeds)
    follows_from_its_sources(one.database, replay, *filled)
