"""Extreme values in every field, parameter and path of every route stop nobody else (OPS-8, ASG-10)."""

from uuid import uuid4

import pytest
from hostile import Probe
from world import World


@pytest.mark.feature("OPS-8", "ASG-10", "DUE-1")
def test_whatever_is_sent_is_no_fault_of_the_server_and_a_bystander_is_followed(world: World) -> None:
    course, ward = world.course("Fire safety"), world.unit("Ward")
    certification, qualification = world.certification(), world.qualification("Ward ready", course)
    role = world.job_role("Nurse", qualification)
    audience, bystander, ann = world.audience(world.person()), world.person(), world.person(ward)
    world.settle()
    assignment = world.assign(course, "organisation", ward)
    enrollment = world.enrollments(person_id=ann)[0]["id"]
    group = world.http.post(f"/api/enrollment/offerings/{certification}/groups", json={"name": "Morning"}).json()
    known = {
        "offering_id": str(course),
        "offerings": [str(course)],
        "people": [str(ann)],
        "person_id": str(ann),
        "targets": [{"type": "audience", "target_id": str(audience), "include_below": False}],
        "assignment_id": str(assignment),
        "assignment_ids": [str(assignment)],
        "enrollment_id": str(enrollment),
        "group_id": group["result"]["assignment_id"],
        "job_role_id": str(role),
        "step": 1,
        "confirm": True,
    }
    probe = Probe(world.service.app, world.issuer.headers(uuid4(), ("site-administrator", None)), known)
    probe.run()
    assert probe.faults == []
    assert probe.operations > 60
    assert sum(probe.answers.values()) > 1_500
    assert sum(many for status, many in probe.answers.items() if status < 300) > 60, probe.answers
    assert probe.answers[422] > 1_000

    world.settle()
    late = world.course("Hand hygiene")
    world.settle()
    world.assign(late, "organisation", ward)
    world.move(bystander, ward)
    world.settle()
    assert bystander in world.enrolled(late)
    assert world.http.get("/api/enrollment/letters").json()["items"] == []
