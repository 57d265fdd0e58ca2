"""Extreme values in every field, parameter and path of every route stop nobody else (OPS-8, ASG-10)."""

from uuid import uuid4

import pytest
from enrollment.harness import Furnished
from hostile import Probe


@pytest.mark.feature("OPS-8", "ASG-10", "DUE-1")
def test_whatever_is_sent_is_no_fault_of_the_server_and_a_bystander_is_followed(furnished: Furnished) -> None:
    harness, ward, known = furnished
    bystander = harness.person()
    probe = Probe(harness.service.app, harness.issuer.headers(uuid4(), ("site-administrator", None)), known)
    probe.run()
    assert probe.faults == []
    assert probe.operations > 60
    assert sum(probe.answers.values()) > 1_500
    assert sum(many for status, many in probe.answers.items() if status < 300) > 60, probe.answers
    assert probe.answers[422] > 1_000

    harness.settle()
    late = harness.course("Hand hygiene")
    harness.settle()
    harness.assign(late, "organisation", ward)
    harness.move(bystander, ward)
    harness.settle()
    assert bystander in harness.enrolled(late)
    assert harness.http.get("/api/enrollment/letters").json()["items"] == []
