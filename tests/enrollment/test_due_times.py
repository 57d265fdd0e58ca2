"""Due dates with a time of day, by the learner's clock (DUE-1, DUE-3, DUE-4, DUE-8)."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from enrollment.harness import Harness

from shared.contracts import catalog

MOMENT = datetime(2027, 1, 31, 20, 0, tzinfo=UTC)
"""1 February, 9:00, in Auckland."""


@pytest.fixture
def home(harness: Harness) -> UUID:
    harness.on(MOMENT)
    unit = harness.unit("Auckland")
    harness.profile(unit, time_zone="Pacific/Auckland")
    return unit


@pytest.fixture
def ann(harness: Harness, home: UUID) -> UUID:
    return harness.person(home)


def on(day: str, time: str | None = None) -> dict[str, object]:
    return {"kind": "fixed", "on": day, **({"time": time} if time else {})}


def due(harness: Harness, person: UUID, offering: UUID) -> tuple[object, object]:
    (found,) = harness.enrollments(person_id=person, offering_id=offering)
    return found["due_on"], found["due_at"]


def listed(harness: Harness, offering: UUID) -> list[object]:
    found = harness.http.get("/api/enrollment/assignments", params={"offering_id": str(offering)}).json()["items"]
    return [one["due"] for one in found]


@pytest.mark.feature("DUE-1", "ASG-17")
def test_a_time_of_day_is_shown_wherever_the_date_is(harness: Harness, home: UUID, ann: UUID) -> None:
    fixed, relative = harness.course("Fixed", 2), harness.course("Relative", 2)
    harness.settle()
    id = harness.enroll(ann, fixed, due=on("2027-03-01", "17:00"))
    rule = {"kind": "enrollment", "amount": 1, "unit": "weeks", "time": "09:30"}
    harness.assign(relative, "organisation", home, due=rule)
    assert [due(harness, ann, offering) for offering in (fixed, relative)] == [
        ("2027-03-01", "17:00"),
        ("2027-02-08", "09:30"),
    ]
    assert (listed(harness, fixed), listed(harness, relative)) == (
        ["2027-03-01 at 17:00"],
        ["1 week after enrollment, at 09:30"],
    )
    (source,) = harness.client(ann).get(f"/api/enrollment/enrollments/{id}/sources").json()
    assert (source["due_on"], source["due_at"], source["due_text"]) == ("2027-03-01", "17:00", "2027-03-01 at 17:00")
    assert source["due"] == {"kind": "fixed", "on": "2027-03-01", "time": "17:00"}
    own = harness.client(ann).get(f"/api/enrollment/offerings/{relative}/standing").json()
    assert (own["due_on"], own["due_at"]) == ("2027-02-08", "09:30")
    body = {"name": "Evening", "allow_enrol": True, "due": on("2027-04-01", "20:15")}
    harness.http.post(f"/api/enrollment/offerings/{fixed}/groups", json=body)
    (choice,) = harness.client(ann).get(f"/api/enrollment/offerings/{fixed}/groups").json()
    assert (choice["due"], choice["due_text"]) == (body["due"], "2027-04-01 at 20:15")


@pytest.mark.feature("DUE-3")
@pytest.mark.parametrize("earliest", [False, True])
def test_of_several_on_one_day_the_time_decides_and_the_end_of_the_day_is_the_latest(
    harness: Harness, ann: UUID, earliest: bool
) -> None:
    course = harness.course("Yoga", 2)
    harness.tell(harness.catalog, catalog.DueDatesCombined, course, earliest=earliest)
    audiences = [harness.audience(ann, name=f"Audience {n}") for n in range(4)]
    harness.settle()
    seen = []
    for audience, time in zip(audiences, ("12:00", "09:00", "17:30", None), strict=True):
        harness.assign(course, "audience", audience, due=on("2027-03-01", time))
        seen.append(due(harness, ann, course)[1])
    assert seen == (["12:00", "09:00", "09:00", "09:00"] if earliest else ["12:00", "12:00", "17:30", None])
    assert due(harness, ann, course)[0] == "2027-03-01"
    before = len(harness.told())
    harness.move(ann, None)
    harness.settle()
    assert len(harness.told()) == before


@pytest.mark.feature("DUE-3")
def test_an_edited_rule_moves_the_time_later_and_never_back(harness: Harness, ann: UUID) -> None:
    course = harness.course("Yoga", 2)
    harness.settle()
    harness.enroll(ann, course, due=on("2027-03-01", "12:00"))
    (assignment,) = harness.http.get("/api/enrollment/assignments").json()["items"]
    seen = []
    for time in ("08:00", "18:00", None, "20:00"):
        answer = harness.http.put(
            f"/api/enrollment/assignments/{assignment['id']}/due", json={"due": on("2027-03-01", time)}
        )
        assert answer.status_code == 202, answer.text
        harness.settle()
        seen.append(due(harness, ann, course))
    assert seen == [("2027-03-01", "12:00"), ("2027-03-01", "18:00"), ("2027-03-01", None), ("2027-03-01", None)]


@pytest.mark.feature("DUE-4")
def test_the_time_that_is_left_ends_at_that_time_there(harness: Harness, home: UUID, ann: UUID) -> None:
    """It is 9:00 there: eight hours are left until 17:00."""
    just, over = (harness.course(title, 1, minimum_minutes=m) for title, m in (("Just", 480), ("Over", 481)))
    harness.settle()
    warnings = [
        harness.preview(course, ("organisation", home, False), due=on("2027-02-01", "04:00"))["warnings"]
        for course in (just, over)
    ]
    assert warnings == [
        [],
        ["The due date 2027-02-01 04:00 leaves less than the minimum time of 481 minutes, so everybody will be held."],
    ]
    for course in (just, over):
        harness.enroll(ann, course, due=on("2027-02-01", "17:00"))
    assert [harness.standing(ann, course) for course in (just, over)] == ["not-started", "held"]
    assert due(harness, ann, just) == ("2027-02-01", "17:00")
    rule = {"kind": "enrollment", "amount": 0, "unit": "days", "time": "08:00"}
    preview = harness.preview(over, ("organisation", home, False), due=rule)
    assert preview["warnings"] == [
        "0 days after enrollment, at 08:00 is less than the minimum time of 481 minutes, so everybody will be held."
    ]


@pytest.mark.feature("DUE-8")
def test_a_date_by_hand_may_have_a_time_that_is_to_come_there(harness: Harness, ann: UUID) -> None:
    course = harness.course("Yoga", 2)
    harness.settle()
    id = harness.enroll(ann, course)
    address = f"/api/enrollment/enrollments/{id}/due"
    told = [
        harness.http.put(address, json={"due_on": "2027-02-01", "due_at": time, "reason": "visit"})
        for time in ("09:00", "24:00", "9:30", "09:01")
    ]
    assert [answer.status_code for answer in told] == [422, 422, 422, 200]
    assert "it is 2027-02-01 09:00" in told[0].json()["detail"]
    assert due(harness, ann, course) == ("2027-02-01", "09:01")
    assert harness.http.put(address, json={"due_on": "2027-02-01", "reason": "later"}).status_code == 200
    assert due(harness, ann, course) == ("2027-02-01", None)


@pytest.mark.feature("DUE-1")
def test_the_next_term_begins_without_the_old_time(harness: Harness, ann: UUID) -> None:
    course = harness.course("Yoga", 2)
    audience = harness.audience(ann)
    harness.settle()
    first = harness.assign(course, "audience", audience, due=on("2027-03-01", "12:00"))
    harness.remove(first)
    harness.enroll(ann, course, due=on("2027-04-01"))
    assert due(harness, ann, course) == ("2027-04-01", None)


@pytest.mark.feature("DUE-1")
@pytest.mark.parametrize("time", ["24:00", "9:00", "09:60", "09:00:00", "noon"])
def test_what_is_no_time_of_day_is_refused(harness: Harness, ann: UUID, time: str) -> None:
    course = harness.course("Yoga", 2)
    harness.settle()
    body = {"offerings": [str(course)], "people": [str(ann)], "due": on("2027-03-01", time)}
    assert harness.http.post("/api/enrollment/assignments", json=body).status_code == 422
    assert harness.standing(ann, course) == "-"
