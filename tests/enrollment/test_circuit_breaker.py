"""The circuit breaker: large changes of a feed wait for an administrator, smaller ones pass (ASG-21)."""

from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness, OpenHarness

from shared.contracts import directory


@pytest.fixture
def small(open_harness: OpenHarness) -> Harness:
    """Ten learners are too many here; fewer than three never are."""
    return open_harness(breaker_learners=10, breaker_share=0.5, breaker_minimum=3)


def moved(harness: Harness, people: list[UUID], home: UUID | None, batch: UUID | None = None) -> UUID:
    batch = batch or uuid4()
    for person in people:
        harness.tell(harness.directory, directory.PersonMoved, person, batch=batch, home_organisation=home)
    return batch


def held(harness: Harness) -> list[tuple[str, str, int, int, int]]:
    items = harness.http.get("/api/enrollment/held-changes").json()["items"]
    return [(i["batch"], i["feed"], i["enrolled"], i["withdrawn"], i["people"]) for i in items]


def release(harness: Harness, batch: UUID) -> int:
    answer = harness.http.post(f"/api/enrollment/held-changes/{batch}/release", json={"reason": "the new site opened"})
    harness.settle()
    return answer.status_code


@pytest.mark.feature("ASG-21")
def test_too_many_at_once_wait_with_a_preview_until_they_are_released(small: Harness) -> None:
    north, course = small.unit("North"), small.course()
    people = small.people(30)
    small.settle()
    small.assign(course, "organisation", north)
    batch = moved(small, people[:11], north)
    small.settle()
    assert (small.enrolled(course), held(small)) == (set(), [(str(batch), "directory", 11, 0, 11)])
    preview = small.http.get(f"/api/enrollment/held-changes/{batch}/preview").json()
    numbers = {"enrolled": 11, "withdrawn": 0, "held_by_exceptions": 0}
    called = {"offering_id": str(course), "offering_title": "Fire safety", "offering_kind": "course"}
    assert preview == [called | numbers]
    assert small.http.get("/api/enrollment/held-changes").json()["items"][0]["offerings"] == preview
    for asked, many in ((batch, 1), (uuid4(), 0)):
        found = small.http.get("/api/enrollment/held-changes", params={"batch": str(asked)}).json()["items"]
        assert len(found) == many
    moved(small, people[11:20], north)
    small.settle()
    assert small.enrolled(course) == set(people[11:20])
    assert release(small, batch) == 200
    assert (small.enrolled(course), held(small)) == (set(people[:20]), [])
    assert release(small, batch) == 404
    assert [told for told in small.told() if told.startswith("Change")] == ["ChangeHeld", "ChangeReleased"]


@pytest.mark.feature("ASG-21")
def test_withdrawals_and_shares_count_too(small: Harness) -> None:
    north, south, course = small.unit("North"), small.unit("South"), small.course()
    people = small.people(8, north)
    small.settle()
    small.assign(course, "organisation", north)
    assert small.enrolled(course) == set(people)
    batch = moved(small, people[:5], south)
    small.settle()
    assert held(small) == [(str(batch), "directory", 0, 5, 5)]
    assert small.enrolled(course) == set(people)
    moved(small, people[5:], south)
    small.settle()
    assert small.enrolled(course) == set(people[:5])
    moved(small, people[:5], north)
    small.settle()
    assert (small.enrolled(course), held(small)) == (set(people[:5]), [(str(batch), "directory", 0, 5, 0)])


@pytest.mark.feature("ASG-21")
def test_a_bulk_change_is_judged_as_a_whole_once_it_is_complete(small: Harness) -> None:
    north, course = small.unit("North"), small.course()
    people = small.people(40)
    small.settle()
    small.assign(course, "organisation", north)
    batch = uuid4()
    small.tell(small.directory, directory.BatchStarted, batch, batch=batch, feed="import")
    for part in (people[:6], people[6:12]):
        moved(small, part, north, batch)
        small.settle()
        assert small.enrolled(course) == set()
    small.tell(small.directory, directory.BatchFinished, batch, batch=batch, outcomes={"changed": 12})
    small.settle()
    assert held(small) == [(str(batch), "import", 12, 0, 12)]
    release(small, batch)
    assert small.enrolled(course) == set(people[:12])

    other = uuid4()
    small.tell(small.directory, directory.BatchStarted, other, batch=other, feed="import")
    moved(small, people[12:22], north, other)
    small.settle()
    assert small.enrolled(course) == set(people[:12])
    small.tell(small.directory, directory.BatchFinished, other, batch=other, outcomes={"changed": 10})
    small.settle()
    assert (small.enrolled(course), held(small)) == (set(people[:22]), [])


