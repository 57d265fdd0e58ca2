"""Qualifications: assigned like any offering, earned by completing all of their items (CAT-9, CAT-11, CAT-12)."""

from datetime import date
from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness

from shared.contracts import catalog

BADGE = {"certificate": "Fitter", "badge": "Fitter"}


@pytest.fixture
def ann(harness: Harness) -> UUID:
    return harness.person()


def complete(harness: Harness, person: UUID, course: UUID) -> str:
    """Assign a course of one part, and complete it."""
    id = harness.enroll(person, course)
    harness.did(id, "steps/1/complete", harness.client(person))
    harness.settle()
    return id


def items(harness: Harness, id: str, person: UUID) -> list[tuple[str, bool]]:
    answer = harness.client(person).get(f"/api/enrollment/enrollments/{id}/items")
    assert answer.status_code == 200, answer.text
    return [(item["title"], item["done"]) for item in answer.json()]


def warnings(harness: Harness, offering: UUID, **params: object) -> list[tuple[str, str, int]]:
    answer = harness.http.get(
        f"/api/enrollment/offerings/{offering}/item-warnings", params={key: str(value) for key, value in params.items()}
    )
    assert answer.status_code == 200, answer.text
    return [(one["title"], one["reason"], one["learners"]) for one in answer.json()]


@pytest.mark.feature("CAT-9")
def test_it_enrols_nobody_on_its_items_and_is_earned_with_the_last_of_them(harness: Harness, ann: UUID) -> None:
    first, second = harness.course("First", 1), harness.course("Second", 1)
    fitter = harness.qualification("Fitter", first, second, **BADGE)
    harness.settle()
    id = harness.enroll(ann, fitter)
    shown = harness.show(id)
    assert (shown["status"], shown["next_action"]) == ("not-started", None)
    assert [e["offering_id"] for e in harness.enrollments(person_id=ann)] == [str(fitter)]
    complete(harness, ann, first)
    assert harness.show(id)["status"] == "not-started"
    assert items(harness, id, ann) == [("First", True), ("Second", False)]
    complete(harness, ann, second)
    earned = harness.show(id)
    assert (earned["status"], earned["next_action"]) == ("completed", "download-certificate")
    assert items(harness, id, ann) == [("First", True), ("Second", True)]
    assert harness.told(of=[fitter]).count("EnrollmentCompleted") == 1


@pytest.mark.feature("CAT-9")
@pytest.mark.parametrize("way", ["individual", "audience", "self"])
def test_who_has_completed_the_items_before_earns_it_at_once_by_whatever_way(
    harness: Harness, ann: UUID, way: str
) -> None:
    course = harness.course("First", 1)
    fitter = harness.qualification("Fitter", course)
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, fitter, access="self-enrollment")
    audience = harness.audience(ann)
    harness.settle()
    complete(harness, ann, course)
    (enrollment,) = harness.enrollments(person_id=ann, offering_id=course)
    harness.remove(UUID(enrollment["assignments"][0]))  # type: ignore[index]
    assert harness.standing(ann, course) == "withdrawn"
    if way == "individual":
        harness.enroll(ann, fitter)
    elif way == "audience":
        harness.assign(fitter, "audience", audience)
    else:
        assert harness.client(ann).post(f"/api/enrollment/offerings/{fitter}/enrol").status_code == 201
    harness.settle()
    assert harness.standing(ann, fitter) == "completed"


@pytest.mark.feature("CAT-9")
def test_when_its_items_change_everybody_on_it_is_looked_at_again(harness: Harness, ann: UUID) -> None:
    first, second, bob = harness.course("First", 1), harness.course("Second", 1), harness.person()
    fitter = harness.qualification("Fitter", first, second)
    harness.settle()
    for person in (ann, bob):
        harness.enroll(person, fitter)
    complete(harness, ann, first)
    told = {"code": "F", "title": "Fitter", "description": "", "certificate": None, "badge": None, "price": None}
    harness.tell(harness.catalog, catalog.QualificationDescribed, fitter, items=(first,), **told)
    harness.settle()
    assert (harness.standing(ann, fitter), harness.standing(bob, fitter)) == ("completed", "not-started")
    harness.tell(harness.catalog, catalog.QualificationDescribed, fitter, items=(first, second), **told)
    harness.settle()
    assert harness.standing(ann, fitter) == "completed"


@pytest.mark.feature("CAT-9", "ENR-12")
def test_a_completion_counts_as_long_as_it_holds(harness: Harness, ann: UUID) -> None:
    course = harness.course("First", 1)
    fitter = harness.qualification("Fitter", course)
    harness.settle()
    body = {"person_id": str(ann), "offering_id": str(course), "completed_on": "2020-01-01"}
    assert (
        harness.http.post("/api/enrollment/completions", json={**body, "valid_until": "2021-01-01"}).status_code == 201
    )
    harness.settle()
    id = harness.enroll(ann, fitter)
    assert (harness.standing(ann, fitter), items(harness, id, ann)) == ("not-started", [("First", False)])
    assert (
        harness.http.post("/api/enrollment/completions", json={**body, "completed_on": str(date.today())}).status_code
        == 201
    )
    harness.settle()
    assert harness.standing(ann, fitter) == "completed"


