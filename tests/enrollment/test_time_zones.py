"""A due date is a calendar day in the learner's time zone, that of the home organisation (DUE-1, DUE-4, DIR-7)."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from enrollment.harness import Harness

from services.enrollment.application.evaluation.evaluate import evaluate
from shared.contracts import directory

MOMENT = datetime(2027, 1, 31, 20, 0, tzinfo=UTC)
"""1 February, 9:00, in Auckland; 31 January, 12:00, in Los Angeles."""


class Offices:
    """Auckland and Los Angeles below Head, which says nothing; Harbour below Auckland says nothing either. One person in each."""

    def __init__(self, harness: Harness) -> None:
        harness.on(MOMENT)
        self.head = harness.unit("Head")
        self.auckland, self.angeles = harness.unit("Auckland", self.head), harness.unit("Los Angeles", self.head)
        self.harbour = harness.unit("Harbour", self.auckland)
        harness.profile(self.auckland, time_zone="Pacific/Auckland")
        harness.profile(self.angeles, time_zone="America/Los_Angeles")
        homes = (self.auckland, self.harbour, self.angeles, self.head)
        self.people = [harness.person(home) for home in homes]


@pytest.fixture
def offices(harness: Harness) -> Offices:
    return Offices(harness)


def after(kind: str, amount: int = 1, unit: str = "months", **more: object) -> dict[str, object]:
    return {"kind": kind, "amount": amount, "unit": unit, **more}


def on(day: date) -> dict[str, object]:
    return {"kind": "fixed", "on": day.isoformat()}


def dues(harness: Harness, offering: UUID, *people: UUID) -> list[object]:
    known = {e["person_id"]: e["due_on"] for e in harness.enrollments(offering_id=offering)}
    return [known[str(person)] for person in people]


def statuses(harness: Harness, offering: UUID, *people: UUID) -> list[object]:
    known = {e["person_id"]: e["status"] for e in harness.enrollments(offering_id=offering)}
    return [known[str(person)] for person in people]


def sources(harness: Harness, person: UUID, offering: UUID) -> list[tuple[object, object]]:
    (found,) = harness.enrollments(person_id=person, offering_id=offering)
    listed = harness.http.get(f"/api/enrollment/enrollments/{found['id']}/sources").json()
    return [(one["since"], one["due_on"]) for one in listed]


@pytest.mark.feature("DUE-1", "DIR-7")
def test_one_moment_is_another_enrollment_date_in_another_zone(harness: Harness, offices: Offices) -> None:
    course = harness.course("Yoga", 2)
    harness.settle()
    harness.assign(course, "organisation", offices.head, below=True, due=after("enrollment"))
    assert dues(harness, course, *offices.people) == ["2027-03-01", "2027-03-01", "2027-02-28", "2027-02-28"]
    found = [sources(harness, person, course)[0] for person in offices.people]
    assert found == [
        ("2027-02-01", "2027-03-01"),
        ("2027-02-01", "2027-03-01"),
        ("2027-01-31", "2027-02-28"),
        ("2027-01-31", "2027-02-28"),
    ]


@pytest.mark.feature("DUE-1", "DUE-2", "DIR-10")
def test_the_first_login_counts_as_the_day_that_it_was_there(harness: Harness, offices: Offices) -> None:
    course = harness.course("Yoga", 2)
    harness.settle()
    for person in offices.people:
        harness.enroll(person, course, due=after("first-login", 3, "days"))
    assert dues(harness, course, *offices.people) == [None] * 4
    for person in offices.people:
        harness.tell(harness.directory, directory.FirstSignedIn, person, at=datetime(2027, 2, 4, 23, 59, tzinfo=UTC))
    harness.settle()
    assert dues(harness, course, *offices.people) == ["2027-02-08", "2027-02-08", "2027-02-07", "2027-02-07"]


@pytest.mark.feature("DUE-1", "DUE-2")
def test_a_completion_counts_as_the_day_that_it_was_there_and_one_that_is_known_by_its_day_as_that_day(
    harness: Harness,
) -> None:
    """These two zones never have the same day."""
    zones = ("Pacific/Kiritimati", "Etc/GMT+12")
    homes = [harness.unit(zone) for zone in zones]
    for home, zone in zip(homes, zones, strict=True):
        harness.profile(home, time_zone=zone)
    people = [harness.person(home) for home in homes]
    basics, recorded, course, other = (harness.course(title, 1) for title in ("Basics", "Recorded", "Course", "Other"))
    harness.settle()
    for person in people:
        harness.enroll(person, course, due=after("completion", 10, "days", offering_id=str(basics)))
        harness.enroll(person, other, due=after("completion", 10, "days", offering_id=str(recorded)))
        harness.did(harness.enroll(person, basics), "steps/1/complete")
        body = {"person_id": str(person), "offering_id": str(recorded), "completed_on": "2026-11-20"}
        assert harness.http.post("/api/enrollment/completions", json=body).status_code == 201
    harness.settle()
    done = {e["person_id"]: str(e["completed_at"]) for e in harness.enrollments(offering_id=basics)}
    days = [
        datetime.fromisoformat(done[str(person)]).astimezone(ZoneInfo(zone)).date() + timedelta(days=10)
        for person, zone in zip(people, zones, strict=True)
    ]
    assert days[0] != days[1]
    assert dues(harness, course, *people) == [str(day) for day in days]
    assert dues(harness, other, *people) == ["2026-11-30", "2026-11-30"]


@pytest.mark.feature("DUE-1")
def test_a_rule_that_comes_later_counts_from_the_day_there_on_which_the_learner_came(harness: Harness) -> None:
    course, zones = harness.course("Yoga", 1), ("Pacific/Kiritimati", "Etc/GMT+12")
    homes = [harness.unit(zone) for zone in zones]
    for home, zone in zip(homes, zones, strict=True):
        harness.profile(home, time_zone=zone)
    people, expected = [harness.person(home) for home in homes], []
    harness.settle()
    for person, zone in zip(people, zones, strict=True):
        (source,) = harness.http.get(f"/api/enrollment/enrollments/{harness.enroll(person, course)}/assignments").json()
        came = datetime.fromisoformat(source["created_at"]).astimezone(ZoneInfo(zone)).date()
        expected.append(str(came + timedelta(days=30)))
        body = {"due": after("enrollment", 30, "days")}
        address = f"/api/enrollment/assignments/{source['assignment_id']}/due"
        assert harness.http.put(address, json=body).status_code == 202
    harness.settle()
    assert expected[0] != expected[1]
    assert dues(harness, course, *people) == expected


@pytest.mark.feature("DUE-1", "DUE-4")
def test_a_day_ends_when_it_ends_there(harness: Harness, offices: Offices) -> None:
    """On 1 February 15 hours are left in Auckland, 28 in UTC and 36 in Los Angeles."""
    course = harness.course("Welding", 1, minimum_minutes=15 * 60)
    longer = harness.course("Long welding", 1, minimum_minutes=15 * 60 + 1)
    longest = harness.course("Longest welding", 1, minimum_minutes=28 * 60 + 1)
    never = harness.course("Endless welding", 1, minimum_minutes=36 * 60 + 1)
    harness.settle()
    rule = on(date(2027, 2, 1))
    warned = []
    for offering in (course, longer, longest, never):
        warned.append(len(harness.preview(offering, ("organisation", offices.head, True), due=rule)["warnings"]))  # type: ignore[arg-type]
        harness.assign(offering, "organisation", offices.head, below=True, due=rule)
    fine, held = "not-started", "held"
    assert statuses(harness, course, *offices.people) == [fine, fine, fine, fine]
    assert statuses(harness, longer, *offices.people) == [held, held, fine, fine]
    assert statuses(harness, longest, *offices.people) == [held, held, fine, held]
    assert statuses(harness, never, *offices.people) == [held, held, held, held]
    assert warned == [0, 0, 0, 1]


@pytest.mark.feature("DUE-1", "DUE-4")
@pytest.mark.parametrize(("day", "hours"), [(date(2027, 3, 14), 23), (date(2027, 11, 7), 25), (date(2027, 6, 1), 24)])
def test_a_day_is_as_long_as_the_clocks_make_it(harness: Harness, offices: Offices, day: date, hours: int) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/Los_Angeles"))
    person = offices.people[2]
    just, over = (harness.course(str(more), 1, minimum_minutes=hours * 60 + more) for more in (0, 1))
    harness.on(midnight.astimezone(UTC))
    harness.settle()
    for course in (just, over):
        harness.enroll(person, course, due=on(day))
    assert [statuses(harness, course, person) for course in (just, over)] == [["not-started"], ["held"]]


@pytest.mark.feature("DUE-6")
def test_a_realistic_date_and_the_enrollment_date_of_what_waited_are_days_there(
    harness: Harness, offices: Offices
) -> None:
    course = harness.course("Welding", 1, minimum_minutes=24 * 60)
    harness.settle()
    rule = harness.assign(course, "organisation", offices.head, below=True, due=after("enrollment", 0, "days"))
    people = [offices.people[0], offices.people[2]]
    assert statuses(harness, course, *people) == ["held", "held"]
    assert [sources(harness, person, course)[0][0] for person in people] == ["2027-02-01", "2027-01-31"]
    held = harness.enrollments(offering_id=course)
    assert {UUID(str(one["person_id"])) for one in held} == set(offices.people)
    for one in held:
        harness.did(str(one["id"]), "exception", resolution="realistic-date")
    assert dues(harness, course, *people) == ["2027-02-09", "2027-02-08"]
    harness.on(MOMENT + timedelta(days=3))
    body = {"due": after("enrollment", 30, "days")}
    assert harness.http.put(f"/api/enrollment/assignments/{rule}/due", json=body).status_code == 202
    harness.settle()
    assert dues(harness, course, *people) == ["2027-03-03", "2027-03-02"]


@pytest.mark.feature("DUE-8")
def test_a_date_by_hand_is_today_there_at_the_earliest(harness: Harness, offices: Offices) -> None:
    course = harness.course("Yoga", 2)
    harness.settle()
    for person, yesterday, today in (
        (offices.people[0], "2027-01-31", "2027-02-01"),
        (offices.people[2], "2027-01-30", "2027-01-31"),
    ):
        address = f"/api/enrollment/enrollments/{harness.enroll(person, course)}/due"
        answers = [harness.http.put(address, json={"due_on": d, "reason": "so"}) for d in (yesterday, today)]
        assert [answer.status_code for answer in answers] == [422, 200]
        assert today in answers[0].json()["detail"]


@pytest.mark.feature("DUE-1", "DIR-7")
def test_another_zone_of_the_organisation_counts_from_then_on(harness: Harness, offices: Offices) -> None:
    before, later = harness.course("Before"), harness.course("After")
    harness.settle()
    person = offices.people[1]
    harness.enroll(person, before, due=after("enrollment", 1, "days"))
    harness.profile(offices.harbour, time_zone="America/New_York")
    harness.settle()
    harness.enroll(person, later, due=after("enrollment", 1, "days"))
    assert [dues(harness, course, person) for course in (before, later)] == [["2027-02-02"], ["2027-02-01"]]


@pytest.mark.feature("DUE-1")
def test_a_zone_that_is_not_known_here_is_as_if_it_were_not_set(harness: Harness, offices: Offices) -> None:
    course = harness.course()
    harness.profile(offices.harbour, time_zone="Mars/Olympus_Mons")
    harness.settle()
    harness.enroll(offices.people[1], course, due=after("enrollment", 1, "days"))
    assert dues(harness, course, offices.people[1]) == ["2027-02-02"]


@pytest.mark.feature("DUE-1", "ASG-22")
def test_zones_are_judged_apart_only_where_something_is_due(harness: Harness, offices: Offices) -> None:
    undated, dated = harness.course("Undated"), harness.course("Dated")
    harness.settle()
    for offering, more in ((undated, {}), (dated, {"due": on(date(2027, 5, 1))})):
        preview = harness.preview(offering, ("organisation", offices.head, True), **more)
        assert harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").status_code == 202
    with harness.database.connection() as conn:
        found = [len(evaluate(conn, offices.people, offering).verdicts) for offering in (undated, dated)]
    assert found == [1, 3]
