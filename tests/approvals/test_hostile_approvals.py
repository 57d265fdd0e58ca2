"""Extreme values in every field, parameter and path of the routes of approvals (OPS-8, APR-1)."""

import pytest
from approvals.harness import Desk
from fastapi import FastAPI
from hostile import Probe


@pytest.mark.feature("OPS-8", "APR-1")
def test_whatever_is_sent_is_no_fault_of_the_server(desk: Desk) -> None:
    assert isinstance(desk.service.app, FastAPI)
    known = {"request_id": desk.ask(desk.ada), "offering_id": str(desk.course), "to": str(desk.max)}
    headers = desk.enrollment.issuer.headers(desk.site, ("site-administrator", None))
    probe = Probe(desk.service.app, headers, known)
    probe.run()
    assert probe.faults == []
    assert probe.operations > 8
    assert sum(many for status, many in probe.answers.items() if status < 300) > 10, probe.answers
    assert probe.answers[422] > 100
    learner = desk.named("By", "Stander")
    desk.settle()
    bystander = desk.ask(learner)
    assert desk.show(desk.site, bystander)["status"] == "open"
