"""Qualifications: assigned like any offering, earned by completing all of their items (CAT-9, CAT-11, CAT-12)."""

from datetime import date
from uuid import UUID, uuid4

import pytest
from world import World

from shared.contracts import catalog

BADGE = {"certificate": "Fitter", "badge": "Fitter"}


@pytest.fixture
def ann(world: World) -> UUID:
    return world.person()


def complete(world: World, person: UUID, course: UUID) -> str:
    """Assign a course of one part, and complete it."""
    id = world.enroll(person, course)
    world.did(id, "steps/1/complete", world.client(person))
    world.settle()
    return id


def items(world: World, id: str, person: UUID) -> list[tuple[str, bool]]:
    answer = world.client(person).get(f"/api/enrollment/enrollments/{id}/items")
    assert answer.status_code == 200, answer.text
    return [(item["title"], item["done"]) for item in answer.json()]


def warnings(world: World, offering: UUID, **params: object) -> list[tuple[str, str, int]]:
    answer = world.http.get(
        f"/api/enrollment/offerings/{offering}/item-warnings", params={key: str(value) for key, value in params.items()}
    )
    assert answer.status_code == 200, answer.text
    return [(one["title"], one["reason"], one["learners"]) for one in answer.json()]


@pytest.mark.feature("CAT-9")
def test_it_enrols_nobody_on_its_items_and_is_earned_with_the_last_of_them(world: World, ann: UUID) -> None:
    first, second = world.course("First", 1), world.course("Second", 1)
    fitter = world.qualification("Fitter", first, second, **BADGE)
    world.settle()
    id = world.enroll(ann, fitter)
    shown = world.show(id)
    assert (shown["status"], shown["next_action"]) == ("not-started", None)
    assert [e["offering_id"] for e in world.enrollments(person_id=ann)] == [str(fitter)]
    complete(world, ann, first)
    assert world.show(id)["status"] == "not-started"
    assert items(world, id, ann) == [("First", True), ("Second", False)]
    complete(world, ann, second)
    earned = world.show(id)
    assert (earned["status"], earned["next_action"]) == ("completed", "download-certificate")
    assert items(world, id, ann) == [("First", True), ("Second", True)]
    assert world.told(of=[fitter]).count("EnrollmentCompleted") == 1


@pytest.mark.feature("CAT-9")
@pytest.mark.parametrize("way", ["individual", "audience", "self"])
def test_who_has_completed_the_items_before_earns_it_at_once_by_whatever_way(world: World, ann: UUID, way: str) -> None:
    course = world.course("First", 1)
    fitter = world.qualification("Fitter", course)
    world.tell(world.catalog, catalog.LearnerAccessChosen, fitter, access="self-enrollment")
    audience = world.audience(ann)
    world.settle()
    complete(world, ann, course)
    (enrollment,) = world.enrollments(person_id=ann, offering_id=course)
    world.remove(UUID(enrollment["assignments"][0]))  # type: ignore[index]
    assert world.standing(ann, course) == "withdrawn"
    if way == "individual":
        world.enroll(ann, fitter)
    elif way == "audience":
        world.assign(fitter, "audience", audience)
    else:
        assert world.client(ann).post(f"/api/enrollment/offerings/{fitter}/enrol").status_code == 201
    world.settle()
    assert world.standing(ann, fitter) == "completed"


@pytest.mark.feature("CAT-9")
def test_when_its_items_change_everybody_on_it_is_looked_at_again(world: World, ann: UUID) -> None:
    first, second, bob = world.course("First", 1), world.course("Second", 1), world.person()
    fitter = world.qualification("Fitter", first, second)
    world.settle()
    for person in (ann, bob):
        world.enroll(person, fitter)
    complete(world, ann, first)
    told = {"code": "F", "title": "Fitter", "description": "", "certificate": None, "badge": None, "price": None}
    world.tell(world.catalog, catalog.QualificationDescribed, fitter, items=(first,), **told)
    world.settle()
    assert (world.standing(ann, fitter), world.standing(bob, fitter)) == ("completed", "not-started")
    world.tell(world.catalog, catalog.QualificationDescribed, fitter, items=(first, second), **told)
    world.settle()
    assert world.standing(ann, fitter) == "completed"


@pytest.mark.feature("CAT-9", "ENR-12")
def test_a_completion_counts_as_long_as_it_holds(world: World, ann: UUID) -> None:
    course = world.course("First", 1)
    fitter = world.qualification("Fitter", course)
    world.settle()
    body = {"person_id": str(ann), "offering_id": str(course), "completed_on": "2020-01-01"}
    assert world.http.post("/api/enrollment/completions", json={**body, "valid_until": "2021-01-01"}).is_success
    world.settle()
    id = world.enroll(ann, fitter)
    assert (world.standing(ann, fitter), items(world, id, ann)) == ("not-started", [("First", False)])
    assert world.http.post("/api/enrollment/completions", json={**body, "completed_on": str(date.today())}).is_success
    world.settle()
    assert world.standing(ann, fitter) == "completed"


