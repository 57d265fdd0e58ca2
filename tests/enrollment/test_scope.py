"""A role is held for an organisation and below; nothing outside is visible or changeable (SEC-2, SEC-4)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from enrollment.client import MANAGER
from enrollment.harness import Harness
from issuer import Issuer


class Place:
    """Two organisations, one person in each, both assigned by an administrator; a manager of the first one."""

    def __init__(self, harness: Harness) -> None:
        self.course = harness.course()
        self.north = harness.unit("North")
        self.ward, self.south = harness.unit("Ward", self.north), harness.unit("South")
        self.ours, self.theirs = harness.person(self.ward), harness.person(self.south)
        self.audience = harness.audience(self.ours, self.theirs)
        harness.settle()
        self.foreign = harness.assign(self.course, "organisation", self.south)
        self.as_manager = harness.issuer.headers(uuid4(), (MANAGER, self.north), home=self.north)


@pytest.fixture
def place(harness: Harness) -> Place:
    return Place(harness)


@pytest.mark.feature("SEC-2")
def test_people_outside_are_as_unknown_as_people_who_do_not_exist(harness: Harness, place: Place) -> None:
    nobody = uuid4()
    body = {"offerings": [str(place.course)], "people": [str(place.ours), str(place.theirs), str(nobody)]}
    result = harness.http.post("/api/enrollment/assignments", json=body, headers=place.as_manager).json()["result"]
    assert [c["target_id"] for c in result["created"]] == [str(place.ours)]
    refused = {row.pop("person_id"): row for row in result["refused"]}
    assert refused[str(place.theirs)] == refused[str(nobody)]


ROUTES: dict[str, Callable[[Place, UUID], tuple[str, str, Any]]] = {
    "show an assignment": lambda _, id: ("GET", f"/assignments/{id}", None),
    "remove an assignment": lambda _, id: ("DELETE", f"/assignments/{id}", None),
    "preview a removal": lambda _, id: ("POST", "/previews", {"action": "remove", "assignment_ids": [str(id)]}),
    "exclude a learner": lambda p, id: ("POST", f"/assignments/{id}/exclusions", {"person_id": str(p.theirs)}),
    "allow a learner": lambda p, id: ("DELETE", f"/assignments/{id}/exclusions/{p.theirs}", None),
}


@pytest.mark.feature("SEC-2")
@pytest.mark.parametrize("name", ROUTES)
def test_an_assignment_of_another_organisation_answers_like_one_that_does_not_exist(
    harness: Harness, place: Place, name: str
) -> None:
    answers = []
    for id in (place.foreign, uuid4()):
        method, path, body = ROUTES[name](place, id)
        answer = harness.http.request(method, f"/api/enrollment{path}", json=body, headers=place.as_manager)
        answers.append((answer.status_code, answer.json()["type"]))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert harness.enrolled(place.course) == {place.theirs}


@pytest.mark.feature("SEC-2")
@pytest.mark.parametrize("type", ["organisation", "individual", "manager"])
def test_targets_outside_are_not_found_and_nothing_is_created(harness: Harness, place: Place, type: str) -> None:
    target = place.south if type == "organisation" else place.theirs
    body = {
        "action": "assign",
        "offering_id": str(place.course),
        "targets": [{"type": type, "target_id": str(target)}],
    }
    refused = harness.http.post("/api/enrollment/previews", json=body, headers=place.as_manager)
    assert (refused.status_code, refused.json()["field"]) == (404, "targets")


@pytest.mark.feature("SEC-2", "SEC-4")
def test_an_audience_reaches_everybody_so_it_needs_the_permission_for_everything(
    harness: Harness, place: Place
) -> None:
    targets = [{"type": "audience", "target_id": str(place.audience)}]
    body = {"action": "assign", "offering_id": str(place.course), "targets": targets}
    refused = harness.http.post("/api/enrollment/previews", json=body, headers=place.as_manager)
    assert (refused.status_code, refused.json()["permission"]) == (403, "assign")


@pytest.mark.feature("SEC-2")
def test_lists_show_what_is_inside_and_learners_see_their_own(harness: Harness, place: Place) -> None:
    harness.assign(place.course, "organisation", place.ward)
    listed = harness.http.get("/api/enrollment/assignments", headers=place.as_manager).json()["items"]
    assert [item["target_id"] for item in listed] == [str(place.ward)]
    seen = harness.http.get("/api/enrollment/enrollments", headers=place.as_manager).json()["items"]
    assert [item["person_id"] for item in seen] == [str(place.ours)]
    own = harness.http.get("/api/enrollment/enrollments", headers=harness.issuer.headers(place.theirs)).json()["items"]
    assert [item["person_id"] for item in own] == [str(place.theirs)]


@pytest.mark.feature("SEC-1", "SEC-4")
def test_an_auditor_reads_and_changes_nothing(harness: Harness, place: Place) -> None:
    auditor = harness.issuer.headers(uuid4(), ("auditor", None))
    assert len(harness.http.get("/api/enrollment/assignments", headers=auditor).json()["items"]) == 1
    body = {"offerings": [str(place.course)], "people": [str(place.ours)]}
    refused = harness.http.post("/api/enrollment/assignments", json=body, headers=auditor)
    assert (refused.status_code, refused.json()["permission"]) == (403, "assign")
    assert "enrollment-manager" in refused.json()["detail"]


@pytest.mark.feature("SEC-3")
def test_a_token_of_another_issuer_is_refused(harness: Harness, place: Place) -> None:
    stranger = Issuer().headers(uuid4(), ("site-administrator", None))
    refused = harness.http.get("/api/enrollment/assignments", headers=stranger)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert place.course


@pytest.mark.feature("ASG-5")
@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"offerings": [], "people": []}, 422, "offerings"),
        ({"offerings": ["{course}"], "people": ["not-an-id"]}, 422, "people.0"),
        ({"offerings": [str(uuid4())], "people": ["{person}"]}, 404, "offering_id"),
    ],
)
def test_bad_input_names_the_field_and_nothing_is_half_done(
    harness: Harness, place: Place, body: dict[str, list[str]], status: int, field: str
) -> None:
    filled = {k: [v.format(course=place.course, person=place.ours) for v in values] for k, values in body.items()}
    refused = harness.http.post("/api/enrollment/assignments", json=filled)
    assert (refused.status_code, refused.json()["field"]) == (status, field)
    assert harness.enrolled(place.course) == {place.theirs}


def test_an_empty_audience_is_refused_with_the_way_out(harness: Harness, place: Place) -> None:
    empty = harness.audience(name="Nobody yet")
    harness.settle()
    targets = [{"type": "audience", "target_id": str(empty)}]
    body = {"action": "assign", "offering_id": str(place.course), "targets": targets}
    refused = harness.http.post("/api/enrollment/previews", json=body)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "empty-audience")
    assert harness.http.post("/api/enrollment/previews", json={**body, "allow_empty": True}).status_code == 201


def test_an_assignment_is_not_removed_on_an_old_version(harness: Harness, place: Place) -> None:
    body = {"offerings": [str(place.course)], "people": [str(place.ours)]}
    created = harness.http.post("/api/enrollment/assignments", json=body).json()["result"]["created"][0][
        "assignment_id"
    ]
    harness.settle()
    path = f"/api/enrollment/assignments/{created}"
    assert harness.http.get(path).headers["ETag"] == '"1"'
    stale = harness.http.delete(path, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["current"]) == (412, 1)
    assert place.ours in harness.enrolled(place.course)
