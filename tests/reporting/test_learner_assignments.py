"""Finding assignments by learner, offering, type, status and dates, over HTTP (ASG-16)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from reporting_world import World

from shared.contracts import enrollment

ADDRESS = "/api/reporting/learner-assignments"

pytestmark = pytest.mark.feature("ASG-16")


def find(world: World, headers: dict[str, str] | None = None, **asked: Any) -> list[dict[str, Any]]:
    answer = world.http.post(f"{ADDRESS}/search", json=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def people(world: World, **asked: Any) -> list[str]:
    return sorted({f"{row['first_name']} {row['last_name']}" for row in find(world, **asked)})


def unassign(world: World, person: UUID, course: UUID, assignment: UUID, why: str, **when: Any) -> None:
    end = {"assignment_id": assignment, "term": 1, "why": why}
    world.tell(world.enrollment, world.about(enrollment.LearnerUnassigned, person, course, **end), **when)


def test_parts_of_first_and_last_name_in_any_case_narrow_together(world: World) -> None:
    course = world.course()
    crowd = [world.person(name) for name in ("Ada Lovelace", "Adam Smith", "Anna Lovell", "Zoë 50%_Off")]
    world.enrol(*crowd, offering=course, assignment=world.assignment(course))
    world.settle()

    assert people(world, first_name="ADA") == ["Ada Lovelace", "Adam Smith"]
    assert people(world, last_name="love") == ["Ada Lovelace", "Anna Lovell"]
    assert people(world, first_name="ada", last_name="love") == ["Ada Lovelace"]
    assert people(world, first_name="Ã") == []
    assert people(world, first_name="ZOË", last_name="%_") == ["Zoë 50%_Off"]
    assert people(world, first_name="", last_name="") == people(world)


def test_a_name_is_refused_in_an_address(world: World) -> None:
    assert world.http.get(f"{ADDRESS}/search", params={"last_name": "Lovelace"}).status_code == 422


def test_offering_type_person_assignment_and_days_of_creation_narrow(world: World) -> None:
    ada, bob = world.person("Ada A"), world.person("Bob B")
    fire, ice = world.course("Fire"), world.course("Ice")
    team, alone = world.audience("Drivers"), world.assignment(ice, "individual", bob)
    by_team = world.assignment(fire, "audience", team)
    world.enrol(ada, bob, offering=fire, assignment=by_team, at=datetime(2026, 3, 1, 0, 0, tzinfo=UTC))
    world.enrol(bob, offering=ice, assignment=alone, at=datetime(2026, 3, 2, 23, 59, tzinfo=UTC))
    world.settle()

    assert [(row["offering_title"], row["name"], row["type"]) for row in find(world, person_id=str(bob))] == [
        ("Ice", "Bob B", "individual"),
        ("Fire", "Drivers", "audience"),
    ]
    assert people(world, offering_id=str(fire)) == ["Ada A", "Bob B"]
    assert people(world, type=["individual", "position"]) == ["Bob B"]
    assert people(world, assignment_id=str(by_team), first_name="ada") == ["Ada A"]
    assert [row["offering_title"] for row in find(world, created_from="2026-03-02")] == ["Ice"]
    assert len(find(world, created_until="2026-03-01")) == 2
    assert len(find(world, created_from="2026-03-01", created_until="2026-03-02")) == 3
    assert find(world, created_from="2026-03-03") == []


def test_the_status_tells_what_became_of_it_and_a_second_time_is_another_one(world: World) -> None:
    course = world.course()
    names = ("Act Ive", "Can Celled", "En Ded", "Ex Pired")
    active, cancelled, ended, expired = (world.person(name) for name in names)
    assignment = world.assignment(course, "audience", world.audience("Drivers"))
    world.enrol(active, cancelled, ended, expired, offering=course, assignment=assignment)
    unassign(world, cancelled, course, assignment, "cancelled")
    unassign(world, ended, course, assignment, "dropped-out")
    over = world.about(enrollment.AccessExpired, expired, course, term=1)
    world.tell(world.enrollment, over)
    world.settle()

    statuses = {row["last_name"]: row["status"] for row in find(world)}
    assert statuses == {"Ive": "active", "Celled": "cancelled", "Ded": "ended", "Pired": "expired"}
    assert people(world, status=["cancelled", "ended"]) == ["Can Celled", "En Ded"]
    assert people(world, status=["active"]) == ["Act Ive"]

    world.tell(world.enrollment, world.assigned(cancelled, course, assignment, term=2))
    world.settle()
    again, before = find(world, person_id=str(cancelled))
    assert (again["status"], again["ended_at"], before["status"]) == ("active", None, "cancelled")
    assert before["ended_at"] is not None
    assert again["number"] > before["number"]
    assert world.http.get(f"{ADDRESS}/{before['number']}").json() == before


def test_the_name_of_what_is_gone_is_the_last_there_was(world: World) -> None:
    course, ada, team = world.course(), world.person(), world.audience("Drivers")
    assignment = world.assignment(course, "audience", team)
    world.enrol(ada, offering=course, assignment=assignment)
    world.settle()
    world.execute("UPDATE audience SET valid_to = now()")
    assert [row["name"] for row in find(world)] == ["Drivers"]


def test_pages_begin_with_the_newest_and_give_each_once(world: World) -> None:
    course = world.course()
    crowd = [world.person(f"P{n} Q") for n in range(5)]
    for one in crowd:
        world.enrol(one, offering=course, assignment=world.assignment(course, "individual", one))
    world.settle()
    whole = find(world)
    assert [row["first_name"] for row in whole] == ["P4", "P3", "P2", "P1", "P0"]

    paged, cursor = [], None
    while True:
        page = world.http.post(f"{ADDRESS}/search", json={"limit": 2, "cursor": cursor}).json()
        paged += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert paged == whole


def test_only_learners_of_the_callers_organisations_are_found(world: World) -> None:
    mine, other = world.unit("Mine"), world.unit("Other")
    below = world.unit("Below", mine)
    ada, bob = world.person("Ada A", below), world.person("Bob B", other)
    course = world.course()
    world.enrol(ada, bob, offering=course, assignment=world.assignment(course))
    world.settle()
    (his,) = find(world, first_name="Bob")

    manager = world.signed_in(("enrollment-manager", mine))
    assert [row["person_id"] for row in find(world, manager)] == [str(ada)]
    assert find(world, manager, first_name="Bob") == []
    hidden = world.http.get(f"{ADDRESS}/{his['number']}", headers=manager)
    assert hidden.status_code == 404
    refused = world.http.post(f"{ADDRESS}/search", json={}, headers=world.signed_in())
    assert (refused.status_code, refused.json()["permission"]) == (403, "read-assignments")


def test_it_waits_for_a_position_and_refuses_what_it_cannot_read(world: World) -> None:
    course, ada = world.course(), world.person()
    position = world.enrol(ada, offering=course, assignment=world.assignment(course))
    late = world.http.post(
        f"{ADDRESS}/search", json={"at_least": f"enrollment:{position}"}, headers={"Prefer": "wait=0"}
    )
    assert late.status_code == 503
    world.settle()
    assert len(find(world, at_least=f"enrollment:{position}")) == 1
    for wrong in ({"status": ["gone"]}, {"created_from": "soon"}, {"cursor": "x"}, {"surname": "A"}, {"limit": 10**6}):
        refused = world.http.post(f"{ADDRESS}/search", json=wrong)
        assert refused.status_code == 422, wrong