@pytest.mark.feature("ASG-21")
def test_a_change_in_parts_is_held_where_the_parts_together_are_too_many(small: Harness) -> None:
    audience, course, batch = small.audience(), small.course(), uuid4()
    people = small.people(40)
    small.settle()
    preview = small.preview(course, ("audience", audience, False), allow_empty=True)
    assert small.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").status_code == 202
    small.settle()
    for first in (0, 6):
        joined = people[first : first + 6]
        small.tell(small.directory, directory.AudienceMembersAdded, audience, batch=batch, people=joined)
        small.settle()
    assert (small.enrolled(course), held(small)) == (set(people[:6]), [(str(batch), "directory", 12, 0, 6)])
    small.tell(small.directory, directory.AudienceMembersAdded, audience, batch=batch, people=people[12:14])
    small.settle()
    assert (len(small.enrolled(course)), held(small)[0][4]) == (6, 8)
    release(small, batch)
    assert small.enrolled(course) == set(people[:14])


@pytest.mark.feature("ASG-21", "SEC-1", "SEC-4")
def test_commands_are_not_held_and_only_site_administrators_release(small: Harness) -> None:
    north, course = small.unit("North"), small.course()
    people = small.people(20, north)
    small.settle()
    small.assign(course, "organisation", north)
    assert small.enrolled(course) == set(people)
    batch = moved(small, people[:12], None)
    small.settle()
    manager = small.client(uuid4(), ("enrollment-manager", None))
    assert manager.post(f"/api/enrollment/held-changes/{batch}/release").status_code == 403
    assert small.client(uuid4()).get("/api/enrollment/held-changes").status_code == 403
    assert held(small)[0][3] == 12


@pytest.mark.feature("ASG-21", "TRG-1", "TRG-2")
def test_what_triggers_would_do_counts_before_they_act(small: Harness) -> None:
    site, crane = small.unit("Site"), small.qualification("Crane", small.course())
    people, worker = small.people(30), small.job_role("Worker", crane)
    when = {"kind": "organisation", "target_id": str(site)}
    trigger = small.trigger("Site", when, job_role_id=worker, undo=True)
    batch = moved(small, people[:11], site)
    small.settle()
    assert (small.enrolled(crane), held(small)) == (set(), [(str(batch), "directory", 11, 0, 11)])
    assert small.http.get(f"/api/enrollment/triggers/{trigger}").json()["people"] == 0
    assert "TriggerFired" not in small.told()
    assert release(small, batch) == 200
    assert small.enrolled(crane) == set(people[:11])
    assert small.http.get(f"/api/enrollment/triggers/{trigger}").json()["people"] == 11
    back = moved(small, people[:11], None)
    small.settle()
    assert (small.enrolled(crane), held(small)) == (set(people[:11]), [(str(back), "directory", 0, 11, 11)])


@pytest.mark.feature("ASG-21")
def test_a_bulk_change_that_is_taken_in_one_piece_is_judged_once(small: Harness) -> None:
    north, course, batch = small.unit("North"), small.course(), uuid4()
    people = small.people(30)
    small.settle()
    small.assign(course, "organisation", north)
    small.tell(small.directory, directory.BatchStarted, batch, batch=batch, feed="import")
    moved(small, people[:11], north, batch)
    small.tell(small.directory, directory.BatchFinished, batch, batch=batch, outcomes={"moved": 11})
    small.settle()
    (found,) = small.http.get("/api/enrollment/held-changes").json()["items"]
    assert [(one["offering_id"], one["enrolled"], one["withdrawn"]) for one in found["offerings"]] == [
        (str(course), 11, 0)
    ]
    assert small.told().count("ChangeHeld") == 1
