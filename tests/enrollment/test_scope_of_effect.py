"""The scope of a command is the scope of its effect: whoever it reaches lies within the caller's role (SEC-2, SEC-4)."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from httpx import Response
from world import MANAGER, World

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

    def __init__(self, world: World) -> None:
        self.world = world
        self.north, self.south = world.unit("North"), world.unit("South")
        self.ours, self.theirs = world.person(self.north), world.person(self.south)
        self.offering = world.qualification("First aid")
        world.tell(world.catalog, catalog.LearnerAccessChosen, self.offering, access="self-enrollment")
        world.settle()

    def team_of(self, home: UUID) -> UUID:
        """A manager of that organisation, who leads the person of South."""
        boss = self.world.person(home)
        job = self.world.job(boss, organisation=home)
        self.world.job(self.theirs, organisation=self.south, manager_job=job, manager=boss)
        self.world.settle()
        return boss

    def made(self, answer: Response) -> UUID:
        assert answer.is_success, answer.text
        self.world.settle()
        return UUID(answer.json()["result"]["assignment_id"])

    def case(self, assignment: UUID, *, ours: bool = False, everywhere: bool = False) -> Case:
        found = self.world.http.get(f"/api/enrollment/assignments/{assignment}").json()
        assert found["counts"]["active"] >= 1
        return Case(assignment, found["batch"], ours, everywhere)


def individual(p: Place) -> Case:
    p.world.enroll(p.theirs, p.offering)
    (found,) = p.world.http.get("/api/enrollment/assignments", params={"type": "individual"}).json()["items"]
    return p.case(UUID(found["id"]))


def own(p: Place) -> Case:
    enrolled = p.world.client(p.theirs).post(f"/api/enrollment/offerings/{p.offering}/enrol")
    return p.case(p.made(enrolled))


def organisation(p: Place) -> Case:
    return p.case(p.world.assign(p.offering, "organisation", p.south))


def organisation_with_somebody_of_another(p: Place) -> Case:
    """North is assigned; somebody whose home is South has a job there."""
    p.world.job(p.theirs, organisation=p.north)
    p.world.settle()
    return p.case(p.world.assign(p.offering, "organisation", p.north), ours=True)


def manager(p: Place) -> Case:
    return p.case(p.world.assign(p.offering, "manager", p.team_of(p.south)))


def manager_whose_team_is_elsewhere(p: Place) -> Case:
    return p.case(p.world.assign(p.offering, "manager", p.team_of(p.north)), ours=True)


def audience(p: Place) -> Case:
    members = p.world.audience(p.theirs)
    p.world.settle()
    return p.case(p.world.assign(p.offering, "audience", members), everywhere=True)


def audience_of_both(p: Place) -> Case:
    members = p.world.audience(p.theirs, p.ours)
    p.world.settle()
    return p.case(p.world.assign(p.offering, "audience", members), ours=True, everywhere=True)


def position(p: Place) -> Case:
    nurse = p.world.unit("Nurse", kind="position")
    for person in (p.ours, p.theirs):
        p.world.job(person, position=nurse)
    p.world.settle()
    return p.case(p.world.assign(p.offering, "position", nurse), ours=True, everywhere=True)


def group(p: Place) -> Case:
    id = p.made(p.world.http.post(f"/api/enrollment/offerings/{p.offering}/groups", json={"name": "Morning"}))
    people = {"people": [str(p.ours), str(p.theirs)]}
    assert p.world.http.post(f"/api/enrollment/groups/{id}/members", json=people).status_code == 201
    p.world.settle()
    return p.case(id, ours=True, everywhere=True)


def trigger(p: Place) -> Case:
    members = p.world.audience()
    p.world.settle()
    p.world.trigger("Joiners", {"kind": "audience", "target_id": str(members)}, offering_id=p.offering)
    p.world.join(members, p.ours, p.theirs)
    p.world.settle()
    (found,) = p.world.http.get("/api/enrollment/assignments", params={"type": "trigger"}).json()["items"]
    return p.case(UUID(found["id"]), ours=True, everywhere=True)


def job_role(p: Place) -> Case:
    role = p.world.job_role("Nurse", p.offering)
    p.world.settle()
    p.world.hold(role, p.ours, p.theirs)
    (found,) = p.world.http.get("/api/enrollment/assignments", params={"type": "job-role"}).json()["items"]
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
    return p.world.http.request(method, f"/api/enrollment{path}", json=body, headers=headers)


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
    stranger = p.world.issuer.headers(uuid4(), (MANAGER, p.north), home=p.north)
    roles = (
        ((MANAGER, None),) if case.everywhere else ((MANAGER, p.south), *(((MANAGER, p.north),) if case.ours else ()))
    )
    return stranger, p.world.issuer.headers(uuid4(), *roles, home=p.south)


@pytest.mark.feature("SEC-2", "SEC-4")
@pytest.mark.parametrize("type", CASES)
def test_a_change_of_an_assignment_needs_the_permission_for_everybody_whom_it_reaches(world: World, type: str) -> None:
    place = Place(world)
    case = CASES[type](place)
    stranger, right = managers(place, case)
    before, status = world.told(), 403 if case.ours else 404
    for name, command in commands(case).items():
        answer = ask(place, stranger, *command)
        assert answer.status_code == status, (name, answer.text)
        if status == 403:
            needed = "assign-qualifications" if "requirement" in name else "assign"
            assert answer.json()["permission"] == needed
            assert "Ask a site administrator" in answer.json()["detail"]
    assert world.told() == before

    allowed = {name: ask(place, right, *command).status_code for name, command in commands(case).items()}
    assert list(allowed.values()) == ([202, 409, 201, 409] if type == "job_role" else [202, 200, 201, 201])


@pytest.mark.feature("SEC-2", "SEC-4", "ASG-9")
@pytest.mark.parametrize("type", sorted(CASES.keys() - {"job_role"}))
def test_what_was_shown_is_confirmed_only_as_long_as_the_role_covers_everybody(world: World, type: str) -> None:
    place = Place(world)
    case = CASES[type](place)
    _, right = managers(place, case)
    stranger = world.issuer.headers(_subject(world, right), (MANAGER, place.north), home=place.north)
    body = {"action": "remove", "assignment_ids": [str(case.assignment)]}
    preview = ask(place, right, "POST", "/previews", body).json()["id"]
    before = world.told()
    refused = ask(place, stranger, "POST", f"/previews/{preview}/confirm")
    assert refused.status_code == (403 if case.ours else 404), refused.text
    assert world.told() == before
    assert ask(place, right, "POST", f"/previews/{preview}/confirm").status_code == 202
    world.settle()
    assert world.enrolled(place.offering) == set()


def _subject(world: World, headers: dict[str, str]) -> UUID:
    return world.issuer.verifier.verify(headers["Authorization"].removeprefix("Bearer ")).id


ADDED: Mapping[str, Callable[[Place], tuple[str, UUID]]] = {
    "organisation with somebody of another": lambda p: ("organisation", p.north),
    "manager whose team is elsewhere": lambda p: ("manager", p.team_of(p.north)),
    "audience of both": lambda p: ("audience", p.world.audience(p.theirs, p.ours)),
    "position": lambda p: ("position", p.world.unit("Nurse", kind="position")),
}


@pytest.mark.feature("SEC-2", "SEC-4")
@pytest.mark.parametrize("what", ADDED)
def test_what_cannot_be_changed_cannot_be_added(world: World, what: str) -> None:
    place = Place(world)
    world.job(place.theirs, organisation=place.north)
    type, target = ADDED[what](place)
    world.settle()
    targets = [{"type": type, "target_id": str(target)}]
    body = {"action": "assign", "offering_id": str(place.offering), "targets": targets}
    stranger = world.issuer.headers(uuid4(), (MANAGER, place.north), home=place.north)
    refused = ask(place, stranger, "POST", "/previews", body)
    assert (refused.status_code, refused.json().get("permission")) == (403, "assign")
    assert "Ask a site administrator" in refused.json()["detail"]
    assert ask(place, world.issuer.headers(uuid4(), (MANAGER, None)), "POST", "/previews", body).status_code == 201


class Single(NamedTuple):
    """A command about one learner of South: what it needs, and how it is sent."""

    send: Callable[[Place, dict[str, str]], Response]
    role: str = MANAGER
    outside: int = 404


def _enrollment(p: Place) -> str:
    return str(p.world.enrollments(person_id=p.theirs)[0]["id"])


SINGLE: Mapping[str, Single] = {
    "exclude": Single(
        lambda p, by: ask(p, by, "POST", f"/assignments/{_of(p)}/exclusions", {"person_id": str(p.theirs)})
    ),
    "remove": Single(lambda p, by: ask(p, by, "DELETE", f"/assignments/{_of(p)}")),
    "add to a group": Single(
        lambda p, by: ask(p, by, "POST", f"/groups/{_group(p)}/members", {"people": [str(p.theirs)]}), outside=201
    ),
    "take out of a group": Single(lambda p, by: ask(p, by, "DELETE", f"/groups/{_member(p)}/members/{p.theirs}")),
    "give a job role": Single(
        lambda p, by: ask(p, by, "POST", f"/job-roles/{_role(p)}/holders", {"people": [str(p.theirs)]}), outside=201
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
        )
    ),
}


def _of(p: Place) -> UUID:
    items = p.world.http.get("/api/enrollment/assignments", params={"type": "individual"}).json()["items"]
    return UUID(items[0]["id"])


def _group(p: Place) -> UUID:
    groups = p.world.http.get("/api/enrollment/assignments", params={"type": "group"}).json()["items"]
    if groups:
        return UUID(groups[0]["id"])
    return p.made(p.world.http.post(f"/api/enrollment/offerings/{p.offering}/groups", json={"name": "Morning"}))


def _member(p: Place) -> UUID:
    id = _group(p)
    p.world.http.post(f"/api/enrollment/groups/{id}/members", json={"people": [str(p.theirs)]})
    p.world.settle()
    return id


def _role(p: Place) -> UUID:
    id = p.world.job_role(f"Nurse {uuid4()}")
    p.world.settle()
    return id


def _held(p: Place) -> UUID:
    id = _role(p)
    p.world.hold(id, p.theirs)
    return id


@pytest.mark.feature("SEC-2")
@pytest.mark.parametrize("name", SINGLE)
def test_a_command_about_one_learner_needs_the_permission_where_the_learner_is(world: World, name: str) -> None:
    place, command = Place(world), SINGLE[name]
    individual(place)
    outside = command.send(place, world.issuer.headers(uuid4(), (command.role, place.north)))
    assert outside.status_code == command.outside, outside.text
    if command.outside == 201:
        assert [row["kind"] for row in outside.json()["result"]["refused"]] == ["unknown-person"]
    inside = command.send(place, world.issuer.headers(uuid4(), (command.role, place.south)))
    assert inside.is_success, inside.text
    if command.outside == 201:
        assert inside.json()["result"]["refused"] == []


EVERYWHERE: Mapping[str, Callable[[Place, Case], tuple[str, str, object]]] = {
    "make a group": lambda place, _: ("POST", f"/offerings/{place.offering}/groups", {"name": "Evening"}),
    "edit a group": lambda _, case: ("PUT", f"/groups/{case.assignment}", {"name": "Evening"}),
    "create a trigger": lambda place, _: (
        "POST",
        "/triggers",
        {
            "name": "Rule",
            "when": {"kind": "organisation", "target_id": str(place.north)},
            "offering_id": str(place.offering),
        },
    ),
    "apply a file": lambda *_: ("POST", "/apply", {"groups": [], "triggers": []}),
    "undo a batch": lambda _, case: ("POST", f"/batches/{case.batch}/undo", None),
}


@pytest.mark.feature("SEC-4")
@pytest.mark.parametrize("name", EVERYWHERE)
def test_what_reaches_people_of_any_organisation_needs_the_permission_for_everything(world: World, name: str) -> None:
    place = Place(world)
    case = group(place)
    command, before = EVERYWHERE[name](place, case), world.told()
    refused = ask(place, world.issuer.headers(uuid4(), (MANAGER, place.north)), *command)
    assert (refused.status_code, refused.json()["permission"]) == (403, "assign")
    assert "Ask a site administrator" in refused.json()["detail"]
    assert world.told() == before
    allowed = ask(place, world.issuer.headers(uuid4(), (MANAGER, None)), *command)
    assert allowed.is_success, allowed.text


@pytest.mark.feature("SEC-2", "ADM-5")
def test_a_job_answers_only_who_may_see_its_batch(world: World) -> None:
    place = Place(world)
    starter = world.issuer.headers(uuid4(), (MANAGER, place.south))
    targets = [{"type": "organisation", "target_id": str(place.south)}]
    body = {"action": "assign", "offering_id": str(place.offering), "targets": targets}
    preview = ask(place, starter, "POST", "/previews", body).json()["id"]
    (job,) = ask(place, starter, "POST", f"/previews/{preview}/confirm").json()["result"]["jobs"]
    world.settle()

    def seen(*roles: tuple[str, UUID | None]) -> tuple[int, str]:
        answer = ask(place, world.issuer.headers(uuid4(), *roles), "GET", f"/jobs/{job}")
        return answer.status_code, answer.json().get("state") or answer.json()["detail"]

    unknown = ask(place, world.issuer.headers(uuid4(), (MANAGER, None)), "GET", f"/jobs/{uuid4()}")
    assert unknown.status_code == 404
    assert ask(place, starter, "GET", f"/jobs/{job}").json()["state"] == "finished"
    assert seen((MANAGER, place.south)) == (200, "finished")
    assert seen(("auditor", None)) == (200, "finished")
    assert seen((MANAGER, place.north)) == (404, unknown.json()["detail"])
    assert seen()[0] == 403


@pytest.mark.feature("SEC-2", "ADM-5")
def test_a_job_about_people_of_any_organisation_answers_its_starter_and_who_reads_everything(world: World) -> None:
    place = Place(world)
    case = group(place)
    starter = world.issuer.headers(uuid4(), (MANAGER, None))
    jobs = ask(place, starter, "POST", f"/batches/{case.batch}/undo").json()["result"]["jobs"]
    assert len(jobs) == 2
    for job in jobs:
        stranger = world.issuer.headers(uuid4(), (MANAGER, place.north))
        assert ask(place, stranger, "GET", f"/jobs/{job}").status_code == 404
        assert ask(place, starter, "GET", f"/jobs/{job}").status_code == 200
        assert ask(place, world.issuer.headers(uuid4(), ("auditor", None)), "GET", f"/jobs/{job}").status_code == 200


@pytest.mark.feature("SEC-2")
def test_a_preview_is_shown_to_who_asked_for_it_only(world: World) -> None:
    place = Place(world)
    case = organisation(place)
    _, right = managers(place, case)
    body = {"action": "remove", "assignment_ids": [str(case.assignment)]}
    preview = ask(place, right, "POST", "/previews", body).json()["id"]
    assert ask(place, right, "GET", f"/previews/{preview}").status_code == 200
    other = world.issuer.headers(uuid4(), (MANAGER, None))
    assert ask(place, other, "GET", f"/previews/{preview}").status_code == 404
    assert ask(place, other, "POST", f"/previews/{preview}/confirm").status_code == 404
