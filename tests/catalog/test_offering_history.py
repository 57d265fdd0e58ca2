"""What happened to an offering in the catalog: who changed what, from what to what, and through which interface (AUD-1)."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from issuer import Issuer
from typer.testing import CliRunner

from services.cli.client import Client
from services.cli.commands import app
from shared.interface import INTERFACE

COURSE = {"kind": "course", "code": "FIRE", "title": "Fire safety", "minimum_minutes": 45}


def history(http: TestClient, id: object, subject: str = "offering") -> list[dict[str, Any]]:
    answer = http.get(f"/api/catalog/history/{subject}/{id}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def facts(entry: dict[str, Any]) -> dict[str, tuple[object, object]]:
    return {fact["name"]: (fact["before"], fact["value"]) for fact in entry["facts"]}


@pytest.mark.feature("AUD-1")
def test_an_edit_tells_only_what_it_changed_with_what_it_was_before(http: TestClient) -> None:
    id = http.post("/api/catalog/offerings", json=COURSE, headers={INTERFACE: "command-line"}).json()["result"]["id"]
    http.put(f"/api/catalog/offerings/{id}", json={**COURSE, "title": "Fire", "minimum_minutes": 60})
    http.delete(f"/api/catalog/offerings/{id}/active")
    stopped, edited, created = history(http, id)
    assert (stopped["kind"], stopped["facts"]) == ("offering-deactivated", [])
    assert edited["kind"] == "course-described"
    assert facts(edited) == {"title": ("Fire safety", "Fire"), "minimum_minutes": (45, 60)}
    assert (edited["interface"], created["interface"]) == ("api", "command-line")
    assert facts(created)["title"] == (None, "Fire safety")
    assert created["actor_id"] is not None


@pytest.mark.feature("AUD-1", "SEC-1")
def test_it_is_for_readers_of_the_catalog_and_of_what_is_there(http: TestClient, issuer: Issuer) -> None:
    id = http.post("/api/catalog/offerings", json=COURSE).json()["result"]["id"]
    assert history(TestClient(http.app, headers=issuer.headers(uuid4(), ("auditor", None))), id)
    learner = issuer.headers(uuid4(), ("learner", None))
    assert http.get(f"/api/catalog/history/offering/{id}", headers=learner).status_code == 403
    assert http.get(f"/api/catalog/history/offering/{uuid4()}").status_code == 404
    assert http.get(f"/api/catalog/history/job-role/{id}").status_code == 404


@pytest.mark.feature("AUD-1")
def test_the_command_line_tells_it_by_code(http: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    id = http.post("/api/catalog/offerings", json=COURSE).json()["result"]["id"]
    http.put(f"/api/catalog/offerings/{id}", json={**COURSE, "title": "Fire"}, headers={INTERFACE: "page"})

    def send(_: Client, method: str, path: str, **asked: Any) -> Any:
        if path.startswith("/api/enrollment"):
            return {"items": [], "next": None, "names": {}}
        return http.request(method, path, **asked).json()

    monkeypatch.setattr(Client, "__enter__", lambda self: self)
    monkeypatch.setattr(Client, "send", send)
    printed = CliRunner().invoke(app, ["history", "offering", "fire", "--limit", "1", "--token", "none"])
    assert printed.exit_code == 0, printed.output
    line, fact = printed.output.splitlines()
    assert "course-described" in line
    assert "through page  (command, batch " in line
    assert fact == "    title: Fire safety -> Fire"
    assert CliRunner().invoke(app, ["history", "key", "FIRE", "--token", "none"]).exit_code == 2
