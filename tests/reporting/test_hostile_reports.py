"""Extreme values in every field, parameter and path of the reports' routes (OPS-8, RPT-1)."""

from uuid import uuid4

import pytest
from hostile import Probe
from reporting.harness import Harness


@pytest.mark.feature("OPS-8", "RPT-1")
def test_whatever_is_asked_of_a_report_is_no_fault_of_the_server(harness: Harness) -> None:
    probe = Probe(harness.service.app, harness.issuer.headers(uuid4(), ("site-administrator", None)), {})
    probe.run()
    assert probe.faults == []
    assert probe.operations > 10
    assert probe.answers[200] > 20, probe.answers
    assert probe.answers[422] > 200
