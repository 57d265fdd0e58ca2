"""Finding assignments by learner, offering, type, status and dates, over HTTP (ASG-16)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from reporting.harness import Harness

from shared.contracts import enrollment

ADDRESS = "/api/reporting/learner-assignments"

pytestmark = pytest.mark.feature("ASG-16")


def find(harness: Harness, headers: dict[str, str] | None = None, **asked: Any) -> list[dict[str, Any]]:
    answer = harness.http.post(f"{ADDRESS}/search", json=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def people(harness: Harness, **asked: Any) -> list[str]:
    return sorted({f"{row['first_name']} {row['last_name']}" for row in find(harness, **asked)})


def unassign(harness: Harness, person: UUID, course: UUID, assignment: UUID, why: str, **when: Any) -> None:
    end = {"assignment_id": assignment, "term": 1, "why": why}
    harness.tell(harness.enrollment, harness.about(enrollment.LearnerUnassigned, person, course, **end), **when)


def test_parts_of_first_and_last_name_in_any_case_narrow_together(harness: Harness) -> None:
    course = harness.course()
    crowd = [harness.person(name) for name in ("Ada Lovelace", "Adam Smith", "Anna Lovell", "Zoë 50%_Off")]
    harness.enrol(*crowd, offering=course, assignment=harness.assignment(course))
    harness.settle()

    assert people(harness, first_name="ADA") == ["Ada Lovelace", "Adam Smith"]
    assert people(harness, last_name="love") == ["Ada Lovelace", "Anna Lovell"]
    assert people(harness, first_name="ada", last_name="love") == ["Ada Lovelace"]
    assert people(harness, first_name="Ã") == []
    assert people(harness, first_name="ZOË", last_name="%_") == ["Zoë 50%_Off"]
    assert people(harness, first_name="", last_name="") == people(harness)


def test_a_name_is_refused_in_an_address(harness: Harness) -> None:
    assert harness.http.get(f"{ADDRESS}/search", params={"last_name": "Lovelace"}).status_code == 422


def test_offering_type_person_assignment_and_days_of_creation_narrow(harness: Harness) -> None:
    ada, bob = harness.person("Ada A"), harness.person("Bob B")
    fire, ice = harness.course("Fire"), harness.course("Ice")
    team, alone = harness.audience("Drivers"), harness.assignment(ice, "individual", bob)
    by_team = harness.assignment(fire, "audience", team)
    harness.enrol(ada, bob, offering=fire, assignment=by_team, at=datetime(2026, 3, 1, 0, 0, tzinfo=UTC))
    harness.enrol(bob, offering=ice, assignment=alone, at=datetime(2026, 3, 2, 23, 59, tzinfo=UTC))
    harness.settle()

    assert [(row["offering_title"], row["name"], row["type"]) for row in find(harness, person_id=str(bob))] == [
        ("Ice", "Bob B", "individual"),
        ("Fire", "Drivers", "audience"),
    ]
    assert people(harness, offering_id=str(fire)) == ["Ada A", "Bob B"]
    assert people(harness, type=["individual", "position"]) == ["Bob B"]
    assert people(harness, assignment_id=str(by_team), first_name="ada") == ["Ada A"]
    assert [row["offering_title"] for row in find(harness, created_from="2026-03-02")] == ["Ice"]
    assert len(find(harness, created_until="2026-03-01")) == 2
    assert len(find(harness, created_from="2026-03-01", created_until="2026-03-02")) == 3
    assert find(harness, created_from="2026-03-03") == []


def test_the_status_tells_what_became_of_it_and_a_second_time_is_another_one(harness: Harness) -> None:
    course = harness.course()
    names = ("Act Ive", "Can Celled", "En Ded", "Ex Pired")
    active, cancelled, ended, expired = (harness.person(name) for name in names)
    assignment = harness.assignment(course, "audience", harness.audience("Drivers"))
    harness.enrol(active, cancelled, ended, expired, offering=course, assignment=assignment)
    unassign(harness, cancelled, course, assignment, "cancelled")
    unassign(harness, ended, course, assignment, "dropped-out")
    over = harness.about(enrollment.AccessExpired, expired, course, term=1)
    harness.tell(harness.enrollment, over)
    harness.settle()

    statuses = {row["last_name"]: row["status"] for row in find(harness)}
    assert statuses == {"Ive": "active", "Celled": "cancelled", "Ded": "ended", "Pired": "expired"}
    assert people(harness, status=["cancelled", "ended"]) == ["Can Celled", "En Ded"]
    assert people(harness, status=["active"]) == ["Act Ive"]

    harness.tell(harness.enrollment, harness.assigned(cancelled, course, assignment, term=2))
    harness.settle()
    again, before = find(harness, person_id=str(cancelled))
    assert (again["status"], again["ended_at"], before["status"]) == ("active", None, "cancelled")
    assert before["ended_at"] is not None
    assert again["number"] > before["number"]
    assert harness.http.get(f"{ADDRESS}/{before['number']}").json() == before


def test_the_name_of_what_is_gone_is_the_last_there_was(harness: Harness) -> None:
    course, ada, team = harness.course(), harness.person(), harness.audience("Drivers")
    assignment = harness.assignment(course, "audience", team)
    harness.enrol(ada, offering=course, assignment=assignment)
    harness.settle()
    harness.execute("UPDATE audience SET valid_to = now()")
    assert [row["name"] for row in find(harness)] == ["Drivers"]


def test_pages_begin_with_the_newest_and_give_each_once(harness: Harness) -> None:
    course = harness.course()
    crowd = [harness.person(f"P{n} Q") for n in range(5)]
    for one in crowd:
        harness.enrol(one, offering=course, assignment=harness.assignment(course, "individual", one))
    harness.settle()
    whole = find(harness)
    assert [row["first_name"] for row in whole] == ["P4", "P3", "P2", "P1", "P0"]

    paged, cursor = [], None
    while True:
        page = harness.http.post(f"{ADDRESS}/search", json={"limit": 2, "cursor": cursor}).json()
        paged += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert paged == whole


def test_only_learners_of_the_callers_organisations_are_found(harness: Harness) -> None:
    mine, other = harness.unit("Mine"), harness.unit("Other")
    below = harness.unit("Below", mine)
    ada, bob = harness.person("Ada A", below), harness.person("Bob B", other)
    course = harness.course()
    harness.enrol(ada, bob, offering=course, assignment=harness.assignment(course))
    harness.settle()
    (his,) = find(harness, first_name="Bob")

    manager = harness.signed_in(("enrollment-manager", mine))
    assert [row["person_id"] for row in find(harness, manager)] == [str(ada)]
    assert find(harness, manager, first_name="Bob") == []
    hidden = harness.http.get(f"{ADDRESS}/{his['number']}", headers=manager)
    assert hidden.status_code == 404
    refused = harness.http.post(f"{ADDRESS}/search", json={}, headers=harness.signed_in())
    assert (refused.status_code, refused.json()["permission"]) == (403, "read-assignments")


def test_it_waits_for_a_position_and_refuses_what_it_cannot_read(harness: Harness) -> None:
    course, ada = harness.course(), harness.person()
    position = harness.enrol(ada, offering=course, assignment=harness.assignment(course))
    late = harness.http.post(
        f"{ADDRESS}/search", json={"at_least": f"enrollment:{position}"}, headers={"Prefer": "wait=0"}
    )
    assert late.status_code == 503
    harness.settle()
    assert len(find(harness, at_least=f"enrollment:{position}")) == 1
    for wrong in ({"status": ["gone"]}, {"created_from": "soon"}, {"cursor": "x"}, {"surname": "A"}, {"limit": 10**6}):
        refused = harness.http.post(f"{ADDRESS}/search", json=wrong)
        assert refused.status_code == 422, wrong
