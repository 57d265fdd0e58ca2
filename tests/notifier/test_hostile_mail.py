"""Extreme values in every field, parameter and path of the notifier's routes (OPS-8, NTF-4)."""

from uuid import uuid4

import pytest
from hostile import Probe
from mailroom import Mailroom


@pytest.mark.feature("OPS-8", "NTF-4")
def test_whatever_is_asked_of_the_ledger_is_no_fault_of_the_server(mailroom: Mailroom) -> None:
    probe = Probe(mailroom.service.app, mailroom.issuer.headers(uuid4(), ("site-administrator", None)), {})
    probe.run()
    assert probe.faults == []
    assert probe.operations > 5
    assert probe.answers[200] > 5, probe.answers
    assert probe.answers[422] > 50
