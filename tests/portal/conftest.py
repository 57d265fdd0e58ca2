"""The portal before services that a test says the answers of."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from documents import documents
from fastapi.testclient import TestClient
from portal.html_checks import Page, checked
from portal.standin import StandIn

from services.portal.api.entrance.sign_in import SignIn
from services.portal.main import build
from services.suite.demo_progress import demo_progress
from shared.database import Database
from shared.embedded import EmbeddedPostgres
from shared.settings import Settings

OWN = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that one of our own pages sends."""


@pytest.fixture(scope="session")
def openapi(postgres: EmbeddedPostgres, template: Callable[..., str]) -> dict[str, Any]:
    """The documents of all services, by name."""
    opened: list[tuple[str, Database]] = []

    def fresh(package: str) -> Database:
        name = f"openapi_{len(opened)}"
        opened.append((name, Database(postgres.create_database(name, template(package)), max_size=1)))
        return opened[-1][1]

    found = documents(fresh)
    for name, database in opened:
        database.close()
        postgres.drop_database(name)
    found["demo"] = demo_progress(Path()).openapi()
    return found


@pytest.fixture
def standin(openapi: dict[str, Any]) -> StandIn:
    return StandIn(openapi)


class Browser:
    """Looks at pages and holds each against what every page has to be."""

    def __init__(self, http: TestClient, standin: StandIn) -> None:
        self.http, self.standin = http, standin

    def get(self, path: str, status: int = 200) -> Page:
        answer = self.http.get(path)
        assert answer.status_code == status, (answer.status_code, answer.headers.get("Location"), answer.text[:2000])
        return checked(answer.text)

    def post(self, path: str, /, **form: Any) -> httpx.Response:
        return self.http.post(path, data=form, headers=OWN)

    def refused(self, path: str, status: int, /, **form: Any) -> Page:
        """A form that comes back, with what is wrong."""
        answer = self.post(path, **form)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return checked(answer.text)

    def sign_in(self, *roles: str, **me: Any) -> None:
        self.standin.roles = roles
        self.standin.me |= me
        answer = self.post("/sign-in", user_name="zoe", password="right")
        assert answer.status_code == 303, answer.text
        self.standin.asked.clear()


@pytest.fixture
def browser(standin: StandIn) -> Iterator[Browser]:
    cards = [SignIn("admin", "secret-of-the-demo", "everything", "Ada Lind", "site-administrator")]
    service = build(Settings(), sign_ins=cards, transport=httpx.MockTransport(standin))
    with TestClient(service.app, follow_redirects=False, base_url="http://127.0.0.1:8000") as client:
        yield Browser(client, standin)
    service.stop()


TEMPLATES = Path(__file__).parents[2] / "services" / "portal" / "templates"
