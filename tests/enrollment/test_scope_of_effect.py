"""The scope of a command is the scope of its effect: whoever it reaches lies within the caller's role (SEC-2, SEC-4)."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from enrollment.client import MANAGER
from enrollment.harness import Harness
from httpx import Response

from shared.contracts import catalog


class Case(NamedTuple):
    """An assignment that reaches somebody of South; `ours`: somebody of North too, or its target is of North."""

    assignment: UUID
    batch: str
    ours: bool
    everywhere: bool
    """It can reach people of any organisation, so that only who may assign everywhere may change it."""


class Place:
    """North with its people, South with its people, and a qualification for them."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.north, self.south = harness.unit("North"), harness.unit("South")
        self.ours, self.theirs = harness.person(self.north), harness.person(self.south)
        self.offering = harness.qualification("First aid")
        harness.tell(harness.catalog, catalog.LearnerAccessChosen, self.offering, access="self-enrollment")
        harness.settle()

    def team_of(self, home: UUID) -> UUID:
        """A manager of that organisation, who leads the person of South."""
        boss = self.harness.person(home)
        job = self.harness.job(boss, organisation=home)
        self.harness.job(self.theirs, organisation=self.south, manager_job=job, manager=boss)
        self.harness.settle()
        return boss

    def made(self, answer: Response) -> UUID:
        assert answer.status_code == 201, answer.text
        self.harness.settle()
        return UUID(answer.json()["result"]["assignment_id"])

    def case(self, assignment: UUID, *, ours: bool = False, everywhere: bool = False) -> Case:
        found = self.harness.http.get(f"/api/enrollment/assignments/{assignment}").json()
        assert found["counts"]["active"] >= 1
        return Case(assignment, found["batch"], ours, everywhere)


def individual(p: Place) -> Case:
    p.harness.enroll(p.theirs, p.offering)
    (found,) = p.harness.http.get("/api/enrollment/assignments", params={"type": "individual"}).json()["items"]
    return p.case(UUID(found["id"]))


def own(p: Place) -> Case:
    enrolled = p.harness.client(p.theirs).post(f"/api/enrollment/offerings/{p.offering}/enrol")
    return p.case(p.made(enrolled))


def organisation(p: Place) -> Case:
    return p.case(p.harness.assign(p.offering, "organisation", p.south))


def organisation_with_somebody_of_another(p: Place) -> Case:
    """North is assigned; somebody whose home is South has a job there."""
    p.harness.job(p.theirs, organisation=p.north)
    p.harness.settle()
    return p.case(p.harness.assign(p.offering, "organisation", p.north), ours=True)


def manager(p: Place) -> Case:
    return p.case(p.harness.assign(p.offering, "manager", p.team_of(p.south)))


def manager_whose_team_is_elsewhere(p: Place) -> Case:
    return p.case(p.harness.assign(p.offering, "manager", p.team_of(p.north)), ours=True)


def audience(p: Place) -> Case:
    members = p.harness.audience(p.theirs)
    p.harness.settle()
    return p.case(p.harness.assign(p.offering, "audience", members), everywhere=True)


def audience_of_both(p: Place) -> Case:
    members = p.harness.audience(p.theirs, p.ours)
    p.harness.settle()
    return p.case(p.harness.assign(p.offering, "audience", members), ours=True, everywhere=True)


def position(p: Place) -> Case:
    nurse = p.harness.unit("Nurse", kind="position")
    for person in (p.ours, p.theirs):
        p.harness.job(person, position=nurse)
    p.harness.settle()
    return p.case(p.harness.assign(p.offering, "position", nurse), ours=True, everywhere=True)


def group(p: Place) -> Case:
    id = p.made(p.harness.http.post(f"/api/enrollment/offerings/{p.offering}/groups", json={"name": "Morning"}))
    people = {"people": [str(p.ours), str(p.theirs)]}
    assert p.harness.http.post(f"/api/enrollment/groups/{id}/members", json=people).status_code == 201
    p.harness.settle()
    return p.case(id, ours=True, everywhere=True)


def trigger(p: Place) -> Case:
    members = p.harness.audience()
    p.harness.settle()
    p.harness.trigger("Joiners", {"kind": "audience", "target_id": str(members)}, offering_id=p.offering)
    p.harness.join(members, p.ours, p.theirs)
    p.harness.settle()
    (found,) = p.harness.http.get("/api/enrollment/assignments", params={"type": "trigger"}).json()["items"]
    return p.case(UUID(found["id"]), ours=True, everywhere=True)


