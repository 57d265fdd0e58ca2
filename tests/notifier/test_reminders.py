"""Learners are reminded of due dates, which move with the date (DUE-8, NTF-1), through events and a real mail server."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from mailroom import doubled, enrollment_of
from office import Office, OpenOffice, recipients, text_of
from postmaster import Postmaster

from shared.contracts import directory, enrollment
from shared.events import TextRef

pytestmark = pytest.mark.feature("DUE-8", "NTF-1")


def today() -> date:
    return datetime.now(UTC).date()


def in_days(days: int) -> date:
    return today() + timedelta(days=days)


@pytest.fixture
def desk(opening: OpenOffice) -> Office:
    """Reminders a week before and a day after."""
    return opening(reminder_days=(-7, 1))


def enrol(office: Office, due_on: date | None, *, home: UUID | None = None, **more: Any) -> tuple[UUID, UUID]:
    """Somebody who was enrolled a month ago with that due date, to an offering whose other e-mails are off."""
    course, ann = office.course("Welding"), office.person(f"{uuid4().hex[:6]}@example.org", home)
    office.switch(course)
    fields = {"person_id": ann, "offering_id": course, "assignment_id": uuid4(), "term": 1, "due_on": due_on}
    office.tell("enrollment", (enrollment.LearnerAssigned, enrollment_of(ann, course), {**fields, **more}))
    long_ago(office)
    return course, ann


def long_ago(office: Office) -> None:
    """All dates so far were set a month ago, and reminders were there before."""
    with office.sources["enrollment"].database.connection() as conn:
        conn.execute("UPDATE events SET recorded_at = recorded_at - interval '30 days'")
    with office.database.connection() as conn:
        conn.execute("UPDATE ledger_start SET reminders_since = now() - interval '1 year'")


def move(office: Office, course: UUID, ann: UUID, due_on: date, **more: Any) -> None:
    """By hand: who and why is in the event."""
    fields = {"person_id": ann, "offering_id": course, "term": 1, "due_on": due_on, "by": "hand"}
    reason = TextRef(id=uuid4(), digest="0" * 64)
    office.tell("enrollment", (enrollment.DueDateSet, enrollment_of(ann, course), {**fields, "reason": reason, **more}))


def about(office: Office, course: UUID, ann: UUID, kind: Any, **more: Any) -> None:
    fields = {"person_id": ann, "offering_id": course, "term": 1, **more}
    office.tell("enrollment", (kind, enrollment_of(ann, course), fields))


def execute(office: Office, statement: str, *values: object) -> None:
    with office.database.connection() as conn:
        conn.execute(statement.encode(), list(values))


def reminded(office: Office) -> list[tuple[str, str]]:
    """Template and state of each reminder, oldest first."""
    office.settle()
    rows = [row for row in office.rows() if row["template"] in ("due-soon", "overdue")]
    return [(row["template"], row["state"]) for row in reversed(rows)]


def test_the_learner_is_reminded_before_and_told_when_it_is_overdue(desk: Office) -> None:
    enrol(desk, in_days(6))
    enrol(desk, in_days(-2), due_at="17:00")
    with Postmaster() as server:
        desk.send(server)
    said = {letter["Subject"]: text_of(server, n) for n, letter in enumerate(server.letters)}
    soon, late = in_days(6), in_days(-2)
    assert set(said) == {
        f"Welding is due on {soon.day} {soon:%B %Y}",
        f"Welding was due on {late.day} {late:%B %Y} at 17:00",
    }
    assert "you have not completed it yet" in said[f"Welding was due on {late.day} {late:%B %Y} at 17:00"]
    assert doubled(server.accepted) == set()


@pytest.mark.parametrize("days", [7 + 1, -1, -6])
def test_nobody_is_reminded_too_early_or_long_after(desk: Office, days: int) -> None:
    """Due in eight days: the week has not begun. Yesterday: overdue for less than a day. Six days ago: too late to say it."""
    enrol(desk, in_days(days))
    assert reminded(desk) == []


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
def test_who_has_nothing_left_to_do_is_not_reminded(desk: Office, done: tuple[Any, dict[str, Any]]) -> None:
    course, ann = enrol(desk, in_days(30))
    move(desk, course, ann, in_days(6))
    about(desk, course, ann, done[0], **done[1])
    long_ago(desk)
    assert reminded(desk) == []


def test_a_completion_that_is_taken_back_is_due_again(desk: Office) -> None:
    course, ann = enrol(desk, in_days(-2))
    about(
        desk, course, ann, enrollment.EnrollmentCompleted, version=None, completed_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    why = TextRef(id=uuid4(), digest="0" * 64)
    about(desk, course, ann, enrollment.CompletionTakenBack, steps=(), reason=why)
    assert reminded(desk) == [("overdue", "waiting")]


def test_a_moved_date_takes_its_reminders_along_and_the_waiting_one_is_withdrawn(desk: Office) -> None:
    course, ann = enrol(desk, in_days(6))
    assert reminded(desk) == [("due-soon", "waiting")]
    move(desk, course, ann, in_days(20))
    with Postmaster() as server:
        desk.send(server)
    assert (recipients(server), reminded(desk)) == ([], [("due-soon", "withdrawn")])

    move(desk, course, ann, in_days(5))
    assert reminded(desk) == [("due-soon", "withdrawn")]  # the date was nearer than a week already when it was set
    long_ago(desk)
    execute(desk, "UPDATE due_fact SET set_at = set_at - interval '30 days'")
    assert reminded(desk) == [("due-soon", "withdrawn"), ("due-soon", "waiting")]
    with Postmaster() as server:
        desk.send(server)
    assert len(server.letters) == 1


def test_due_soon_is_not_sent_once_it_is_overdue(desk: Office) -> None:
    enrol(desk, in_days(6))
    assert reminded(desk) == [("due-soon", "waiting")]
    past = in_days(-1)
    execute(desk, "UPDATE due_fact SET due_on = %s", past)
    execute(desk, "UPDATE ledger SET due_on = %s WHERE due_days IS NOT NULL", past)
    with Postmaster() as server:
        desk.send(server)
    assert (recipients(server), reminded(desk)) == ([], [("due-soon", "withdrawn")])


def test_the_day_ends_where_the_learner_is(desk: Office) -> None:
    """Before noon in UTC somebody in the far west has more time than it seems there, after noon somebody in the far east less."""
    early = datetime.now(UTC).hour < 12
    zone, days = ("Etc/GMT+12", -2) if early else ("Pacific/Kiritimati", -1)
    top = desk.unit()
    below = desk.unit(top)
    profile = {"access_days": None, "anonymous_registration": None, "key_field": None}
    desk.tell("directory", (directory.OrganisationProfiled, top, {**profile, "time_zone": zone}))
    desk.tell("directory", (directory.OrganisationProfiled, below, {**profile, "time_zone": None}))
    enrol(desk, in_days(days), home=below)
    assert reminded(desk) == ([] if early else [("overdue", "waiting")])
    desk.tell("directory", (directory.OrganisationProfiled, below, {**profile, "time_zone": "UTC"}))
    assert reminded(desk) == [("overdue", "waiting")]


def test_one_date_and_one_offset_are_one_email_ever(desk: Office) -> None:
    enrol(desk, in_days(6))
    with Postmaster() as server:
        desk.send(server)
        execute(desk, "TRUNCATE enrollment_fact, due_fact, zone_fact, person_fact, unit_fact, profile, high_water")
        desk.send(server)
        assert len(server.letters) == 1


def test_nobody_is_told_of_what_was_due_before_reminders_were_there(desk: Office) -> None:
    enrol(desk, in_days(-2))
    execute(desk, "UPDATE ledger_start SET reminders_since = now()")
    assert reminded(desk) == []


def test_without_days_nobody_is_reminded_and_several_are_several(opening: OpenOffice) -> None:
    silent = opening(reminder_days=())
    enrol(silent, in_days(-2))
    assert reminded(silent) == []
    talkative = opening(reminder_days=(-30, -8, 1, 2), reminder_late_days=400)
    enrol(talkative, in_days(-3))
    assert sorted(reminded(talkative)) == [("overdue", "waiting")] * 2


def test_a_crowd_with_one_date_is_reminded_in_parts(desk: Office) -> None:
    course, crowd = desk.course(), desk.people(5_500)
    fields = {"offering_id": course, "assignment_id": uuid4(), "term": 1, "due_on": in_days(6)}
    desk.tell(
        "enrollment",
        *[(enrollment.LearnerAssigned, enrollment_of(one, course), {**fields, "person_id": one}) for one in crowd],
    )
    long_ago(desk)
    desk.settle()
    with desk.database.connection() as conn:
        row = conn.execute(
            "SELECT count(*), count(DISTINCT person_id) FROM ledger WHERE template = 'due-soon'"
        ).fetchone()
    assert row == (5_500, 5_500)


@pytest.mark.feature("OPS-8")
def test_a_reminder_that_cannot_be_written_is_set_aside_and_the_others_go_out(desk: Office) -> None:
    (_, bad), (_, good) = enrol(desk, in_days(6)), enrol(desk, in_days(6))
    execute(desk, f"ALTER TABLE ledger ADD CONSTRAINT poison CHECK (person_id <> '{bad}' OR template <> 'due-soon')")
    assert reminded(desk) == [("due-soon", "waiting")]
    (letter,) = desk.http.get("/api/notifier/letters").json()["items"]
    assert (letter["source"], letter["type"]) == ("notifier reminders", "enrollment")
    execute(desk, "ALTER TABLE ledger DROP CONSTRAINT poison")
    assert reminded(desk) == [("due-soon", "waiting")]
    again = desk.http.post(f"/api/notifier/letters/notifier reminders/{letter['key']}/retry")
    assert again.json() == {"entries": 1}
    assert reminded(desk) == [("due-soon", "waiting")] * 2
    assert {row["person_id"] for row in desk.rows()} == {str(bad), str(good)}
