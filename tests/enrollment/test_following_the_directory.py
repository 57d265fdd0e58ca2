"""Dynamic rules: enrollments follow people, structure and offerings, and only what changed is touched (ASG-10)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from world import World, tomorrow

from shared.contracts import catalog, directory
from shared.timers import Clock


@pytest.mark.feature("ASG-10")
def test_a_move_changes_that_persons_enrollments_and_touches_no_other_stream(world: World) -> None:
    a, b = world.course("A"), world.course("B")
    north, south = world.unit("North"), world.unit("South")
    mover, *others = world.people(20, north)
    world.settle()
    world.assign(a, "organisation", north)
    world.assign(b, "organisation", south)
    before = len(world.told())
    world.move(mover, south)
    world.settle()
    assert world.standing(mover, a) == "withdrawn"
    assert world.standing(mover, b) == "not-started"
    assert 0 < len(world.told()) - before == len(world.told(of=[mover])) - 1
    assert world.enrolled(a) == set(others)


@pytest.mark.feature("ASG-10")
def test_a_move_from_one_source_to_another_of_the_same_offering_keeps_the_term(world: World) -> None:
    course, north, south = world.course(), world.unit("North"), world.unit("South")
    ann = world.person(north)
    world.settle()
    world.assign(course, "organisation", north)
    world.assign(course, "organisation", south)
    world.move(ann, south)
    world.settle()
    (enrollment,) = world.enrollments(person_id=ann)
    assert (enrollment["status"], enrollment["term"]) == ("not-started", 1)
    assert "LearnerWithdrawn" not in world.told()


@pytest.mark.feature("ASG-10")
def test_training_that_was_begun_is_kept_without_source_and_gets_one_again(world: World) -> None:
    course, ann, bo = world.course(), world.person(), world.person()
    audience = world.audience(ann, bo)
    world.settle()
    world.assign(course, "audience", audience)
    world.begin(ann, course)
    world.leave(audience, ann, bo)
    world.settle()
    assert (world.standing(ann, course), world.standing(bo, course)) == ("in-progress!", "withdrawn")
    world.join(audience, ann, bo)
    world.settle()
    assert (world.standing(ann, course), world.standing(bo, course)) == ("in-progress", "not-started")
    assert {UUID(str(e["person_id"])): e["term"] for e in world.enrollments()} == {ann: 1, bo: 2}


@pytest.mark.feature("ASG-10")
def test_an_offering_may_choose_that_drop_outs_do_not_keep_what_they_have_begun(world: World) -> None:
    course, ann = world.course(), world.person()
    audience = world.audience(ann)
    world.settle()
    world.assign(course, "audience", audience)
    world.begin(ann, course)
    world.tell(world.catalog, catalog.DropOutsDecided, course, keep_begun=False)
    world.leave(audience, ann)
    world.settle()
    assert world.standing(ann, course) == "withdrawn"


@pytest.mark.feature("ASG-10", "CAT-15")
def test_a_completed_training_keeps_the_version_it_was_completed_on(world: World) -> None:
    certification, ann = world.certification(), world.person()
    audience = world.audience(ann)
    world.settle()
    world.assign(certification, "audience", audience)
    id = world.enrollments(person_id=ann)[0]["id"]
    world.did(id, "steps/2/attempts", score=100)
    world.did(id, "steps/1/complete")
    steps = [{"kind": "task", "title": "Something new"}]
    world.tell(world.catalog, catalog.VersionDrafted, certification, version=2, steps=steps)
    world.publish(certification, 2)
    world.settle()
    (enrollment,) = world.enrollments(person_id=ann)
    assert (enrollment["status"], enrollment["completed_version"]) == ("completed", 1)


@pytest.mark.feature("ASG-10")
def test_an_inactive_person_leaves_the_rules_and_keeps_individual_assignments(world: World) -> None:
    ruled, own, new, north = world.course("Ruled"), world.course("Own"), world.course("New"), world.unit()
    ann = world.person(north)
    world.settle()
    world.assign(ruled, "organisation", north)
    world.http.post("/api/enrollment/assignments", json={"offerings": [str(own)], "people": [str(ann)]})
    world.settle()
    world.tell(world.directory, directory.PersonDeactivated, ann, why="left")
    world.settle()
    assert (world.standing(ann, ruled), world.standing(ann, own)) == ("withdrawn", "not-started")
    assert world.preview(new, ("organisation", north, False))["people"] == 0
    refused = world.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(ruled)], "people": [str(ann)]}
    ).json()["result"]["refused"]
    assert [row["kind"] for row in refused] == ["inactive-person"]
    world.tell(world.directory, directory.PersonReactivated, ann)
    world.settle()
    assert world.standing(ann, ruled) == "not-started"


@pytest.mark.feature("ASG-10", "ASG-3")
def test_a_unit_that_moves_takes_its_people_into_the_rules_above_it(world: World) -> None:
    course, north, south = world.course(), world.unit("North"), world.unit("South")
    ward = world.unit("Ward", south)
    ann = world.person(ward)
    world.settle()
    world.assign(course, "organisation", north, below=True)
    assert world.enrolled(course) == set()
    framework = UUID(int=1)
    world.tell(
        world.directory, directory.UnitMoved, ward, **{"kind": "organisation"}, framework=framework, parent=north
    )
    world.settle()
    assert world.enrolled(course) == {ann}


@pytest.mark.feature("ASG-10")
def test_a_changed_manager_moves_everybody_below_to_the_other_hierarchy(world: World) -> None:
    course = world.course()
    old, new, lead, worker = (world.person() for _ in range(4))
    old_job, new_job = world.job(old), world.job(new)
    middle = world.job(lead, manager_job=old_job, manager=old)
    world.job(worker, manager_job=middle, manager=lead)
    world.settle()
    world.assign(course, "manager", new, below=True)
    world.job(lead, id=middle, manager_job=new_job, manager=new)
    world.settle()
    assert world.enrolled(course) == {lead, worker}


@pytest.mark.feature("ASG-10", "DIR-4")
def test_a_job_that_begins_tomorrow_places_its_holder_tomorrow(world: World) -> None:
    course, nurse, ann = world.course(), world.unit("Nurse", kind="position"), world.person()
    world.job(ann, position=nurse, starts=tomorrow())
    world.settle()
    world.assign(course, "position", nurse)
    assert world.enrolled(course) == set()
    clock = next(worker for worker in world.service.workers if isinstance(worker, Clock))
    assert clock.step() == 0
    world.on(tomorrow())
    assert clock.step(datetime.now(UTC) + timedelta(days=2)) == 1
    world.settle()
    assert world.enrolled(course) == {ann}


@pytest.mark.feature("CAT-3", "CAT-4")
@pytest.mark.parametrize("closed", ["inactive", "unpublished"])
def test_a_closed_offering_refuses_new_learners_and_catches_up_when_it_opens(world: World, closed: str) -> None:
    offering = world.certification(published=closed != "unpublished")
    audience = world.audience(world.person())
    if closed == "inactive":
        world.settle()
        world.assign(offering, "audience", audience)
        world.tell(world.catalog, catalog.OfferingDeactivated, offering)
    world.settle()
    newcomer = world.person()
    world.join(audience, newcomer)
    world.settle()
    assert newcomer not in world.enrolled(offering)
    for path, body in (
        ("assignments", {"offerings": [str(offering)], "people": [str(newcomer)]}),
        (
            "previews",
            {
                "action": "assign",
                "offering_id": str(offering),
                "targets": [{"type": "individual", "target_id": str(newcomer)}],
            },
        ),
    ):
        answer = world.http.post(f"/api/enrollment/{path}", json=body)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, f"offering-{closed}")
        assert answer.json()["field"] == "offering_id"
    if closed == "inactive":
        assert len(world.enrolled(offering)) == 1
        world.tell(world.catalog, catalog.OfferingActivated, offering)
        world.settle()
        assert newcomer in world.enrolled(offering)


@pytest.mark.feature("CAT-4", "ASG-10")
def test_what_no_longer_holds_is_withdrawn_even_from_an_inactive_offering(world: World) -> None:
    course, ann = world.course(), world.person()
    audience = world.audience(ann)
    world.settle()
    world.assign(course, "audience", audience)
    world.tell(world.catalog, catalog.OfferingDeactivated, course)
    world.leave(audience, ann)
    world.settle()
    assert world.standing(ann, course) == "withdrawn"


@pytest.mark.feature("ASG-10", "TRG-2")
def test_an_audience_that_is_removed_holds_nobody_any_more(world: World) -> None:
    course, other, ann = world.course(), world.course("Other"), world.person()
    audience = world.audience(ann)
    world.trigger("Staff", {"kind": "audience", "target_id": str(audience)}, offering_id=other, undo=True)
    world.leave(audience, ann)
    world.settle()
    world.join(audience, ann)
    world.settle()
    world.assign(course, "audience", audience)
    assert [world.standing(ann, on) for on in (course, other)] == ["not-started", "not-started"]
    world.leave(audience, ann)
    world.tell(world.directory, directory.AudienceRemoved, audience)
    world.settle()
    assert [world.standing(ann, on) for on in (course, other)] == ["withdrawn", "withdrawn"]
    body = {
        "action": "assign",
        "offering_id": str(course),
        "targets": [{"type": "audience", "target_id": str(audience)}],
    }
    assert world.http.post("/api/enrollment/previews", json=body).status_code == 404
