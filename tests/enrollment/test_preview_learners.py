"""Who is behind each number of a preview; and the numbers add up (ASG-9)."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from enrollment.client import MANAGER
from enrollment.harness import Harness

pytestmark = pytest.mark.feature("ASG-9")

WHAT = ("enrolled", "added", "held", "excluded")
NUMBERS = ("enrolled", "source_added", "held_by_exceptions", "excluded")
TODAY = datetime.now(UTC).date()


def who(harness: Harness, preview: dict[str, object], what: str, **query: object) -> list[UUID]:
    """Those behind a number, from all pages."""
    address, found, cursor = f"/api/enrollment/previews/{preview['id']}/learners", [], None
    while True:
        answer = harness.http.get(address, params={"what": what, **query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found += [UUID(one["person_id"]) for one in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            return found


def adds_up(harness: Harness, preview: dict[str, object]) -> bool:
    """Each number is that of the list behind it, nobody is in two, and together they are the people."""
    lists = [who(harness, preview, what) for what in WHAT]
    assert [len(one) for one in lists] == [preview[name] for name in NUMBERS]
    everybody = [person for one in lists for person in one]
    return len(everybody) == len(set(everybody)) == preview["people"]


def test_a_preview_tells_who_is_enrolled_who_is_already_and_who_is_held(harness: Harness) -> None:
    course = harness.course("First aid")
    of_it: dict[str, object] = {"kind": "course", "title": "First aid", "course_id": course}
    nurse, carer = harness.certification("Nurse", of_it), harness.certification("Carer", of_it)
    ann, bo, cy, dee, eve = harness.people(5)
    audience = harness.audience(ann, bo, cy, dee)
    harness.settle()
    harness.enroll(ann, nurse)
    harness.enroll(bo, carer)
    harness.enroll(eve, nurse)
    preview = harness.preview(nurse, ("audience", audience, False))
    assert adds_up(harness, preview)
    assert who(harness, preview, "added") == [ann]
    assert who(harness, preview, "held") == [bo]
    assert set(who(harness, preview, "enrolled")) == {cy, dee}
    assert who(harness, preview, "withdrawn") == []


def test_who_is_enrolled_by_one_target_and_held_for_another_is_counted_once(harness: Harness) -> None:
    course, ann, bo = harness.course(minimum_minutes=60), harness.person(), harness.person()
    nurse, driver = harness.unit("Nurse", kind="position"), harness.unit("Driver", kind="position")
    harness.job(ann, position=nurse, position_assigned_on=TODAY)
    harness.job(ann, position=driver)
    harness.job(bo, position=driver)
    harness.settle()
    due = {"kind": "position-assigned", "amount": 90, "unit": "days"}
    preview = harness.preview(course, ("position", nurse, False), ("position", driver, False), due=due)
    assert adds_up(harness, preview)
    assert (who(harness, preview, "enrolled"), who(harness, preview, "held")) == ([ann], [bo])


@pytest.mark.feature("ASG-7", "TRG-2")
def test_who_was_kept_away_earlier_is_listed_as_excluded(harness: Harness) -> None:
    course, ann, bo = harness.course(), harness.person(), harness.person()
    audience = harness.audience(bo)
    trigger = harness.trigger("Joins", {"kind": "audience", "target_id": str(audience)}, offering_id=course)
    harness.join(audience, ann)
    harness.settle()
    (assignment,) = harness.http.get("/api/enrollment/assignments", params={"offering_id": str(course)}).json()["items"]
    harness.http.post(f"/api/enrollment/assignments/{assignment['id']}/exclusions", json={"person_id": str(ann)})
    harness.settle()
    asked = {"action": "apply-trigger", "trigger_id": trigger}
    preview = harness.http.post("/api/enrollment/previews", json=asked).json()
    assert adds_up(harness, preview)
    assert (who(harness, preview, "enrolled"), who(harness, preview, "excluded")) == ([bo], [ann])


@pytest.mark.feature("ASG-7", "ASG-8")
def test_a_removal_tells_who_is_withdrawn_and_who_stays(harness: Harness) -> None:
    course, (ann, bo, cy) = harness.course(), harness.people(3)
    audience = harness.audience(ann, bo, cy)
    harness.settle()
    assignment = harness.assign(course, "audience", audience)
    harness.enroll(ann, course)
    asked = {"action": "remove", "assignment_ids": [str(assignment)]}
    preview = harness.http.post("/api/enrollment/previews", json=asked).json()
    assert set(who(harness, preview, "withdrawn")) == {bo, cy}
    assert who(harness, preview, "staying") == [ann]
    assert (preview["people"], preview["withdrawn"], preview["source_removed"]) == (3, 2, 1)


@pytest.mark.feature("ASG-8")
def test_a_preview_says_what_is_to_be_done_and_to_how_many_assignments(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    first, second = harness.audience(ann, name="First"), harness.audience(ann, name="Second")
    harness.settle()
    made = harness.preview(course, ("audience", first, False), ("audience", second, False))
    again = harness.http.get(f"/api/enrollment/previews/{made['id']}").json()
    assert again == made
    assert (made["action"], made["assignments"]) == ("assign", 2)
    one, other = harness.assign(course, "audience", first), harness.assign(course, "audience", second)
    asked = {"action": "remove", "assignment_ids": [str(one), str(other)]}
    removal = harness.http.post("/api/enrollment/previews", json=asked).json()
    assert (removal["action"], removal["assignments"]) == ("remove", 2)


@pytest.mark.feature("ASG-2", "ASG-17")
def test_which_of_several_targets_are_assigned_already_is_one_question(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    first, second, third = (harness.audience(ann, name=name) for name in ("First", "Second", "Third"))
    harness.settle()
    for audience in (first, third):
        harness.assign(course, "audience", audience)
    asked = {"offering_id": str(course), "target_id": [str(first), str(second)]}
    (found,) = harness.http.get("/api/enrollment/assignments", params=asked).json()["items"]
    assert found["target_id"] == str(first)


def test_the_list_has_pages(harness: Harness) -> None:
    course, people = harness.course(), harness.people(5)
    audience = harness.audience(*people)
    harness.settle()
    preview = harness.preview(course, ("audience", audience, False))
    assert who(harness, preview, "enrolled", limit=2) == sorted(people)
    answer = harness.http.get(f"/api/enrollment/previews/{preview['id']}/learners?what=everybody")
    assert (answer.status_code, answer.json()["field"]) == (422, "query.what")


@pytest.mark.feature("SEC-2")
def test_only_whoever_asked_for_a_preview_sees_its_learners_and_only_those_of_their_organisations(
    harness: Harness,
) -> None:
    course, north, south = harness.course(), harness.unit("North"), harness.unit("South")
    ann, moving = harness.people(2, north)
    harness.settle()
    local = harness.client(uuid4(), (MANAGER, north))
    asked = {
        "action": "assign",
        "offering_id": str(course),
        "targets": [{"type": "organisation", "target_id": str(north)}],
    }
    preview = local.post("/api/enrollment/previews", json=asked).json()
    address = f"/api/enrollment/previews/{preview['id']}/learners?what=enrolled"
    assert {one["person_id"] for one in local.get(address).json()["items"]} == {str(ann), str(moving)}
    harness.move(moving, south)
    harness.settle()
    assert [one["person_id"] for one in local.get(address).json()["items"]] == [str(ann)]
    assert harness.http.get(address).status_code == 404
    assert harness.client(ann).get(address).status_code == 403
