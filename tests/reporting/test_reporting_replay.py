"""Replay: what is live follows from the events, and the comparison says so with a number."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from reporting.harness import MEMBERSHIP, Harness

from services.reporting.main import replay
from shared.consumer import Consumer
from shared.contracts import enrollment
from shared.feeds import Checkpoints, Record
from shared.feeds.postgres import PostgresFeed


def company(harness: Harness, size: int = 20) -> tuple[list[UUID], UUID, UUID]:
    """A bit of everything that the read models hold."""
    home = harness.unit("Company")
    people, course = [harness.person(f"P{n} Family", home) for n in range(size)], harness.course()
    assignment = harness.assignment(course, "audience", harness.audience("Drivers"))
    harness.enrol(*people, offering=course, assignment=assignment)
    harness.tell(harness.enrollment, *(harness.about(enrollment.TrainingBegun, p, course, term=1) for p in people[:5]))
    harness.tell(harness.enrollment, *(harness.unassigned(p, course, assignment) for p in people[10:]))
    harness.profile(people[0], "Renamed Family")
    pool = harness.key_pool("Pool", course, home)
    harness.redeemed(harness.key(pool), pool, people[0], course, uuid4())
    harness.requested(people[0], course)
    harness.settle()
    return people, course, assignment


@pytest.mark.feature("AUD-2")
def test_a_rebuild_of_every_read_model_differs_in_nothing(harness: Harness) -> None:
    company(harness)

    comparison = harness.replay()

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
        "learner_exception": (0, 0),
        "result": (0, 0),
        "joining": (0, 0),
        "pool": (1, 1),
        "training_key": (3, 3),
        "redemption": (1, 1),
        "request": (1, 1),
    }
    assert f"enrollment:{harness.enrollment.max_notification_id()}" in comparison["positions"]


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
    harness: Harness, tampering: str, table: str, differences: int
) -> None:
    company(harness)
    harness.execute(tampering)

    comparison = harness.replay()

    assert comparison["differences"] == differences
    assert [t["table"] for t in comparison["tables"] if t["differences"]] == [table]


@pytest.mark.feature("AUD-2")
def test_a_swap_repairs_the_live_read_models_and_the_consumers_go_on_from_there(harness: Harness) -> None:
    people, course, assignment = company(harness)
    right = harness.tables()
    harness.execute("DELETE FROM membership")
    harness.execute("UPDATE person SET home_organisation = NULL")

    swapped = harness.replay(swap=True)

    assert swapped["differences"] > 0
    assert swapped["swapped"] is True
    assert harness.tables() == right
    assert harness.replay()["differences"] == 0
    harness.enrol(people[15], offering=course, assignment=assignment)
    harness.settle()
    assert people[15] in harness.people()
    assert harness.replay()["differences"] == 0


@pytest.mark.feature("AUD-2")
def test_a_swap_keeps_the_names_of_tables_and_indexes_so_that_later_migrations_find_them(harness: Harness) -> None:
    company(harness, 12)
    query = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
    with harness.database.connection() as conn:
        before = conn.execute(query).fetchall()

    harness.replay(swap=True)

    with harness.database.connection() as conn:
        assert conn.execute(query).fetchall() == before
        assert conn.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'rebuild'").fetchone() == (0,)


@pytest.mark.feature("AUD-2")
def test_live_read_models_that_lag_behind_their_sources_are_compared_where_they_stand(harness: Harness) -> None:
    people, course, assignment = company(harness)
    harness.enrol(people[12], offering=course, assignment=assignment)
    harness.profile(people[1], "Later Name")
    harness.person("New Comer")

    assert harness.replay()["differences"] == 0


@pytest.mark.feature("AUD-2")
def test_events_that_arrive_during_a_replay_make_no_difference(harness: Harness) -> None:
    people, course, assignment = company(harness)
    seen: list[int] = []

    def meanwhile(taken: int) -> None:
        seen.append(taken)
        harness.enrol(people[9 + len(seen) % 10 + 1], offering=uuid4(), assignment=assignment)
        harness.profile(people[len(seen)], f"Changed{len(seen)} Family")
        harness.tell(
            harness.enrollment,
            harness.about(
                enrollment.EnrollmentCompleted, people[0], course, term=1, version=None, completed_at=datetime.now(UTC)
            ),
        )
        harness.settle()

    comparison = replay(harness.settings, progress=meanwhile)

    assert seen
    assert comparison.differences == 0
    assert f"enrollment:{harness.enrollment.max_notification_id()}" in comparison.positions


@pytest.mark.feature("AUD-2")
def test_only_who_may_operate_the_whole_suite_may_replay(harness: Harness) -> None:
    for role, organisation in (("auditor", None), ("site-administrator", uuid4())):
        headers = harness.signed_in((role, organisation))
        refused = harness.http.post("/api/reporting/replay", json={"swap": True}, headers=headers)
        assert (refused.status_code, refused.json()["permission"]) == (403, "operate")
        assert harness.http.get(f"/api/reporting/replay/{uuid4()}", headers=headers).status_code == 403


@pytest.mark.feature("AUD-2")
def test_the_same_replay_asked_for_twice_is_one_job_and_its_key_means_nothing_else(harness: Harness) -> None:
    key = {"Idempotency-Key": "audit-2026"}

    first = harness.http.post("/api/reporting/replay", json={}, headers=key)
    again = harness.http.post("/api/reporting/replay", json={}, headers=key)
    other = harness.http.post("/api/reporting/replay", json={"swap": True}, headers=key)

    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, other.json()["field"]) == (409, "Idempotency-Key")
    assert harness.http.get(f"/api/reporting/replay/{uuid4()}").status_code == 404


@pytest.mark.feature("RPT-1")
def test_entries_delivered_again_change_nothing(harness: Harness) -> None:
    company(harness)
    before = harness.tables()

    class FromTheBeginning(PostgresFeed):
        def read(self, after: Checkpoints, limit: int) -> list[Record]:
            return super().read({p: place._replace(position=0) for p, place in after.items()}, limit)

    for consumer in harness.consumers:
        feed = FromTheBeginning(consumer._feed.source, harness.settings.feeds[consumer._feed.source])
        assert Consumer(harness.database, feed, consumer._handler, harness.settings).step() > 0
        feed.close()

    assert harness.tables() == before


@pytest.mark.feature("RPT-1")
def test_a_learner_who_comes_and_goes_within_one_transaction_is_in_the_history_and_never_in_the_report(
    harness: Harness,
) -> None:
    ada, course = harness.person(), harness.course()
    assignment = harness.assignment(course)
    harness.tell(
        harness.enrollment, harness.assigned(ada, course, assignment), harness.unassigned(ada, course, assignment)
    )
    harness.settle()

    assert harness.rows() == []
    assert harness.rows(as_of=harness.now()) == []
    harness.tell(harness.enrollment, harness.assigned(ada, course, assignment, term=2))
    harness.settle()
    assert [row["term"] for row in harness.rows()] == [2]
    assert harness.replay()["differences"] == 0


@pytest.mark.feature("RPT-1", "RPT-7")
def test_ten_thousand_assignments_reach_the_report_in_batches(harness: Harness) -> None:
    course = harness.course()
    assignment = harness.assignment(course)
    harness.enrol(*(uuid4() for _ in range(10_000)), offering=course, assignment=assignment)

    harness.settle()

    assert harness.http.get(f"{MEMBERSHIP}/count").json() == {"total": 10_000}
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    assert harness.http.get(f"{MEMBERSHIP}/count", params={"as_of": yesterday}).json() == {"total": 0}
    assert harness.replay()["differences"] == 0
