"""The demo company has pools, made once through the public interface (OPS-1, KEY-1)."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from keys.harness import Keys

from services.cli import demo_keys
from services.cli.client import Client


class DemoClient(Client):
    """Directory and catalog tell of the harness's organisations and course; the keys service is asked itself."""

    def __init__(self, http: TestClient, units: Mapping[str, UUID], courses: Mapping[str, UUID]) -> None:
        self._asked, self._units, self._courses = http, units, courses

    def send(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._asked.request(method, path, **request).json()
        return found

    def attempt(self, method: str, path: str, **request: Any) -> Response:
        return self._asked.request(method, path, **request)

    def pages(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        if "units" in path:
            yield from ({"external_id": code, "id": str(id)} for code, id in self._units.items())
        else:
            yield from ({"code": code, "id": str(id)} for code, id in self._courses.items())


@pytest.fixture
def client(keys: Keys) -> DemoClient:
    administrator = keys.client(uuid4(), ("site-administrator", None))
    courses = {"FIRE-01": keys.course, "HYGIENE": keys.course}
    return DemoClient(administrator, {"L-1": keys.head, "L-2": keys.branch}, courses)


@pytest.mark.feature("OPS-1", "KEY-1", "KEY-3", "KEY-11")
def test_the_demo_has_two_pools_and_five_sent_keys_however_often_it_is_filled(
    keys: Keys, client: DemoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_keys, "_PATIENCE", 0.3)
    for _ in range(3):
        demo_keys.fill(client)
        keys.settle()
    pools = client.send("GET", "/api/keys/pools")["items"]
    assert [(pool["name"], pool["keys"]["free"], pool["keys"]["sent"]) for pool in pools] == [
        ("Fire safety for contractors", 20, 5),
        ("Hygiene for visiting students", 10, 0),
    ]
    sent = client.send("GET", f"/api/keys/pools/{pools[0]['id']}/mailings")["items"]
    assert len({one["email"] for one in sent}) == 5


def test_without_a_demo_company_there_is_nothing_to_fill(keys: Keys, client: DemoClient) -> None:
    client._units = {}
    demo_keys.fill(client)
    assert keys.events() == []


def test_a_service_that_never_hears_of_the_company_does_not_stop_the_start(
    keys: Keys, client: DemoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_keys, "_PATIENCE", 0.3)
    client._units = {"L-1": uuid4(), "L-2": uuid4()}
    demo_keys.fill(client)
    assert keys.events() == []
