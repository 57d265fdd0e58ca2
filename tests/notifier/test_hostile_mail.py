"""Extreme values in every field, parameter and path of the notifier's routes (OPS-8, NTF-4)."""

from uuid import uuid4

import pytest
from hostile import Probe
from notifier.harness import Harness


@pytest.mark.feature("OPS-8", "NTF-4")
def test_whatever_is_asked_of_the_ledger_is_no_fault_of_the_server(harness: Harness) -> None:
    probe = Probe(harness.service.app, harness.issuer.headers(uuid4(), ("site-administrator", None)), {})
    probe.run()
    assert probe.faults == []
    assert probe.operations > 5
    assert probe.answers[200] > 5, probe.answers
    assert probe.answers[422] > 50
