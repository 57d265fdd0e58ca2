"""Extreme values in every field, parameter and path of the catalog's routes (OPS-8, CAT-1)."""

from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hostile import Probe
from issuer import Issuer


@pytest.mark.feature("OPS-8", "CAT-1")
def test_whatever_is_sent_is_no_fault_of_the_server(http: TestClient, issuer: Issuer, known: dict[str, object]) -> None:
    assert isinstance(http.app, FastAPI)
    probe = Probe(http.app, issuer.headers(uuid4(), ("site-administrator", None)), known)
    probe.run()
    assert probe.faults == []
    assert probe.operations > 10
    assert sum(many for status, many in probe.answers.items() if status < 300) > 15, probe.answers
    assert probe.answers[422] > 200
