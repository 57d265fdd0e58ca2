"""Due dates: what each rule makes of a learner's facts, which of several dates holds, and dates by hand (DUE-1 to DUE-3, DUE-8)."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from world import World

from shared.contracts import catalog, directory

TODAY = date(2027, 1, 31)


@pytest.fixture
def ann(world: World) -> UUID:
    world.on(TODAY)
    return world.person()


@pytest.fixture
def course(world: World) -> UUID:
    return world.course("Yoga", 2)


def after(kind: str, amount: int = 1, unit: str = "months", **more: object) -> dict[str, object]:
    return {"kind": kind, "amount": amount, "unit": unit, **more}


def on(day: date) -> dict[str, object]:
    return {"kind": "fixed", "on": day.isoformat()}


def due(world: World, person: UUID, offering: UUID) -> str | None:
    (found,) = world.enrollments(person_id=person, offering_id=offering)
    return str(found["due_on"]) if found["due_on"] else None


def counts(world: World, offering: UUID) -> list[tuple[str, dict[str, int]]]:
    items = world.http.get("/api/enrollment/assignments", params={"offering_id": str(offering)}).json()["items"]
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
def test_units_go_by_the_calendar(world: World, course: UUID, ann: UUID, amount: int, unit: str, expected: str) -> None:
    world.settle()
    world.enroll(ann, course, due=after("enrollment", amount, unit))
    assert due(world, ann, course) == expected


@pytest.mark.feature("DUE-1", "DUE-2", "DIR-10", "ASG-17")
def test_a_date_after_the_first_login_is_pending_until_then(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    world.enroll(ann, course, due=after("first-login", 3, "days"))
    assert due(world, ann, course) is None
    assert counts(world, course) == [
        ("3 days after first login", {"active": 1, "date_pending": 1, "held": 0, "refused": 0})
    ]
    world.tell(world.directory, directory.FirstSignedIn, ann, at=datetime(2027, 2, 4, 23, 59, tzinfo=UTC))
    world.settle()
    assert due(world, ann, course) == "2027-02-07"
    assert counts(world, course)[0][1]["date_pending"] == 0


@pytest.mark.feature("DUE-1", "DUE-2")
def test_a_date_after_the_completion_of_another_offering(world: World, course: UUID, ann: UUID) -> None:
    basics = world.course("Basics", 1)
    world.settle()
    world.enroll(ann, course, due=after("completion", 1, "years", offering_id=str(basics)))
    assert due(world, ann, course) is None
    body = {"person_id": str(ann), "offering_id": str(basics), "completed_on": "2026-11-20"}
    assert world.http.post("/api/enrollment/completions", json=body).status_code == 201
    world.settle()
    assert due(world, ann, course) == "2027-11-20"


@pytest.mark.feature("DUE-1", "DUE-2", "DUE-3")
def test_a_date_after_a_field_moves_only_later_and_stays_when_the_field_is_emptied(world: World, course: UUID) -> None:
    world.on(TODAY)
    hired = world.person()
    world.tell(world.directory, directory.PersonDescribed, hired, dates={"hired": date(2027, 2, 1)})
    world.settle()
    id = world.enroll(hired, course, due=after("field", 1, "years", field="hired"))
    for day, expected in ((date(2027, 3, 1), "2028-03-01"), (date(2027, 1, 1), "2028-03-01")):
        world.tell(world.directory, directory.PersonDescribed, hired, dates={"hired": day})
        world.settle()
        assert due(world, hired, course) == expected
    world.tell(world.directory, directory.PersonDescribed, hired, dates={})
    world.settle()
    assert due(world, hired, course) == "2028-03-01"
    (source,) = world.http.get(f"/api/enrollment/enrollments/{id}/sources").json()
    assert (source["due_state"], source["due_text"]) == ("removed", "1 year after the field 'hired'")


@pytest.mark.feature("DUE-1", "DUE-2", "DIR-4")
def test_dates_after_the_position_and_the_job(world: World, ann: UUID) -> None:
    nurse, driver = world.unit("Nurse", kind="position"), world.unit("Driver", kind="position")
    world.job(ann, position=driver, starts=date(2027, 1, 1), position_assigned_on=date(2026, 12, 1))
    world.job(ann, position=nurse, starts=date(2027, 1, 15), position_assigned_on=date(2027, 1, 10))
    by_position, by_job, earliest = (world.course(title) for title in ("Position", "Job", "Earliest"))
    world.settle()
    world.assign(by_position, "position", nurse, due=after("position-assigned"))
    world.assign(by_job, "position", nurse, due=after("job-start"))
    world.enroll(ann, earliest, due=after("job-start"))
    found = [due(world, ann, offering) for offering in (by_position, by_job, earliest)]
    assert found == ["2027-02-10", "2027-02-15", "2027-02-01"]


@pytest.mark.feature("DUE-2")
def test_a_job_that_is_to_come_makes_it_pending_until_it_begins(world: World, course: UUID, ann: UUID) -> None:
    world.job(ann, starts=TODAY + timedelta(days=5))
    world.settle()
    world.enroll(ann, course, due=after("job-start", 1, "weeks"))
    assert (due(world, ann, course), counts(world, course)[0][1]["date_pending"]) == (None, 1)
    world.on(TODAY + timedelta(days=5))
    with world.database.connection() as conn:
        conn.execute("UPDATE timer SET due = now()")
    world.ring()
    world.settle()
    assert due(world, ann, course) == (TODAY + timedelta(days=12)).isoformat()


@pytest.mark.feature("DUE-3")
def test_the_latest_of_several_holds_and_nothing_moves_it_earlier(world: World, course: UUID, ann: UUID) -> None:
    north, audience = world.unit("North"), world.audience(ann)
    world.move(ann, north)
    world.settle()
    world.enroll(ann, course)
    assert due(world, ann, course) is None
    first = world.assign(course, "organisation", north, due=on(TODAY + timedelta(days=30)))
    later = world.assign(course, "audience", audience, due=on(TODAY + timedelta(days=60)))
    assert due(world, ann, course) == "2027-04-01"
    for target, rule in ((first, on(TODAY + timedelta(days=10))), (later, None)):
        answer = world.http.put(f"/api/enrollment/assignments/{target}/due", json={"due": rule})
        assert answer.status_code == 202, answer.text
        world.settle()
    world.remove(later)
    assert due(world, ann, course) == "2027-04-01"
    world.http.put(f"/api/enrollment/assignments/{first}/due", json={"due": on(TODAY + timedelta(days=90))})
    world.settle()
    assert due(world, ann, course) == "2027-05-01"


@pytest.mark.feature("DUE-3", "DUE-8", "ASG-18")
def test_a_date_by_hand_stands_above_the_rules_and_says_who_and_why(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    id = world.enroll(ann, course, due=on(TODAY + timedelta(days=30)))
    address = f"/api/enrollment/enrollments/{id}/due"
    earlier = (TODAY + timedelta(days=7)).isoformat()
    assert world.http.put(address, json={"due_on": earlier}).status_code == 422
    assert world.http.put(address, json={"due_on": earlier, "reason": "the visit is earlier"}).status_code == 200
    (assignment,) = world.http.get("/api/enrollment/assignments").json()["items"]
    rule = {"due": on(TODAY + timedelta(days=300))}
    world.http.put(f"/api/enrollment/assignments/{assignment['id']}/due", json=rule)
    world.settle()
    found = world.show(id)
    assert (found["due_on"], found["due_by_hand"]) == (earlier, True)
    with world.database.connection() as conn:
        row = conn.execute(
            "SELECT e.meta::jsonb ->> 'actor', t.text FROM events e JOIN personal_text t "
            "ON t.id = (convert_from(e.body, 'UTF8')::jsonb -> 'reason' ->> 'id')::uuid WHERE e.type LIKE '%DueDateSet%'"
        ).fetchone()
    assert row == (str(world.administrator), "the visit is earlier")
    learner = world.client(ann)
    assert learner.put(address, json={"due_on": "2028-01-01", "reason": "holidays"}).status_code == 403
    assert world.http.put(address, json={"due_on": "2027-01-30", "reason": "past"}).status_code == 422


@pytest.mark.feature("DUE-3")
def test_after_completion_no_date_changes(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    id = world.enroll(ann, course, due=on(TODAY + timedelta(days=30)))
    world.did(id, "steps/1/complete")
    world.did(id, "steps/2/complete")
    (assignment,) = world.http.get("/api/enrollment/assignments").json()["items"]
    rule = {"due": on(TODAY + timedelta(days=300))}
    world.http.put(f"/api/enrollment/assignments/{assignment['id']}/due", json=rule)
    world.settle()
    assert world.show(id)["due_on"] == "2027-03-02"
    by_hand = {"due_on": "2027-09-09", "reason": "why not"}
    refused = world.http.put(f"/api/enrollment/enrollments/{id}/due", json=by_hand)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:rollbook:problem:completed")


@pytest.mark.feature("DUE-1")
def test_who_joins_later_counts_from_joining_and_who_was_there_from_the_beginning(
    world: World, course: UUID, ann: UUID
) -> None:
    audience = world.audience(ann)
    world.settle()
    id = world.assign(course, "audience", audience, due=after("enrollment", 10, "days"))
    bob = world.person()
    world.join(audience, bob)
    world.settle()
    assert [due(world, person, course) for person in (ann, bob)] == ["2027-02-10", "2027-02-10"]
    world.on(TODAY + timedelta(days=4))
    cid = world.person()
    world.join(audience, cid)
    answer = world.http.put(f"/api/enrollment/assignments/{id}/due", json={"due": after("enrollment", 20, "days")})
    assert answer.status_code == 202
    world.settle()
    assert [due(world, person, course) for person in (ann, bob, cid)] == ["2027-02-20", "2027-02-20", "2027-02-24"]


@pytest.mark.feature("DUE-1")
def test_rules_that_say_too_little_or_too_much_are_refused(world: World, course: UUID, ann: UUID) -> None:
    world.settle()
    body = {"offerings": [str(course)], "people": [str(ann)]}
    for rule in ({"kind": "fixed"}, {"kind": "enrollment", "amount": 3}, {**after("field"), "on": "2027-03-03"}):
        answer = world.http.post("/api/enrollment/assignments", json={**body, "due": rule})
        assert answer.status_code == 422, answer.text
        assert "needs exactly" in answer.text
    assert world.standing(ann, course) == "-"


@pytest.mark.feature("DUE-3")
def test_an_offering_may_choose_the_earliest(world: World, course: UUID, ann: UUID) -> None:
    world.tell(world.catalog, catalog.DueDatesCombined, course, earliest=True)
    audience = world.audience(ann)
    world.settle()
    world.enroll(ann, course, due=on(TODAY + timedelta(days=60)))
    world.assign(course, "audience", audience, due=on(TODAY + timedelta(days=30)))
    assert due(world, ann, course) == "2027-03-02"


@pytest.mark.feature("DUE-3")
def test_a_completion_that_has_expired_keeps_the_due_date_of_its_term(world: World, ann: UUID, course: UUID) -> None:
    staff, crew = world.audience(ann), world.audience(ann, name="Crew")
    world.settle()
    kept, removed = world.assign(course, "audience", staff), world.assign(course, "audience", crew)
    days = {"completed_on": str(TODAY - timedelta(days=10)), "valid_until": str(TODAY - timedelta(days=1))}
    body = {"person_id": str(ann), "offering_id": str(course), **days}
    assert world.http.post("/api/enrollment/completions", json=body).status_code == 201
    rule = {"due": on(TODAY + timedelta(days=60))}
    assert world.http.put(f"/api/enrollment/assignments/{kept}/due", json=rule).status_code == 202
    world.remove(removed)
    (found,) = world.enrollments(person_id=ann)
    assert (found["status"], found["assignments"], found["due_on"]) == ("certification-expired", [str(kept)], None)
