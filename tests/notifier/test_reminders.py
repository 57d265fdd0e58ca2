"""Learners are reminded of due dates, which move with the date (DUE-8, NTF-1), through events and a real mail server."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from notifier.builders import enrollment_of
from notifier.fake_smtp import FakeSmtpServer, recipients, text_of
from notifier.harness import Harness, OpenHarness, doubled

from shared.contracts import directory, enrollment
from shared.events import TextRef

pytestmark = pytest.mark.feature("DUE-8", "NTF-1")


def today() -> date:
    return datetime.now(UTC).date()


def in_days(days: int) -> date:
    return today() + timedelta(days=days)


@pytest.fixture
def harness(open_harness: OpenHarness) -> Harness:
    """Reminders a week before and a day after."""
    return open_harness(reminder_days=(-7, 1))


def enrol(harness: Harness, due_on: date | None, *, home: UUID | None = None, **more: Any) -> tuple[UUID, UUID]:
    """Somebody who was enrolled a month ago with that due date, to an offering whose other e-mails are off."""
    course, ann = harness.course("Welding"), harness.person(f"{uuid4().hex[:6]}@example.org", home)
    harness.switch(course)
    fields = {"person_id": ann, "offering_id": course, "assignment_id": uuid4(), "term": 1, "due_on": due_on}
    harness.tell("enrollment", (enrollment.LearnerAssigned, enrollment_of(ann, course), {**fields, **more}))
    long_ago(harness)
    return course, ann


def long_ago(harness: Harness) -> None:
    """All dates so far were set a month ago, and reminders were there before."""
    with harness.sources["enrollment"].database.connection() as conn:
        conn.execute("UPDATE events SET recorded_at = recorded_at - interval '30 days'")
    with harness.database.connection() as conn:
        conn.execute("UPDATE ledger_start SET reminders_since = now() - interval '1 year'")


def move(harness: Harness, course: UUID, ann: UUID, due_on: date, **more: Any) -> None:
    """By hand: who and why is in the event."""
    fields = {"person_id": ann, "offering_id": course, "term": 1, "due_on": due_on, "by": "hand"}
    reason = TextRef(id=uuid4(), digest="0" * 64)
    harness.tell(
        "enrollment", (enrollment.DueDateSet, enrollment_of(ann, course), {**fields, "reason": reason, **more})
    )


def about(harness: Harness, course: UUID, ann: UUID, kind: Any, **more: Any) -> None:
    fields = {"person_id": ann, "offering_id": course, "term": 1, **more}
    harness.tell("enrollment", (kind, enrollment_of(ann, course), fields))


def execute(harness: Harness, statement: str, *values: object) -> None:
    with harness.database.connection() as conn:
        conn.execute(statement.encode(), list(values))


def reminded(harness: Harness) -> list[tuple[str, str]]:
    """Template and state of each reminder, oldest first."""
    harness.settle()
    rows = [row for row in harness.rows() if row["template"] in ("due-soon", "overdue")]
    return [(row["template"], row["state"]) for row in reversed(rows)]


def test_the_learner_is_reminded_before_and_told_when_it_is_overdue(harness: Harness) -> None:
    enrol(harness, in_days(6))
    enrol(harness, in_days(-2), due_at="17:00")
    with FakeSmtpServer() as server:
        harness.send(server)
    said = {letter["Subject"]: text_of(server, n) for n, letter in enumerate(server.letters)}
    soon, late = in_days(6), in_days(-2)
    assert set(said) == {
        f"Welding is due on {soon.day} {soon:%B %Y}",
        f"Welding was due on {late.day} {late:%B %Y} at 17:00",
    }
    assert "you have not completed it yet" in said[f"Welding was due on {late.day} {late:%B %Y} at 17:00"]
    assert doubled(server.accepted) == set()


@pytest.mark.parametrize("days", [7 + 1, -1, -6])
def test_nobody_is_reminded_too_early_or_long_after(harness: Harness, days: int) -> None:
    """Due in eight days: the week has not begun. Yesterday: overdue for less than a day. Six days ago: too late to say it."""
    enrol(harness, in_days(days))
    assert reminded(harness) == []


@pytest.mark.parametrize(
    "done",
    [
        (enrollment.EnrollmentCompleted, {"version": None, "completed_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        (enrollment.CompletionSubmitted, {"version": None}),
        (enrollment.LearnerWithdrawn, {}),
        (enrollment.EnrollmentCancelled, {}),
        (enrollment.AccessExpired, {}),
    ],
)
def test_who_has_nothing_left_to_do_is_not_reminded(harness: Harness, done: tuple[Any, dict[str, Any]]) -> None:
    course, ann = enrol(harness, in_days(30))
    move(harness, course, ann, in_days(6))
    about(harness, course, ann, done[0], **done[1])
    long_ago(harness)
    assert reminded(harness) == []


def test_a_completion_that_is_taken_back_is_due_again(harness: Harness) -> None:
    course, ann = enrol(harness, in_days(-2))
    about(
        harness,
        course,
        ann,
        enrollment.EnrollmentCompleted,
        version=None,
        completed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    why = TextRef(id=uuid4(), digest="0" * 64)
    about(harness, course, ann, enrollment.CompletionTakenBack, steps=(), reason=why)
    assert reminded(harness) == [("overdue", "waiting")]


def test_a_moved_date_takes_its_reminders_along_and_the_waiting_one_is_withdrawn(harness: Harness) -> None:
    course, ann = enrol(harness, in_days(6))
    assert reminded(harness) == [("due-soon", "waiting")]
    move(harness, course, ann, in_days(20))
    with FakeSmtpServer() as server:
        harness.send(server)
    assert (recipients(server), reminded(harness)) == ([], [("due-soon", "withdrawn")])

    move(harness, course, ann, in_days(5))
    assert reminded(harness) == [("due-soon", "withdrawn")]  # the date was nearer than a week already when it was set
    long_ago(harness)
    execute(harness, "UPDATE due_fact SET set_at = set_at - interval '30 days'")
    assert reminded(harness) == [("due-soon", "withdrawn"), ("due-soon", "waiting")]
    with FakeSmtpServer() as server:
        harness.send(server)
    assert len(server.letters) == 1


def test_due_soon_is_not_sent_once_it_is_overdue(harness: Harness) -> None:
    enrol(harness, in_days(6))
    assert reminded(harness) == [("due-soon", "waiting")]
    past = in_days(-1)
    execute(harness, "UPDATE due_fact SET due_on = %s", past)
    execute(harness, "UPDATE ledger SET due_on = %s WHERE due_days IS NOT NULL", past)
    with FakeSmtpServer() as server:
        harness.send(server)
    assert (recipients(server), reminded(harness)) == ([], [("due-soon", "withdrawn")])


def test_the_day_ends_where_the_learner_is(harness: Harness) -> None:
    """Before noon in UTC somebody in the far west has more time than it seems there, after noon somebody in the far east less."""
    early = datetime.now(UTC).hour < 12
    zone, days = ("Etc/GMT+12", -2) if early else ("Pacific/Kiritimati", -1)
    top = harness.unit()
    below = harness.unit(top)
    profile = {"access_days": None, "anonymous_registration": None, "key_field": None}
    harness.tell("directory", (directory.OrganisationProfiled, top, {**profile, "time_zone": zone}))
    harness.tell("directory", (directory.OrganisationProfiled, below, {**profile, "time_zone": None}))
    enrol(harness, in_days(days), home=below)
    assert reminded(harness) == ([] if early else [("overdue", "waiting")])
    harness.tell("directory", (directory.OrganisationProfiled, below, {**profile, "time_zone": "UTC"}))
    assert reminded(harness) == [("overdue", "waiting")]


def test_one_date_and_one_offset_are_one_email_ever(harness: Harness) -> None:
    enrol(harness, in_days(6))
    with FakeSmtpServer() as server:
        harness.send(server)
        execute(harness, "TRUNCATE enrollment_fact, due_fact, zone_fact, person_fact, unit_fact, profile, high_water")
        harness.send(server)
        assert len(server.letters) == 1


def test_nobody_is_told_of_what_was_due_before_reminders_were_there(harness: Harness) -> None:
    enrol(harness, in_days(-2))
    execute(harness, "UPDATE ledger_start SET reminders_since = now()")
    assert reminded(harness) == []


def test_without_days_nobody_is_reminded_and_several_are_several(open_harness: OpenHarness) -> None:
    silent = open_harness(reminder_days=())
    enrol(silent, in_days(-2))
    assert reminded(silent) == []
    talkative = open_harness(reminder_days=(-30, -8, 1, 2), reminder_late_days=400)
    enrol(talkative, in_days(-3))
    assert sorted(reminded(talkative)) == [("overdue", "waiting")] * 2


def test_a_crowd_with_one_date_is_reminded_in_parts(harness: Harness) -> None:
    course, crowd = harness.course(), harness.people(5_500)
    fields = {"offering_id": course, "assignment_id": uuid4(), "term": 1, "due_on": in_days(6)}
    harness.tell(
        "enrollment",
        *[(enrollment.LearnerAssigned, enrollment_of(one, course), {**fields, "person_id": one}) for one in crowd],
    )
    long_ago(harness)
    harness.settle()
    with harness.database.connection() as conn:
        row = conn.execute(
            "SELECT count(*), count(DISTINCT person_id) FROM ledger WHERE template = 'due-soon'"
        ).fetchone()
    assert row == (5_500, 5_500)


@pytest.mark.feature("OPS-8")
def test_a_reminder_that_cannot_be_written_is_set_aside_and_the_others_go_out(harness: Harness) -> None:
    (_, bad), (_, good) = enrol(harness, in_days(6)), enrol(harness, in_days(6))
    execute(harness, f"ALTER TABLE ledger ADD CONSTRAINT poison CHECK (person_id <> '{bad}' OR template <> 'due-soon')")
    assert reminded(harness) == [("due-soon", "waiting")]
    (letter,) = harness.http.get("/api/notifier/letters").json()["items"]
    assert (letter["source"], letter["type"]) == ("notifier reminders", "enrollment")
    execute(harness, "ALTER TABLE ledger DROP CONSTRAINT poison")
    assert reminded(harness) == [("due-soon", "waiting")]
    again = harness.http.post(f"/api/notifier/letters/notifier reminders/{letter['key']}/retry")
    assert again.json() == {"entries": 1}
    assert reminded(harness) == [("due-soon", "waiting")] * 2
    assert {row["person_id"] for row in harness.rows()} == {str(bad), str(good)}
