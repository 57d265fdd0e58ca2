"""What assigning many people to many offerings would do is shown before it is done (ASG-4, ASG-5, ASG-9)."""

from uuid import UUID, uuid4

import pytest
from enrollment.client import MANAGER
from enrollment.harness import Harness
from httpx import Response

from shared.contracts.directory import PersonDeactivated

pytestmark = pytest.mark.feature("ASG-4", "ASG-9")


def preview(harness: Harness, offerings: list[UUID], people: list[UUID], **more: object) -> Response:
    body = {"action": "assign-people", "offerings": [*map(str, offerings)], "people": [*map(str, people)], **more}
    return harness.http.post("/api/enrollment/previews", json=body)


def confirm(harness: Harness, id: str, **more: object) -> Response:
    answer = harness.http.post(f"/api/enrollment/previews/{id}/confirm", json=more)
    harness.settle()
    return answer


def test_it_counts_each_person_on_one_offering_and_does_what_it_showed(harness: Harness) -> None:
    course, people = harness.course(), harness.people(4)
    gone = harness.person()
    harness.tell(harness.directory, PersonDeactivated, gone, why="left")
    audience = harness.audience(people[0])
    harness.settle()
    harness.assign(course, "audience", audience)
    harness.enroll(people[1], course)
    found = preview(harness, [course], [*people, people[3], gone, uuid4()])
    assert found.status_code == 201, found.text
    told = found.json()
    assert told["text"] == (
        "Adding these assignments will enrol 3 learners to this course except where they are enrolled already."
    )
    assert (told["people"], told["enrolled"], told["source_added"], told["refused"]) == (3, 2, 1, 3)
    assert told["emails"]["count"] == 2
    result = confirm(harness, told["id"], reason="New on the ward", note={"title": "Welcome"}).json()["result"]
    assert result["counts"] == {"created": 3, "refused": 3}
    kinds = sorted(one["kind"] for one in result["refused"])
    assert kinds == ["already-assigned", "inactive-person", "unknown-person"]
    assert harness.enrolled(course) == set(people)


@pytest.mark.feature("ASG-5", "ADM-5")
def test_who_was_refused_is_listed_with_the_job_page_by_page_and_as_a_file(harness: Harness) -> None:
    """A name may look like a formula: a spreadsheet that opens the file calculates nothing."""
    course, people = harness.course("Yoga"), harness.people(3)
    named = harness.named("=1+1", "Berg", "b@example.org")
    harness.settle()
    for one in (named, people[0]):
        harness.enroll(one, course)
    stranger = uuid4()
    told = preview(harness, [course], [*people, named, stranger]).json()
    job = confirm(harness, told["id"]).headers["Location"]
    first = harness.http.get(f"{job}/refusals?limit=2").json()
    rest = harness.http.get(f"{job}/refusals?limit=2&cursor={first['next']}").json()
    assert rest["next"] is None
    rows = {one["person_id"]: one for one in (*first["items"], *rest["items"])}
    kinds = {id: one["kind"] for id, one in rows.items()}
    assert kinds == {
        str(people[0]): "already-assigned",
        str(named): "already-assigned",
        str(stranger): "unknown-person",
    }
    assert (rows[str(named)]["name"], rows[str(named)]["offering_title"]) == ("=1+1 Berg", "Yoga")
    text = harness.http.get(f"{job}/refusals.csv").text
    assert len(text.splitlines()) == 4
    assert '"\'=1+1 Berg","Yoga","already-assigned"' in text
    learner = harness.client(uuid4())
    assert learner.get(f"{job}/refusals").status_code == 403
    elsewhere = harness.client(uuid4(), (MANAGER, harness.unit("South")))
    assert elsewhere.get(f"{job}/refusals").status_code == 404


def test_several_offerings_are_counted_together(harness: Harness) -> None:
    course, certification, people = harness.course("Yoga"), harness.certification(), harness.people(3)
    harness.settle()
    harness.enroll(people[0], course)
    told = preview(harness, [course, certification], people).json()
    assert (told["people"], told["enrolled"], told["refused"]) == (3, 5, 1)
    assert (told["kind"], told["offering_id"]) == ("offerings", None)
    assert told["text"] == (
        "Adding these assignments will enrol 3 learners to these 2 offerings except where they are enrolled already."
    )
    assert confirm(harness, told["id"]).status_code == 202
    assert harness.enrolled(course) == harness.enrolled(certification) == set(people)


def test_confirming_is_refused_when_somebody_left_meanwhile(harness: Harness) -> None:
    course, people = harness.course(), harness.people(2)
    harness.settle()
    told = preview(harness, [course], people).json()
    harness.enroll(people[0], course)
    refused = confirm(harness, told["id"])
    assert (refused.status_code, refused.json()["preview"]["people"]) == (409, 1)


@pytest.mark.feature("ASG-5")
def test_where_nobody_can_be_assigned_it_says_so(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    harness.settle()
    harness.enroll(ann, course)
    refused = preview(harness, [course], [ann])
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:rollbook:problem:nobody-to-assign")


@pytest.mark.feature("SEC-2")
def test_people_outside_the_own_organisations_are_refused_one_by_one(harness: Harness) -> None:
    course, north, south = harness.course(), harness.unit("North"), harness.unit("South")
    (inside,), (outside,) = harness.people(1, north), harness.people(1, south)
    harness.settle()
    of_north = harness.client(uuid4(), (MANAGER, north))
    body = {"action": "assign-people", "offerings": [str(course)], "people": [str(inside), str(outside)]}
    told = of_north.post("/api/enrollment/previews", json=body).json()
    assert (told["people"], told["refused"]) == (1, 1)
    answer = of_north.post(f"/api/enrollment/previews/{told['id']}/confirm")
    assert answer.json()["result"]["refused"][0]["kind"] == "unknown-person"
    harness.settle()
    assert harness.enrolled(course) == {inside}


@pytest.mark.feature("ASG-11")
def test_a_qualification_is_required_where_somebody_said_so(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    qualification = harness.qualification("Ward ready", course)
    harness.settle()
    told = preview(harness, [qualification], [ann], required=True).json()
    assert confirm(harness, told["id"]).status_code == 202
    (enrollment,) = harness.enrollments(offering_id=qualification)
    assert enrollment["required"] is True
    assert preview(harness, [course], [ann], required=True).status_code == 422


@pytest.mark.feature("ASG-5")
def test_an_offering_that_takes_none_of_them_is_counted_as_refused(harness: Harness) -> None:
    course, certification, ann = harness.course("Yoga"), harness.certification(), harness.person()
    harness.settle()
    harness.enroll(ann, course)
    told = preview(harness, [course, certification], [ann]).json()
    assert (told["people"], told["enrolled"], told["refused"]) == (1, 1, 1)
    assert told["offering_id"] == str(certification)
