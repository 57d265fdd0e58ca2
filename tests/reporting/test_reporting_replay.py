"""Replay: what is live follows from the events, and the comparison says so with a number."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from reporting_world import MEMBERSHIP, World

from services.reporting.main import replay
from shared.consumer import Consumer
from shared.contracts import enrollment
from shared.feeds import Reached, Record
from shared.feeds.postgres import PostgresFeed


def company(world: World, size: int = 20) -> tuple[list[UUID], UUID, UUID]:
    """A bit of everything that the read models hold."""
    home = world.unit("Company")
    people, course = [world.person(f"P{n} Family", home) for n in range(size)], world.course()
    assignment = world.assignment(course, "audience", world.audience("Drivers"))
    world.enrol(*people, offering=course, assignment=assignment)
    world.tell(world.enrollment, *(world.about(enrollment.TrainingBegun, p, course, term=1) for p in people[:5]))
    world.tell(world.enrollment, *(world.unassigned(p, course, assignment) for p in people[10:]))
    world.profile(people[0], "Renamed Family")
    world.settle()
    return people, course, assignment


@pytest.mark.feature("AUD-2")
def test_a_rebuild_of_every_read_model_differs_in_nothing(world: World) -> None:
    company(world)

    comparison = world.replay()

    assert comparison["differences"] == 0
    assert comparison["swapped"] is False
    counted = {table["table"]: (table["live"], table["rebuilt"]) for table in comparison["tables"]}
    assert counted == {
        "offering": (1, 1),
        "person": (20, 20),
        "unit": (1, 1),
        "audience": (1, 1),
        "profile": (20, 20),
        "membership": (20, 20),
        "standing": (25, 25),
        "cancellation": (0, 0),
        "learner_group": (0, 0),
        "job_role": (0, 0),
        "trigger": (0, 0),
        "assignment": (1, 1),
    }
    assert f"enrollment:{world.enrollment.max_notification_id()}" in comparison["positions"]


@pytest.mark.feature("AUD-2")
@pytest.mark.parametrize(
    ("tampering", "table", "differences"),
    [
        (
            "UPDATE membership SET valid_to = now() WHERE position = (SELECT min(position) FROM membership)",
            "membership",
            2,
        ),
        ("UPDATE membership SET valid_from = valid_from - interval '1 microsecond'", "membership", 40),
        ("DELETE FROM standing WHERE state = 'in-progress'", "standing", 5),
        ("UPDATE profile SET last_name = 'Forged' WHERE first_name = 'P3'", "profile", 2),
        ("UPDATE offering SET title = 'Forged'", "offering", 2),
        ("UPDATE unit SET name = 'Forged'", "unit", 2),
        ("UPDATE audience SET name = 'Forged'", "audience", 2),
        ("UPDATE assignment SET type = 'manager'", "assignment", 2),
        ("INSERT INTO person SELECT -1, gen_random_uuid(), NULL, true, now(), NULL", "person", 1),
    ],
)
def test_a_live_row_that_does_not_follow_from_the_events_is_a_difference(
    world: World, tampering: str, table: str, differences: int
) -> None:
    company(world)
    world.execute(tampering)

    comparison = world.replay()

    assert comparison["differences"] == differences
    assert [t["table"] for t in comparison["tables"] if t["differences"]] == [table]


@pytest.mark.feature("AUD-2")
def test_a_swap_repairs_the_live_read_models_and_the_consumers_go_on_from_there(world: World) -> None:
    people, course, assignment = company(world)
    right = world.tables()
    world.execute("DELETE FROM membership")
    world.execute("UPDATE person SET home_organisation = NULL")

    swapped = world.replay(swap=True)

    assert swapped["differences"] > 0
    assert swapped["swapped"] is True
    assert world.tables() == right
    assert world.replay()["differences"] == 0
    world.enrol(people[15], offering=course, assignment=assignment)
    world.settle()
    assert people[15] in world.people()
    assert world.replay()["differences"] == 0


@pytest.mark.feature("AUD-2")
def test_a_swap_keeps_the_names_of_tables_and_indexes_so_that_later_migrations_find_them(world: World) -> None:
    company(world, 12)
    query = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
    with world.database.connection() as conn:
        before = conn.execute(query).fetchall()

    world.replay(swap=True)

    with world.database.connection() as conn:
        assert conn.execute(query).fetchall() == before
        assert conn.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'rebuild'").fetchone() == (0,)


@pytest.mark.feature("AUD-2")
def test_live_read_models_that_lag_behind_their_sources_are_compared_where_they_stand(world: World) -> None:
    people, course, assignment = company(world)
    world.enrol(people[12], offering=course, assignment=assignment)
    world.profile(people[1], "Later Name")
    world.person("New Comer")

    assert world.replay()["differences"] == 0


@pytest.mark.feature("AUD-2")
def test_events_that_arrive_during_a_replay_make_no_difference(world: World) -> None:
    people, course, assignment = company(world)
    seen: list[int] = []

    def meanwhile(taken: int) -> None:
        seen.append(taken)
        world.enrol(people[9 + len(seen) % 10 + 1], offering=uuid4(), assignment=assignment)
        world.profile(people[len(seen)], f"Changed{len(seen)} Family")
        world.tell(
            world.enrollment,
            world.about(
                enrollment.EnrollmentCompleted, people[0], course, term=1, version=None, completed_at=datetime.now(UTC)
            ),
        )
        world.settle()

    comparison = replay(world.settings, progress=meanwhile)

    assert seen
    assert comparison.differences == 0
    assert f"enrollment:{world.enrollment.max_notification_id()}" in comparison.positions


@pytest.mark.feature("AUD-2")
def test_only_who_may_operate_the_whole_suite_may_replay(world: World) -> None:
    for role, organisation in (("auditor", None), ("site-administrator", uuid4())):
        headers = world.signed_in((role, organisation))
        refused = world.http.post("/api/reporting/replay", json={"swap": True}, headers=headers)
        assert (refused.status_code, refused.json()["permission"]) == (403, "operate")
        assert world.http.get(f"/api/reporting/replay/{uuid4()}", headers=headers).status_code == 403


@pytest.mark.feature("AUD-2")
def test_the_same_replay_asked_for_twice_is_one_job_and_its_key_means_nothing_else(world: World) -> None:
    key = {"Idempotency-Key": "audit-2026"}

    first = world.http.post("/api/reporting/replay", json={}, headers=key)
    again = world.http.post("/api/reporting/replay", json={}, headers=key)
    other = world.http.post("/api/reporting/replay", json={"swap": True}, headers=key)

    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, other.json()["field"]) == (409, "Idempotency-Key")
    assert world.http.get(f"/api/reporting/replay/{uuid4()}").status_code == 404


@pytest.mark.feature("RPT-1")
def test_entries_delivered_again_change_nothing(world: World) -> None:
    company(world)
    before = world.tables()

    class FromTheBeginning(PostgresFeed):
        def read(self, after: Reached, limit: int) -> list[Record]:
            return super().read({p: place._replace(position=0) for p, place in after.items()}, limit)

    for consumer in world.consumers:
        feed = FromTheBeginning(consumer._feed.source, world.settings.feeds[consumer._feed.source])
        assert Consumer(world.database, feed, consumer._handler, world.settings).step() > 0
        feed.close()

    assert world.tables() == before


@pytest.mark.feature("RPT-1")
def test_a_learner_who_comes_and_goes_within_one_transaction_is_in_the_history_and_never_in_the_report(
    world: World,
) -> None:
    ada, course = world.person(), world.course()
    assignment = world.assignment(course)
    world.tell(world.enrollment, world.assigned(ada, course, assignment), world.unassigned(ada, course, assignment))
    world.settle()

    assert world.rows() == []
    assert world.rows(as_of=world.now()) == []
    world.tell(world.enrollment, world.assigned(ada, course, assignment, term=2))
    world.settle()
    assert [row["term"] for row in world.rows()] == [2]
    assert world.replay()["differences"] == 0


@pytest.mark.feature("RPT-1", "RPT-7")
def test_ten_thousand_assignments_reach_the_report_in_batches(world: World) -> None:
    course = world.course()
    assignment = world.assignment(course)
    world.enrol(*(uuid4() for _ in range(10_000)), offering=course, assignment=assignment)

    world.settle()

    assert world.http.get(f"{MEMBERSHIP}/count").json() == {"total": 10_000}
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    assert world.http.get(f"{MEMBERSHIP}/count", params={"as_of": yesterday}).json() == {"total": 0}
    assert world.replay()["differences"] == 0