@pytest.mark.feature("CAT-9", "CAT-8", "ENR-2")
def test_with_a_price_it_is_earned_once_it_is_paid(harness: Harness, ann: UUID) -> None:
    course = harness.course("First", 1)
    fitter = harness.qualification("Fitter", course, price={"amount": "5.00", "currency": "EUR"})
    harness.settle()
    complete(harness, ann, course)
    id = harness.enroll(ann, fitter)
    assert (harness.show(id)["status"], harness.show(id)["next_action"]) == ("awaiting-payment", "purchase")
    harness.did(id, "paid", reason="Invoice 7")
    harness.settle()
    assert harness.show(id)["status"] == "completed"


@pytest.mark.feature("CAT-9", "CAT-12")
def test_where_completions_are_reviewed_it_waits_for_the_administrator(harness: Harness, ann: UUID) -> None:
    course = harness.course("First", 1)
    fitter = harness.qualification("Fitter", course)
    harness.tell(harness.catalog, catalog.CompletionReviewSwitched, fitter, review=True)
    harness.settle()
    id = harness.enroll(ann, fitter)
    complete(harness, ann, course)
    assert harness.show(id)["status"] == "pending-approval"
    harness.did(id, "reject", reason="Show me the papers")
    harness.settle()
    assert harness.show(id)["returned_because"] == "Show me the papers"
    assert harness.show(id)["status"] == "not-started"


@pytest.mark.feature("CAT-9")
def test_there_is_nothing_to_begin_in_a_qualification(harness: Harness, ann: UUID) -> None:
    fitter = harness.qualification("Fitter", harness.course("First", 1))
    harness.settle()
    id = harness.enroll(ann, fitter)
    assert harness.refused(id, "begin", harness.client(ann)) == "qualification"
    assert harness.refused(id, "steps/1/complete", harness.client(ann)) == "no-steps"


@pytest.mark.feature("CAT-11")
def test_items_that_learners_do_not_see_are_named_with_the_reason_and_how_many(harness: Harness, ann: UUID) -> None:
    bob, members = harness.person(), harness.audience()
    seen, old, hidden, limited = (harness.course(title, 1) for title in ("Seen", "Old", "Hidden", "Limited"))
    draft = harness.certification("Draft", published=False)
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, hidden, access="hidden")
    harness.tell(harness.catalog, catalog.VisibilityChosen, limited, audiences=(members,))
    fitter = harness.qualification("Fitter", seen, old, draft, hidden, limited)
    harness.settle()
    harness.enroll(ann, hidden)
    harness.enroll(ann, fitter)
    harness.enroll(bob, fitter)
    harness.tell(harness.catalog, catalog.OfferingDeactivated, old)
    harness.join(members, bob)
    harness.settle()
    assert warnings(harness, fitter) == [
        ("Old", "inactive", 2),
        ("Draft", "unpublished", 2),
        ("Hidden", "hidden", 1),
        ("Limited", "outside-audiences", 1),
    ]
    (own,) = harness.enrollments(person_id=bob, offering_id=fitter)
    assert warnings(harness, fitter, assignment_id=own["assignments"][0])[2:] == [("Hidden", "hidden", 1)]  # type: ignore[index]
    cid = harness.person()
    everybody = harness.audience(ann, bob, cid, name="Everybody")
    harness.settle()
    preview = harness.preview(fitter, ("audience", everybody, False))
    told = [(w["title"], w["reason"], w["learners"]) for w in preview["item_warnings"]]  # type: ignore[attr-defined]
    assert told == [
        ("Old", "inactive", 1),
        ("Draft", "unpublished", 1),
        ("Hidden", "hidden", 1),
        ("Limited", "outside-audiences", 1),
    ]
    body = {"offerings": [str(fitter), str(seen)], "people": [str(cid)]}
    result = harness.http.post("/api/enrollment/assignments", json=body).json()["result"]
    assert [(w["offering_id"], w["title"], w["learners"]) for w in result["item_warnings"]] == [
        (str(fitter), title, 1) for title in ("Old", "Draft", "Hidden", "Limited")
    ]
    assert result["item_warnings_at"] == [f"/api/enrollment/offerings/{fitter}/item-warnings"]
    harness.settle()
    assert warnings(harness, fitter)[0] == ("Old", "inactive", 3)
    removal = harness.remove(harness.assign(fitter, "audience", everybody))
    assert removal["item_warnings"] == []
    path = f"/api/enrollment/offerings/{fitter}/item-warnings"
    assert harness.client(ann).get(path).status_code == 403
    assert harness.client(uuid4(), ("auditor", harness.unit())).get(path).json() == []
    assert harness.http.get(f"/api/enrollment/offerings/{seen}/item-warnings").status_code == 404