def job_role(p: Place) -> Case:
    role = p.harness.job_role("Nurse", p.offering)
    p.harness.settle()
    p.harness.hold(role, p.ours, p.theirs)
    (found,) = p.harness.http.get("/api/enrollment/assignments", params={"type": "job-role"}).json()["items"]
    return p.case(UUID(found["id"]), ours=True, everywhere=True)


CASES: Mapping[str, Callable[[Place], Case]] = {
    make.__name__: make
    for make in (
        individual,
        own,
        organisation,
        organisation_with_somebody_of_another,
        manager,
        manager_whose_team_is_elsewhere,
        audience,
        audience_of_both,
        position,
        group,
        trigger,
        job_role,
    )
}
RULE = {"kind": "fixed", "on": "2099-12-31"}


def ask(p: Place, headers: dict[str, str], method: str, path: str, body: object = None) -> Response:
    return p.harness.http.request(method, f"/api/enrollment{path}", json=body, headers=headers)


def commands(case: Case) -> dict[str, tuple[str, str, object]]:
    """Every command that changes the assignment for everybody whom it reaches, or looks at such a change."""
    id = str(case.assignment)
    return {
        "set the due rule": ("PUT", f"/assignments/{id}/due", {"due": RULE}),
        "set the requirement": ("PUT", f"/assignments/{id}/requirement", {"required": False}),
        "preview another due rule": ("POST", "/previews", {"action": "due", "assignment_id": id, "due": None}),
        "preview the removal": ("POST", "/previews", {"action": "remove", "assignment_ids": [id]}),
    }


def managers(p: Place, case: Case) -> tuple[dict[str, str], dict[str, str]]:
    """The enrollment manager of North, who lacks South; and one whose role covers everybody who is reached."""
    stranger = p.harness.issuer.headers(uuid4(), (MANAGER, p.north), home=p.north)
    roles = (
        ((MANAGER, None),) if case.everywhere else ((MANAGER, p.south), *(((MANAGER, p.north),) if case.ours else ()))
    )
    return stranger, p.harness.issuer.headers(uuid4(), *roles, home=p.south)


@pytest.mark.feature("SEC-2", "SEC-4")
@pytest.mark.parametrize("type", CASES)
def test_a_change_of_an_assignment_needs_the_permission_for_everybody_whom_it_reaches(
    harness: Harness, type: str
) -> None:
    place = Place(harness)
    case = CASES[type](place)
    stranger, right = managers(place, case)
    before, status = harness.told(), 403 if case.ours else 404
    for name, command in commands(case).items():
        answer = ask(place, stranger, *command)
        assert answer.status_code == status, (name, answer.text)
        if status == 403:
            needed = "assign-qualifications" if "requirement" in name else "assign"
            assert answer.json()["permission"] == needed
            assert "Ask a site administrator" in answer.json()["detail"]
    assert harness.told() == before

    allowed = {name: ask(place, right, *command).status_code for name, command in commands(case).items()}
    assert list(allowed.values()) == ([202, 409, 201, 409] if type == "job_role" else [202, 200, 201, 201])


@pytest.mark.feature("SEC-2", "SEC-4", "ASG-9")
@pytest.mark.parametrize("type", sorted(CASES.keys() - {"job_role"}))
def test_what_was_shown_is_confirmed_only_as_long_as_the_role_covers_everybody(harness: Harness, type: str) -> None:
    place = Place(harness)
    case = CASES[type](place)
    _, right = managers(place, case)
    stranger = harness.issuer.headers(_subject(harness, right), (MANAGER, place.north), home=place.north)
    body = {"action": "remove", "assignment_ids": [str(case.assignment)]}
    preview = ask(place, right, "POST", "/previews", body).json()["id"]
    before = harness.told()
    refused = ask(place, stranger, "POST", f"/previews/{preview}/confirm")
    assert refused.status_code == (403 if case.ours else 404), refused.text
    assert harness.told() == before
    assert ask(place, right, "POST", f"/previews/{preview}/confirm").status_code == 202
    harness.settle()
    assert harness.enrolled(place.offering) == set()


def _subject(harness: Harness, headers: dict[str, str]) -> UUID:
    return harness.issuer.verifier.verify(headers["Authorization"].removeprefix("Bearer ")).id


ADDED: Mapping[str, Callable[[Place], tuple[str, UUID]]] = {
    "organisation with somebody of another": lambda p: ("organisation", p.north),
    "manager whose team is elsewhere": lambda p: ("manager", p.team_of(p.north)),
    "audience of both": lambda p: ("audience", p.harness.audience(p.theirs, p.ours)),
    "position": lambda p: ("position", p.harness.unit("Nurse", kind="position")),
}


