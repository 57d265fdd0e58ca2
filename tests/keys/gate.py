"""Keys with a real directory behind them: strangers register with a key, and enrollment is played by events."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi.testclient import TestClient
from httpx import Response
from issuer import Issuer
from keys.harness import Keys

from services.directory.main import build as build_directory
from services.keys.application.accounts import Accounts
from services.keys.application.registrations import Registrations
from shared.database import Database
from shared.settings import Settings
from shared.store import Store

SECRET = "between services"
PASSWORD = "correct horse battery"
TEXT = "WARD-2026-ABCD-EFGH"
ADA = {
    "first_name": "Ada",
    "last_name": "Lindqvist",
    "email": "Ada.Lindqvist@example.org",
    "password": PASSWORD,
    "country": "SE",
}


class Gate(Keys):
    """Once it is `opened`, `head` lets strangers register with a key, and so does `branch` below it.

    `office` is the directory as the keys service reaches it, `desk` the same one for administrators whom the tests sign in.
    """

    def open_directory(self, fresh: Callable[..., Database]) -> Store:
        database = fresh("services.directory")
        settings, signing = Settings(database_url=database.conninfo, service_secret=SECRET), Issuer()
        self.office = build_directory(settings)
        self.desk = build_directory(settings, verifier=signing.verifier)
        headers = signing.headers(uuid4(), ("site-administrator", None))
        self.administrator = TestClient(self.desk.app, headers=headers)
        made = self.administrator.post(
            "/api/directory/frameworks", json={"kind": "organisation", "name": "Tree", "external_id": "TREE"}
        )
        self.framework = made.json()["result"]["framework_id"]
        return Store(database)

    def start(self, **settings: object) -> None:
        super().start(**{"service_secret": SECRET, "registration_refusal_seconds": 0.0, **settings})
        self.registrations: Registrations = self.service.app.state.services[Registrations]
        self.accounts: Accounts = self.registrations._accounts
        if self.accounts._services:
            self.services = self.accounts._services
            self.services.client.close()
            self.services.client = self.reaching()

    def reaching(self) -> httpx.Client:
        """The directory, which is asked as over a network."""
        return TestClient(self.office.app, raise_server_exceptions=False)

    def end(self) -> None:
        self.close()
        self.office.close()
        self.desk.close()

    def unit(self, name: str, parent: UUID | None = None) -> UUID:
        body = {"framework_id": self.framework, "parent_id": parent and str(parent), "name": name, "external_id": name}
        answer = self.administrator.post("/api/directory/units", json=body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["result"]["unit_id"])

    def person(self, home: UUID | None, first: str = "Bo", last: str = "Berg") -> UUID:
        told = {"first_name": first, "last_name": last, "email": f"{first}.{last}.{uuid4()}@example.org"}
        body = {**told, "home_organisation": home and str(home)}
        answer = self.administrator.post("/api/directory/people", json=body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["result"]["person_id"])

    def profile(self, unit: UUID, **profile: bool) -> None:
        answer = self.administrator.put(f"/api/directory/units/{unit}/profile", json=profile)
        assert answer.status_code == 200, answer.text
        self.settle()

    def opened(self) -> "Gate":
        self.profile(self.head, anonymous_registration=True, key_field=True)
        return self

    def stranger(self, address: str = "203.0.113.7") -> TestClient:
        return TestClient(self.service.app, client=(address, 1), raise_server_exceptions=False)

    def register(self, text: str = TEXT, address: str = "203.0.113.7", command: str = "", **fields: Any) -> Response:
        headers = {"Idempotency-Key": command} if command else {}
        body = {**ADA, "key": text, **fields}
        return self.stranger(address).post("/api/keys/registrations", json=body, headers=headers)

    def known(self, email: str = ADA["email"]) -> list[dict[str, Any]]:
        """Active people with this e-mail."""
        found = self.administrator.post("/api/directory/people/search", json={"email": email}).json()["items"]
        return [one for one in found if one["active"]]

    def sign_in(self, password: str = PASSWORD) -> int:
        form = {"username": ADA["email"], "password": password}
        return TestClient(self.office.app).post("/api/directory/token", data=form).status_code

    def state(self, key: str) -> str:
        return str(self.http.get(f"/api/keys/keys/{key}").json()["state"])

    def begun(self) -> list[tuple[str, str | None]]:
        """State and kind of every registration."""
        with self.database.connection() as conn:
            rows = conn.execute("SELECT state, kind FROM registration ORDER BY at").fetchall()
        return [(str(state), kind and str(kind)) for state, kind in rows]

    def later(self) -> None:
        """The time that a request has for the account is over."""
        with self.database.connection() as conn:
            conn.execute("UPDATE registration SET due = now() - interval '1 second' WHERE due IS NOT NULL")
