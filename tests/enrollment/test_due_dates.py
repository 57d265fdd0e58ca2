"""Due dates: what each rule makes of a learner's facts, which of several dates holds, and dates by hand (DUE-1 to DUE-3, DUE-8)."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from enrollment.harness import Harness

from shared.contracts import catalog, directory

TODAY = date(2027, 1, 31)


@pytest.fixture
def ann(harness: Harness) -> UUID:
    harness.on(TODAY)
    return harness.person()


@pytest.fixture
def course(harness: Harness) -> UUID:
    return harness.course("Yoga", 2)


def after(kind: str, amount: int = 1, unit: str = "months", **more: object) -> dict[str, object]:
    return {"kind": kind, "amount": amount, "unit": unit, **more}


def on(day: date) -> dict[str, object]:
    return {"kind": "fixed", "on": day.isoformat()}


def due(harness: Harness, person: UUID, offering: UUID) -> str | None:
    (found,) = harness.enrollments(person_id=person, offering_id=offering)
    return str(found["due_on"]) if found["due_on"] else None


def counts(harness: Harness, offering: UUID) -> list[tuple[str, dict[str, int]]]:
    items = harness.http.get("/api/enrollment/assignments", params={"offering_id": str(offering)}).json()["items"]
    return [(item["due"], item["counts"]) for item in items]


@pytest.mark.feature("DUE-1")
@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        (10, "days", "2027-02-10"),
        (2, "weeks", "2027-02-14"),
        (1, "months", "2027-02-28"),
        (13, "months", "2028-02-29"),
        (1, "years", "2028-01-31"),
    ],
)
def test_units_go_by_the_calendar(
    harness: Harness, course: UUID, ann: UUID, amount: int, unit: str, expected: str
) -> None:
    harness.settle()
    harness.enroll(ann, course, due=after("enrollment", amount, unit))
    assert due(harness, ann, course) == expected


@pytest.mark.feature("DUE-1", "DUE-2", "DIR-10", "ASG-17")
def test_a_date_after_the_first_login_is_pending_until_then(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.settle()
    harness.enroll(ann, course, due=after("first-login", 3, "days"))
    assert due(harness, ann, course) is None
    assert counts(harness, course) == [
        ("3 days after first login", {"active": 1, "date_pending": 1, "held": 0, "refused": 0})
    ]
    harness.tell(harness.directory, directory.FirstSignedIn, ann, at=datetime(2027, 2, 4, 23, 59, tzinfo=UTC))
    harness.settle()
    assert due(harness, ann, course) == "2027-02-07"
    assert counts(harness, course)[0][1]["date_pending"] == 0


@pytest.mark.feature("DUE-1", "DUE-2")
def test_a_date_after_the_completion_of_another_offering(harness: Harness, course: UUID, ann: UUID) -> None:
    basics = harness.course("Basics", 1)
    harness.settle()
    harness.enroll(ann, course, due=after("completion", 1, "years", offering_id=str(basics)))
    assert due(harness, ann, course) is None
    body = {"person_id": str(ann), "offering_id": str(basics), "completed_on": "2026-11-20"}
    assert harness.http.post("/api/enrollment/completions", json=body).status_code == 201
    harness.settle()
    assert due(harness, ann, course) == "2027-11-20"


@pytest.mark.feature("DUE-1", "DUE-2", "DUE-3")
def test_a_date_after_a_field_moves_only_later_and_stays_when_the_field_is_emptied(
    harness: Harness, course: UUID
) -> None:
    harness.on(TODAY)
    hired = harness.person()
    harness.tell(harness.directory, directory.PersonDescribed, hired, dates={"hired": date(2027, 2, 1)})
    harness.settle()
    id = harness.enroll(hired, course, due=after("field", 1, "years", field="hired"))
    for day, expected in ((date(2027, 3, 1), "2028-03-01"), (date(2027, 1, 1), "2028-03-01")):
        harness.tell(harness.directory, directory.PersonDescribed, hired, dates={"hired": day})
        harness.settle()
        assert due(harness, hired, course) == expected
    harness.tell(harness.directory, directory.PersonDescribed, hired, dates={})
    harness.settle()
    assert due(harness, hired, course) == "2028-03-01"
    (source,) = harness.http.get(f"/api/enrollment/enrollments/{id}/sources").json()
    assert (source["due_state"], source["due_text"]) == ("removed", "1 year after the field 'hired'")


@pytest.mark.feature("DUE-1", "DUE-2", "DIR-4")
def test_dates_after_the_position_and_the_job(harness: Harness, ann: UUID) -> None:
    nurse, driver = harness.unit("Nurse", kind="position"), harness.unit("Driver", kind="position")
    harness.job(ann, position=driver, starts=date(2027, 1, 1), position_assigned_on=date(2026, 12, 1))
    harness.job(ann, position=nurse, starts=date(2027, 1, 15), position_assigned_on=date(2027, 1, 10))
    by_position, by_job, earliest = (harness.course(title) for title in ("Position", "Job", "Earliest"))
    harness.settle()
    harness.assign(by_position, "position", nurse, due=after("position-assigned"))
    harness.assign(by_job, "position", nurse, due=after("job-start"))
    harness.enroll(ann, earliest, due=after("job-start"))
    found = [due(harness, ann, offering) for offering in (by_position, by_job, earliest)]
    assert found == ["2027-02-10", "2027-02-15", "2027-02-01"]


@pytest.mark.feature("DUE-2")
def test_a_job_that_is_to_come_makes_it_pending_until_it_begins(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.job(ann, starts=TODAY + timedelta(days=5))
    harness.settle()
    harness.enroll(ann, course, due=after("job-start", 1, "weeks"))
    assert (due(harness, ann, course), counts(harness, course)[0][1]["date_pending"]) == (None, 1)
    harness.on(TODAY + timedelta(days=5))
    with harness.database.connection() as conn:
        conn.execute("UPDATE timer SET due = now()")
    harness.ring()
    harness.settle()
    assert due(harness, ann, course) == (TODAY + timedelta(days=12)).isoformat()


@pytest.mark.feature("DUE-3")
def test_the_latest_of_several_holds_and_nothing_moves_it_earlier(harness: Harness, course: UUID, ann: UUID) -> None:
    north, audience = harness.unit("North"), harness.audience(ann)
    harness.move(ann, north)
    harness.settle()
    harness.enroll(ann, course)
    assert due(harness, ann, course) is None
    first = harness.assign(course, "organisation", north, due=on(TODAY + timedelta(days=30)))
    later = harness.assign(course, "audience", audience, due=on(TODAY + timedelta(days=60)))
    assert due(harness, ann, course) == "2027-04-01"
    for target, rule in ((first, on(TODAY + timedelta(days=10))), (later, None)):
        answer = harness.http.put(f"/api/enrollment/assignments/{target}/due", json={"due": rule})
        assert answer.status_code == 202, answer.text
        harness.settle()
    harness.remove(later)
    assert due(harness, ann, course) == "2027-04-01"
    harness.http.put(f"/api/enrollment/assignments/{first}/due", json={"due": on(TODAY + timedelta(days=90))})
    harness.settle()
    assert due(harness, ann, course) == "2027-05-01"


@pytest.mark.feature("DUE-3", "DUE-8", "ASG-18")
def test_a_date_by_hand_stands_above_the_rules_and_says_who_and_why(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.settle()
    id = harness.enroll(ann, course, due=on(TODAY + timedelta(days=30)))
    address = f"/api/enrollment/enrollments/{id}/due"
    earlier = (TODAY + timedelta(days=7)).isoformat()
    assert harness.http.put(address, json={"due_on": earlier}).status_code == 422
    assert harness.http.put(address, json={"due_on": earlier, "reason": "the visit is earlier"}).status_code == 200
    (assignment,) = harness.http.get("/api/enrollment/assignments").json()["items"]
    rule = {"due": on(TODAY + timedelta(days=300))}
    harness.http.put(f"/api/enrollment/assignments/{assignment['id']}/due", json=rule)
    harness.settle()
    found = harness.show(id)
    assert (found["due_on"], found["due_by_hand"]) == (earlier, True)
    with harness.database.connection() as conn:
        row = conn.execute(
            "SELECT e.meta::jsonb ->> 'actor', t.text FROM events e JOIN personal_text t "
            "ON t.id = (convert_from(e.body, 'UTF8')::jsonb -> 'reason' ->> 'id')::uuid WHERE e.type LIKE '%DueDateSet%'"
        ).fetchone()
    assert row == (str(harness.administrator), "the visit is earlier")
    learner = harness.client(ann)
    assert learner.put(address, json={"due_on": "2028-01-01", "reason": "holidays"}).status_code == 403
    assert harness.http.put(address, json={"due_on": "2027-01-30", "reason": "past"}).status_code == 422


@pytest.mark.feature("DUE-3")
def test_after_completion_no_date_changes(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.settle()
    id = harness.enroll(ann, course, due=on(TODAY + timedelta(days=30)))
    harness.did(id, "steps/1/complete")
    harness.did(id, "steps/2/complete")
    (assignment,) = harness.http.get("/api/enrollment/assignments").json()["items"]
    rule = {"due": on(TODAY + timedelta(days=300))}
    harness.http.put(f"/api/enrollment/assignments/{assignment['id']}/due", json=rule)
    harness.settle()
    assert harness.show(id)["due_on"] == "2027-03-02"
    by_hand = {"due_on": "2027-09-09", "reason": "why not"}
    refused = harness.http.put(f"/api/enrollment/enrollments/{id}/due", json=by_hand)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:rollbook:problem:completed")


@pytest.mark.feature("DUE-1")
def test_who_joins_later_counts_from_joining_and_who_was_there_from_the_beginning(
    harness: Harness, course: UUID, ann: UUID
) -> None:
    audience = harness.audience(ann)
    harness.settle()
    id = harness.assign(course, "audience", audience, due=after("enrollment", 10, "days"))
    bob = harness.person()
    harness.join(audience, bob)
    harness.settle()
    assert [due(harness, person, course) for person in (ann, bob)] == ["2027-02-10", "2027-02-10"]
    harness.on(TODAY + timedelta(days=4))
    cid = harness.person()
    harness.join(audience, cid)
    answer = harness.http.put(f"/api/enrollment/assignments/{id}/due", json={"due": after("enrollment", 20, "days")})
    assert answer.status_code == 202
    harness.settle()
    assert [due(harness, person, course) for person in (ann, bob, cid)] == ["2027-02-20", "2027-02-20", "2027-02-24"]


@pytest.mark.feature("DUE-1")
def test_rules_that_say_too_little_or_too_much_are_refused(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.settle()
    body = {"offerings": [str(course)], "people": [str(ann)]}
    for rule in ({"kind": "fixed"}, {"kind": "enrollment", "amount": 3}, {**after("field"), "on": "2027-03-03"}):
        answer = harness.http.post("/api/enrollment/assignments", json={**body, "due": rule})
        assert answer.status_code == 422, answer.text
        assert "needs exactly" in answer.text
    assert harness.standing(ann, course) == "-"


@pytest.mark.feature("DUE-3")
def test_an_offering_may_choose_the_earliest(harness: Harness, course: UUID, ann: UUID) -> None:
    harness.tell(harness.catalog, catalog.DueDatesCombined, course, earliest=True)
    audience = harness.audience(ann)
    harness.settle()
    harness.enroll(ann, course, due=on(TODAY + timedelta(days=60)))
    harness.assign(course, "audience", audience, due=on(TODAY + timedelta(days=30)))
    assert due(harness, ann, course) == "2027-03-02"


@pytest.mark.feature("DUE-3")
def test_a_completion_that_has_expired_keeps_the_due_date_of_its_term(
    harness: Harness, ann: UUID, course: UUID
) -> None:
    staff, crew = harness.audience(ann), harness.audience(ann, name="Crew")
    harness.settle()
    kept, removed = harness.assign(course, "audience", staff), harness.assign(course, "audience", crew)
    days = {"completed_on": str(TODAY - timedelta(days=10)), "valid_until": str(TODAY - timedelta(days=1))}
    body = {"person_id": str(ann), "offering_id": str(course), **days}
    assert harness.http.post("/api/enrollment/completions", json=body).status_code == 201
    rule = {"due": on(TODAY + timedelta(days=60))}
    assert harness.http.put(f"/api/enrollment/assignments/{kept}/due", json=rule).status_code == 202
    harness.remove(removed)
    (found,) = harness.enrollments(person_id=ann)
    assert (found["status"], found["assignments"], found["due_on"]) == ("certification-expired", [str(kept)], None)