@pytest.mark.feature("SEC-2", "SEC-4")
@pytest.mark.parametrize("what", ADDED)
def test_what_cannot_be_changed_cannot_be_added(harness: Harness, what: str) -> None:
    place = Place(harness)
    harness.job(place.theirs, organisation=place.north)
    type, target = ADDED[what](place)
    harness.settle()
    targets = [{"type": type, "target_id": str(target)}]
    body = {"action": "assign", "offering_id": str(place.offering), "targets": targets}
    stranger = harness.issuer.headers(uuid4(), (MANAGER, place.north), home=place.north)
    refused = ask(place, stranger, "POST", "/previews", body)
    assert (refused.status_code, refused.json().get("permission")) == (403, "assign")
    assert "Ask a site administrator" in refused.json()["detail"]
    assert ask(place, harness.issuer.headers(uuid4(), (MANAGER, None)), "POST", "/previews", body).status_code == 201


class Single(NamedTuple):
    """A command about one learner of South: what it needs, and how it is sent."""

    send: Callable[[Place, dict[str, str]], Response]
    role: str = MANAGER
    outside: int = 404
    inside: int = 200


def _enrollment(p: Place) -> str:
    return str(p.harness.enrollments(person_id=p.theirs)[0]["id"])


SINGLE: Mapping[str, Single] = {
    "exclude": Single(
        lambda p, by: ask(p, by, "POST", f"/assignments/{_of(p)}/exclusions", {"person_id": str(p.theirs)}),
        inside=201,
    ),
    "remove": Single(lambda p, by: ask(p, by, "DELETE", f"/assignments/{_of(p)}"), inside=202),
    "add to a group": Single(
        lambda p, by: ask(p, by, "POST", f"/groups/{_group(p)}/members", {"people": [str(p.theirs)]}),
        outside=201,
        inside=201,
    ),
    "take out of a group": Single(lambda p, by: ask(p, by, "DELETE", f"/groups/{_member(p)}/members/{p.theirs}")),
    "give a job role": Single(
        lambda p, by: ask(p, by, "POST", f"/job-roles/{_role(p)}/holders", {"people": [str(p.theirs)]}),
        outside=201,
        inside=201,
    ),
    "take a job role": Single(lambda p, by: ask(p, by, "DELETE", f"/job-roles/{_held(p)}/holders/{p.theirs}")),
    "due date by hand": Single(
        lambda p, by: ask(p, by, "PUT", f"/enrollments/{_enrollment(p)}/due", {"due_on": "2099-12-31", "reason": "x"}),
        "site-administrator",
    ),
    "record a completion": Single(
        lambda p, by: ask(
            p,
            by,
            "POST",
            "/completions",
            {"person_id": str(p.theirs), "offering_id": str(p.offering), "completed_on": "2020-01-01"},
        ),
        inside=201,
    ),
}


def _of(p: Place) -> UUID:
    items = p.harness.http.get("/api/enrollment/assignments", params={"type": "individual"}).json()["items"]
    return UUID(items[0]["id"])


def _group(p: Place) -> UUID:
    groups = p.harness.http.get("/api/enrollment/assignments", params={"type": "group"}).json()["items"]
    if groups:
        return UUID(groups[0]["id"])
    return p.made(p.harness.http.post(f"/api/enrollment/offerings/{p.offering}/groups", json={"name": "Morning"}))


def _member(p: Place) -> UUID:
    id = _group(p)
    p.harness.http.post(f"/api/enrollment/groups/{id}/members", json={"people": [str(p.theirs)]})
    p.harness.settle()
    return id


def _role(p: Place) -> UUID:
    id = p.harness.job_role(f"Nurse {uuid4()}")
    p.harness.settle()
    return id


def _held(p: Place) -> UUID:
    id = _role(p)
    p.harness.hold(id, p.theirs)
    return id


@pytest.mark.feature("SEC-2")
@pytest.mark.parametrize("name", SINGLE)
def test_a_command_about_one_learner_needs_the_permission_where_the_learner_is(harness: Harness, name: str) -> None:
    place, command = Place(harness), SINGLE[name]
    individual(place)
    outside = command.send(place, harness.issuer.headers(uuid4(), (command.role, place.north)))
    assert outside.status_code == command.outside, outside.text
    if command.outside == 201:
        assert [row["kind"] for row in outside.json()["result"]["refused"]] == ["unknown-person"]
    inside = command.send(place, harness.issuer.headers(uuid4(), (command.role, place.south)))
    assert inside.status_code == command.inside, inside.text
    if command.outside == 201:
        assert inside.json()["result"]["refused"] == []


