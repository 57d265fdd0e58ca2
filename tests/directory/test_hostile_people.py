"""Extreme values in every field, parameter and path of the directory's routes (OPS-8, DIR-1)."""

from uuid import uuid4

import pytest
from directory.harness import Furnished
from hostile import Probe


@pytest.mark.feature("OPS-8", "DIR-1", "DIR-6")
def test_whatever_is_sent_is_no_fault_of_the_server_and_audiences_are_followed(furnished: Furnished) -> None:
    harness, known = furnished
    top, bystander = known["organisation"], harness.person("Bo B")
    rule = {"organisations": [{"unit": top, "include_below": False}]}
    ruled = harness.made("/audiences", "audience_id", name="Top", rule=rule)
    probe = Probe(harness.service.app, harness.issuer.headers(uuid4(), ("site-administrator", None)), known)
    probe.run()
    assert probe.faults == []
    assert probe.operations > 30
    assert sum(many for status, many in probe.answers.items() if status < 300) > 40, probe.answers
    assert probe.answers[422] > 400
    assert harness.post(f"/people/{bystander}/move", {"organisation_id": top}).status_code == 200
    for worker in harness.service.workers:
        if worker.name in ("directory rules", "directory audiences"):
            while worker.step():  # type: ignore[attr-defined]
                pass
    members = harness.get(f"/audiences/{ruled}/members", limit="500").json()["items"]
    assert bystander in {one["id"] for one in members}
    assert harness.http.get("/api/directory/letters").json()["items"] == []
