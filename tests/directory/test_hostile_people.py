"""Extreme values in every field, parameter and path of the directory's routes (OPS-8, DIR-1)."""

from uuid import uuid4

import pytest
from hostile import Probe
from town import Town


@pytest.mark.feature("OPS-8", "DIR-1", "DIR-6")
def test_whatever_is_sent_is_no_fault_of_the_server_and_audiences_are_followed(town: Town) -> None:
    framework = town.framework()
    top = town.unit(framework, "Top")
    ann, bystander = town.person("Ann A", top), town.person("Bo B")
    ruled = town.made(
        "/audiences", "audience_id", name="Top", rule={"organisations": [{"unit": top, "include_below": False}]}
    )
    fixed = town.made("/audiences", "audience_id", name="Fixed")
    known = {
        "person_id": ann,
        "people": [ann],
        "unit_id": top,
        "framework_id": framework,
        "audience_id": fixed,
        "organisation": top,
        "email": "probe@example.org",
    }
    probe = Probe(town.service.app, town.issuer.headers(uuid4(), ("site-administrator", None)), known)
    probe.run()
    assert probe.faults == []
    assert probe.operations > 30
    assert sum(many for status, many in probe.answers.items() if status < 300) > 40, probe.answers
    assert probe.answers[422] > 400
    assert town.post(f"/people/{bystander}/move", {"organisation_id": top}).status_code == 200
    for worker in town.service.workers:
        if worker.name in ("directory rules", "directory audiences"):
            while worker.step():  # type: ignore[attr-defined]
                pass
    members = town.get(f"/audiences/{ruled}/members", limit="500").json()["items"]
    assert bystander in {one["id"] for one in members}
    assert town.http.get("/api/directory/letters").json()["items"] == []
