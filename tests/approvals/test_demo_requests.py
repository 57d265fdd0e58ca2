"""The demo company's learner has asked for two courses, once (OPS-1, APR-1)."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from approvals.harness import Desk
from fastapi.testclient import TestClient
from httpx import Response

from services.cli import demo_requests
from services.cli.client import Client


class Learner(Client):
    """Ada, for whom enrollment's list of offerings is played."""

    def __init__(self, http: TestClient, cards: list[dict[str, str]]) -> None:
        self._asked, self._cards = http, cards

    def send(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._asked.request(method, path, **request).json()
        return found

    def attempt(self, method: str, path: str, **request: Any) -> Response:
        return self._asked.request(method, path, **request)

    def pages(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        yield from self._cards


@pytest.mark.feature("OPS-1", "APR-1")
def test_the_demos_learner_has_two_requests_however_often_it_is_filled(desk: Desk) -> None:
    second = desk.enrollment.course("Medication")
    desk.settle()
    cards = [{"code": "LEADING", "id": str(desk.course)}, {"code": "MEDICATION", "id": str(second)}]
    learner = Learner(desk.client(desk.ada), cards)
    for _ in range(2):
        demo_requests.fill(learner)
    assert {item["offering"] for item in desk.queue(desk.site)} == {"Forklift", "Medication"}
    assert all(item["reason"] for item in desk.queue(desk.site))
