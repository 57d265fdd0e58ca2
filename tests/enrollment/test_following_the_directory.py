"""Dynamic rules: enrollments follow people, structure and offerings, and only what changed is touched (ASG-10)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from enrollment.harness import Harness, tomorrow

from shared.contracts import catalog, directory
from shared.timers import TimerWorker


@pytest.mark.feature("ASG-10")
def test_a_move_changes_that_persons_enrollments_and_touches_no_other_stream(harness: Harness) -> None:
    a, b = harness.course("A"), harness.course("B")
    north, south = harness.unit("North"), harness.unit("South")
    mover, *others = harness.people(20, north)
    harness.settle()
    harness.assign(a, "organisation", north)
    harness.assign(b, "organisation", south)
    before = len(harness.told())
    harness.move(mover, south)
    harness.settle()
    assert harness.standing(mover, a) == "withdrawn"
    assert harness.standing(mover, b) == "not-started"
    assert 0 < len(harness.told()) - before == len(harness.told(of=[mover])) - 1
    assert harness.enrolled(a) == set(others)


@pytest.mark.feature("ASG-10")
def test_a_move_from_one_source_to_another_of_the_same_offering_keeps_the_term(harness: Harness) -> None:
    course, north, south = harness.course(), harness.unit("North"), harness.unit("South")
    ann = harness.person(north)
    harness.settle()
    harness.assign(course, "organisation", north)
    harness.assign(course, "organisation", south)
    harness.move(ann, south)
    harness.settle()
    (enrollment,) = harness.enrollments(person_id=ann)
    assert (enrollment["status"], enrollment["term"]) == ("not-started", 1)
    assert "LearnerWithdrawn" not in harness.told()


@pytest.mark.feature("ASG-10")
def test_training_that_was_begun_is_kept_without_source_and_gets_one_again(harness: Harness) -> None:
    course, ann, bo = harness.course(), harness.person(), harness.person()
    audience = harness.audience(ann, bo)
    harness.settle()
    harness.assign(course, "audience", audience)
    harness.begin(ann, course)
    harness.leave(audience, ann, bo)
    harness.settle()
    assert (harness.standing(ann, course), harness.standing(bo, course)) == ("in-progress!", "withdrawn")
    harness.join(audience, ann, bo)
    harness.settle()
    assert (harness.standing(ann, course), harness.standing(bo, course)) == ("in-progress", "not-started")
    assert {UUID(str(e["person_id"])): e["term"] for e in harness.enrollments()} == {ann: 1, bo: 2}


@pytest.mark.feature("ASG-10")
def test_an_offering_may_choose_that_drop_outs_do_not_keep_what_they_have_begun(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    harness.assign(course, "audience", audience)
    harness.begin(ann, course)
    harness.tell(harness.catalog, catalog.DropOutsDecided, course, keep_begun=False)
    harness.leave(audience, ann)
    harness.settle()
    assert harness.standing(ann, course) == "withdrawn"


@pytest.mark.feature("ASG-10", "CAT-15")
def test_a_completed_training_keeps_the_version_it_was_completed_on(harness: Harness) -> None:
    certification, ann = harness.certification(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    harness.assign(certification, "audience", audience)
    id = harness.enrollments(person_id=ann)[0]["id"]
    harness.did(id, "steps/2/attempts", score=100)
    harness.did(id, "steps/1/complete")
    steps = [{"kind": "task", "title": "Something new"}]
    harness.tell(harness.catalog, catalog.VersionDrafted, certification, version=2, steps=steps)
    harness.publish(certification, 2)
    harness.settle()
    (enrollment,) = harness.enrollments(person_id=ann)
    assert (enrollment["status"], enrollment["completed_version"]) == ("completed", 1)


@pytest.mark.feature("ASG-10")
def test_an_inactive_person_leaves_the_rules_and_keeps_individual_assignments(harness: Harness) -> None:
    ruled, own, new, north = harness.course("Ruled"), harness.course("Own"), harness.course("New"), harness.unit()
    ann = harness.person(north)
    harness.settle()
    harness.assign(ruled, "organisation", north)
    harness.http.post("/api/enrollment/assignments", json={"offerings": [str(own)], "people": [str(ann)]})
    harness.settle()
    harness.tell(harness.directory, directory.PersonDeactivated, ann, why="left")
    harness.settle()
    assert (harness.standing(ann, ruled), harness.standing(ann, own)) == ("withdrawn", "not-started")
    assert harness.preview(new, ("organisation", north, False))["people"] == 0
    refused = harness.http.post(
        "/api/enrollment/assignments", json={"offerings": [str(ruled)], "people": [str(ann)]}
    ).json()["result"]["refused"]
    assert [row["kind"] for row in refused] == ["inactive-person"]
    harness.tell(harness.directory, directory.PersonReactivated, ann)
    harness.settle()
    assert harness.standing(ann, ruled) == "not-started"


@pytest.mark.feature("ASG-10", "ASG-3")
def test_a_unit_that_moves_takes_its_people_into_the_rules_above_it(harness: Harness) -> None:
    course, north, south = harness.course(), harness.unit("North"), harness.unit("South")
    ward = harness.unit("Ward", south)
    ann = harness.person(ward)
    harness.settle()
    harness.assign(course, "organisation", north, below=True)
    assert harness.enrolled(course) == set()
    framework = UUID(int=1)
    harness.tell(
        harness.directory, directory.UnitMoved, ward, **{"kind": "organisation"}, framework=framework, parent=north
    )
    harness.settle()
    assert harness.enrolled(course) == {ann}


@pytest.mark.feature("ASG-10")
def test_a_changed_manager_moves_everybody_below_to_the_other_hierarchy(harness: Harness) -> None:
    course = harness.course()
    old, new, lead, worker = (harness.person() for _ in range(4))
    old_job, new_job = harness.job(old), harness.job(new)
    middle = harness.job(lead, manager_job=old_job, manager=old)
    harness.job(worker, manager_job=middle, manager=lead)
    harness.settle()
    harness.assign(course, "manager", new, below=True)
    harness.job(lead, id=middle, manager_job=new_job, manager=new)
    harness.settle()
    assert harness.enrolled(course) == {lead, worker}


@pytest.mark.feature("ASG-10", "DIR-4")
def test_a_job_that_begins_tomorrow_places_its_holder_tomorrow(harness: Harness) -> None:
    course, nurse, ann = harness.course(), harness.unit("Nurse", kind="position"), harness.person()
    harness.job(ann, position=nurse, starts=tomorrow())
    harness.settle()
    harness.assign(course, "position", nurse)
    assert harness.enrolled(course) == set()
    clock = next(worker for worker in harness.service.workers if isinstance(worker, TimerWorker))
    assert clock.step() == 0
    harness.on(tomorrow())
    assert clock.step(datetime.now(UTC) + timedelta(days=2)) == 1
    harness.settle()
    assert harness.enrolled(course) == {ann}


@pytest.mark.feature("CAT-3", "CAT-4")
@pytest.mark.parametrize("closed", ["inactive", "unpublished"])
def test_a_closed_offering_refuses_new_learners_and_catches_up_when_it_opens(harness: Harness, closed: str) -> None:
    offering = harness.certification(published=closed != "unpublished")
    audience = harness.audience(harness.person())
    if closed == "inactive":
        harness.settle()
        harness.assign(offering, "audience", audience)
        harness.tell(harness.catalog, catalog.OfferingDeactivated, offering)
    harness.settle()
    newcomer = harness.person()
    harness.join(audience, newcomer)
    harness.settle()
    assert newcomer not in harness.enrolled(offering)
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
        answer = harness.http.post(f"/api/enrollment/{path}", json=body)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, f"offering-{closed}")
        assert answer.json()["field"] == "offering_id"
    if closed == "inactive":
        assert len(harness.enrolled(offering)) == 1
        harness.tell(harness.catalog, catalog.OfferingActivated, offering)
        harness.settle()
        assert newcomer in harness.enrolled(offering)


@pytest.mark.feature("CAT-4", "ASG-10")
def test_what_no_longer_holds_is_withdrawn_even_from_an_inactive_offering(harness: Harness) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    harness.assign(course, "audience", audience)
    harness.tell(harness.catalog, catalog.OfferingDeactivated, course)
    harness.leave(audience, ann)
    harness.settle()
    assert harness.standing(ann, course) == "withdrawn"


@pytest.mark.feature("ASG-10", "TRG-2")
def test_an_audience_that_is_removed_holds_nobody_any_more(harness: Harness) -> None:
    course, other, ann = harness.course(), harness.course("Other"), harness.person()
    audience = harness.audience(ann)
    harness.trigger("Staff", {"kind": "audience", "target_id": str(audience)}, offering_id=other, undo=True)
    harness.leave(audience, ann)
    harness.settle()
    harness.join(audience, ann)
    harness.settle()
    harness.assign(course, "audience", audience)
    assert [harness.standing(ann, on) for on in (course, other)] == ["not-started", "not-started"]
    harness.leave(audience, ann)
    harness.tell(harness.directory, directory.AudienceRemoved, audience)
    harness.settle()
    assert [harness.standing(ann, on) for on in (course, other)] == ["withdrawn", "withdrawn"]
    body = {
        "action": "assign",
        "offering_id": str(course),
        "targets": [{"type": "audience", "target_id": str(audience)}],
    }
    assert harness.http.post("/api/enrollment/previews", json=body).status_code == 404
