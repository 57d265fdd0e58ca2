"""What the catalog answers to drawn requests is what its OpenAPI document says (OPS-8, CAT-1)."""

from uuid import uuid4

import pytest
from conforming import Conformance
from fastapi import FastAPI
from fastapi.testclient import TestClient
from issuer import Issuer


@pytest.mark.feature("OPS-8", "CAT-1")
def test_whatever_is_drawn_from_the_document_of_the_catalog_is_answered_as_it_says(
    http: TestClient, issuer: Issuer, known: dict[str, object]
) -> None:
    assert isinstance(http.app, FastAPI)
    asked = Conformance(http.app, issuer.headers(uuid4(), ("site-administrator", None)), known)
    asked.run()
    assert asked.faults == []
    assert asked.visited.keys() == asked.documented
    assert len(asked.served) > 10, asked.served
