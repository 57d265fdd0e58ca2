"""The catalog behind HTTP, on a fresh database."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from issuer import Issuer

from services.catalog.main import PACKAGE, build
from shared.database import Database
from shared.settings import Settings


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def http(database: Callable[..., Database], issuer: Issuer) -> Iterator[TestClient]:
    settings = Settings(database_url=database(PACKAGE).conninfo, body_bytes=100_000)
    service = build(settings, verifier=issuer.verifier)
    yield TestClient(service.app, headers=issuer.headers(uuid4(), ("learning-manager", None)))
    service.stop()


@pytest.fixture
def known(http: TestClient) -> dict[str, object]:
    """A course, for requests that are made from the document: by the names that it has there."""
    course = {"kind": "course", "code": "FIRE", "title": "Fire safety"}
    id = next(iter(http.post("/api/catalog/offerings", json=course).json()["result"].values()))
    return {"offering_id": id, "items": [id]}