EVERYWHERE: Mapping[str, Callable[[Place, Case], tuple[int, str, str, object]]] = {
    "make a group": lambda place, _: (201, "POST", f"/offerings/{place.offering}/groups", {"name": "Evening"}),
    "edit a group": lambda _, case: (200, "PUT", f"/groups/{case.assignment}", {"name": "Evening"}),
    "create a trigger": lambda place, _: (
        202,
        "POST",
        "/triggers",
        {
            "name": "Rule",
            "when": {"kind": "organisation", "target_id": str(place.north)},
            "offering_id": str(place.offering),
        },
    ),
    "apply a file": lambda *_: (200, "POST", "/apply", {"groups": [], "triggers": []}),
    "undo a batch": lambda _, case: (202, "POST", f"/batches/{case.batch}/undo", None),
}
"""The answer to whoever may, and the command."""


@pytest.mark.feature("SEC-4")
@pytest.mark.parametrize("name", EVERYWHERE)
def test_what_reaches_people_of_any_organisation_needs_the_permission_for_everything(
    harness: Harness, name: str
) -> None:
    place = Place(harness)
    case = group(place)
    (status, *command), before = EVERYWHERE[name](place, case), harness.told()
    refused = ask(place, harness.issuer.headers(uuid4(), (MANAGER, place.north)), *command)
    assert (refused.status_code, refused.json()["permission"]) == (403, "assign")
    assert "Ask a site administrator" in refused.json()["detail"]
    assert harness.told() == before
    allowed = ask(place, harness.issuer.headers(uuid4(), (MANAGER, None)), *command)
    assert allowed.status_code == status, allowed.text


@pytest.mark.feature("SEC-2", "ADM-5")
def test_a_job_answers_only_who_may_see_its_batch(harness: Harness) -> None:
    place = Place(harness)
    starter = harness.issuer.headers(uuid4(), (MANAGER, place.south))
    targets = [{"type": "organisation", "target_id": str(place.south)}]
    body = {"action": "assign", "offering_id": str(place.offering), "targets": targets}
    preview = ask(place, starter, "POST", "/previews", body).json()["id"]
    (job,) = ask(place, starter, "POST", f"/previews/{preview}/confirm").json()["result"]["jobs"]
    harness.settle()

    def seen(*roles: tuple[str, UUID | None]) -> tuple[int, str]:
        answer = ask(place, harness.issuer.headers(uuid4(), *roles), "GET", f"/jobs/{job}")
        return answer.status_code, answer.json().get("state") or answer.json()["detail"]

    unknown = ask(place, harness.issuer.headers(uuid4(), (MANAGER, None)), "GET", f"/jobs/{uuid4()}")
    assert unknown.status_code == 404
    assert ask(place, starter, "GET", f"/jobs/{job}").json()["state"] == "finished"
    assert seen((MANAGER, place.south)) == (200, "finished")
    assert seen(("auditor", None)) == (200, "finished")
    assert seen((MANAGER, place.north)) == (404, unknown.json()["detail"])
    assert seen()[0] == 403


@pytest.mark.feature("SEC-2", "ADM-5")
def test_a_job_about_people_of_any_organisation_answers_its_starter_and_who_reads_everything(harness: Harness) -> None:
    place = Place(harness)
    case = group(place)
    starter = harness.issuer.headers(uuid4(), (MANAGER, None))
    jobs = ask(place, starter, "POST", f"/batches/{case.batch}/undo").json()["result"]["jobs"]
    assert len(jobs) == 2
    for job in jobs:
        stranger = harness.issuer.headers(uuid4(), (MANAGER, place.north))
        assert ask(place, stranger, "GET", f"/jobs/{job}").status_code == 404
        assert ask(place, starter, "GET", f"/jobs/{job}").status_code == 200
        assert ask(place, harness.issuer.headers(uuid4(), ("auditor", None)), "GET", f"/jobs/{job}").status_code == 200


@pytest.mark.feature("SEC-2")
def test_a_preview_is_shown_to_who_asked_for_it_only(harness: Harness) -> None:
    place = Place(harness)
    case = organisation(place)
    _, right = managers(place, case)
    body = {"action": "remove", "assignment_ids": [str(case.assignment)]}
    preview = ask(place, right, "POST", "/previews", body).json()["id"]
    assert ask(place, right, "GET", f"/previews/{preview}").status_code == 200
    other = harness.issuer.headers(uuid4(), (MANAGER, None))
    assert ask(place, other, "GET", f"/previews/{preview}").status_code == 404
    assert ask(place, other, "POST", f"/previews/{preview}/confirm").status_code == 404