@pytest.mark.feature("CAT-9", "CAT-8", "ENR-2")
def test_with_a_price_it_is_earned_once_it_is_paid(world: World, ann: UUID) -> None:
    course = world.course("First", 1)
    fitter = world.qualification("Fitter", course, price={"amount": "5.00", "currency": "EUR"})
    world.settle()
    complete(world, ann, course)
    id = world.enroll(ann, fitter)
    assert (world.show(id)["status"], world.show(id)["next_action"]) == ("awaiting-payment", "purchase")
    world.did(id, "paid", reason="Invoice 7")
    world.settle()
    assert world.show(id)["status"] == "completed"


@pytest.mark.feature("CAT-9", "CAT-12")
def test_where_completions_are_reviewed_it_waits_for_the_administrator(world: World, ann: UUID) -> None:
    course = world.course("First", 1)
    fitter = world.qualification("Fitter", course)
    world.tell(world.catalog, catalog.CompletionReviewSwitched, fitter, review=True)
    world.settle()
    id = world.enroll(ann, fitter)
    complete(world, ann, course)
    assert world.show(id)["status"] == "pending-approval"
    world.did(id, "reject", reason="Show me the papers")
    world.settle()
    assert world.show(id)["returned_because"] == "Show me the papers"
    assert world.show(id)["status"] == "not-started"


@pytest.mark.feature("CAT-9")
def test_there_is_nothing_to_begin_in_a_qualification(world: World, ann: UUID) -> None:
    fitter = world.qualification("Fitter", world.course("First", 1))
    world.settle()
    id = world.enroll(ann, fitter)
    assert world.refused(id, "begin", world.client(ann)) == "qualification"
    assert world.refused(id, "steps/1/complete", world.client(ann)) == "no-steps"


@pytest.mark.feature("CAT-11")
def test_items_that_learners_do_not_see_are_named_with_the_reason_and_how_many(world: World, ann: UUID) -> None:
    bob, members = world.person(), world.audience()
    seen, old, hidden, limited = (world.course(title, 1) for title in ("Seen", "Old", "Hidden", "Limited"))
    draft = world.certification("Draft", published=False)
    world.tell(world.catalog, catalog.LearnerAccessChosen, hidden, access="hidden")
    world.tell(world.catalog, catalog.VisibilityChosen, limited, audiences=(members,))
    fitter = world.qualification("Fitter", seen, old, draft, hidden, limited)
    world.settle()
    world.enroll(ann, hidden)
    world.enroll(ann, fitter)
    world.enroll(bob, fitter)
    world.tell(world.catalog, catalog.OfferingDeactivated, old)
    world.join(members, bob)
    world.settle()
    assert warnings(world, fitter) == [
        ("Old", "inactive", 2),
        ("Draft", "unpublished", 2),
        ("Hidden", "hidden", 1),
        ("Limited", "outside-audiences", 1),
    ]
    (own,) = world.enrollments(person_id=bob, offering_id=fitter)
    assert warnings(world, fitter, assignment_id=own["assignments"][0])[2:] == [("Hidden", "hidden", 1)]  # type: ignore[index]
    cid = world.person()
    everybody = world.audience(ann, bob, cid, name="Everybody")
    world.settle()
    preview = world.preview(fitter, ("audience", everybody, False))
    told = [(w["title"], w["reason"], w["learners"]) for w in preview["item_warnings"]]  # type: ignore[attr-defined]
    assert told == [
        ("Old", "inactive", 1),
        ("Draft", "unpublished", 1),
        ("Hidden", "hidden", 1),
        ("Limited", "outside-audiences", 1),
    ]
    body = {"offerings": [str(fitter), str(seen)], "people": [str(cid)]}
    result = world.http.post("/api/enrollment/assignments", json=body).json()["result"]
    assert [(w["offering_id"], w["title"], w["learners"]) for w in result["item_warnings"]] == [
        (str(fitter), title, 1) for title in ("Old", "Draft", "Hidden", "Limited")
    ]
    assert result["item_warnings_at"] == [f"/api/enrollment/offerings/{fitter}/item-warnings"]
    world.settle()
    assert warnings(world, fitter)[0] == ("Old", "inactive", 3)
    removal = world.remove(world.assign(fitter, "audience", everybody))
    assert removal["item_warnings"] == []
    path = f"/api/enrollment/offerings/{fitter}/item-warnings"
    assert world.client(ann).get(path).status_code == 403
    assert world.client(uuid4(), ("auditor", world.unit())).get(path).json() == []
    assert world.http.get(f"/api/enrollment/offerings/{seen}/item-warnings").status_code == 404
