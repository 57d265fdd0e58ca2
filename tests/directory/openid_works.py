"""A directory whose people sign in at a real provider, on loopback (SEC-3)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from directory.harness import Harness, OpenHarness
from fastapi.testclient import TestClient
from httpx import Response
from pytest_iam import Server

from shared.auth import Verifier
from shared.openid_settings import OpenIdProvider

BACK = "http://127.0.0.1:8000/sign-in/works"


class Works:
    """A directory whose people sign in at the provider."""

    def __init__(
        self,
        open_harness: OpenHarness,
        server: Server,
        *,
        limits: Mapping[str, object] | None = None,
        **provider: object,
    ) -> None:
        self.server = server
        issuer = httpx.get(f"{server.url}.well-known/openid-configuration").json()["issuer"]
        self.client = server.models.Client(
            client_id=uuid4().hex,
            client_secret=uuid4().hex,
            client_name="Rollbook",
            redirect_uris=[BACK],
            grant_types=["authorization_code"],
            response_types=["code"],
            token_endpoint_auth_method="client_secret_basic",
            scope=["openid", "profile", "email", "groups"],
        )
        server.backend.save(self.client)
        self.client.audience = [self.client]
        server.backend.save(self.client)
        values = {
            "id": "works",
            "name": "Works",
            "issuer": issuer,
            "client_id": self.client.client_id,
            "client_secret": self.client.client_secret,
            "scope": "openid profile email groups",
            **provider,
        }
        self.harness: Harness = open_harness(
            openid_providers=(OpenIdProvider.model_validate(values),), openid_answer_seconds=3, **(limits or {})
        )
        self.http = TestClient(self.harness.service.app)

    def user(self, name: str = "Ada Lind", *groups: str) -> Any:
        first, last = name.split()
        user = self.server.models.User(
            user_name=uuid4().hex,
            given_name=first,
            family_name=last,
            formatted_name=name,
            emails=[f"{first}.{last}@example.org".lower()],
            password="correct horse battery",
        )
        self.server.backend.save(user)
        for group in groups:
            self.server.backend.save(self.server.models.Group(display_name=group, members=[user]))
        self.server.consent(user, self.client)
        return user

    def begin(self) -> Mapping[str, str]:
        answer = self.http.post("/api/directory/sign-ins/works")
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def code(self, user: Any, url: str) -> Mapping[str, str]:
        """What the provider sends back with the browser."""
        self.server.login(user)
        answer = httpx.get(url)
        self.server.logout()
        assert answer.status_code == 302, answer.text
        target = urlsplit(answer.headers["Location"])
        assert answer.headers["Location"].startswith(BACK), answer.headers["Location"]
        return {name: values[0] for name, values in parse_qs(target.query).items()}

    def finish(self, state: str, code: str) -> Response:
        return self.http.post("/api/directory/sign-ins/works/finish", json={"state": state, "code": code})

    def sign_in(self, user: Any) -> Response:
        begun = self.begin()
        back = self.code(user, begun["authorization_url"])
        assert back["state"] == begun["state"]
        return self.finish(back["state"], back["code"])

    def bodies(self) -> list[Any]:
        with self.harness.database.connection() as conn:
            return conn.execute("SELECT convert_from(body, 'UTF8') || meta FROM events").fetchall()

    def caller(self, answer: Response) -> Any:
        assert answer.status_code == 200, answer.text
        return self._verified(answer.json()["access_token"])

    def reissued(self, token: str) -> dict[str, str]:
        """Headers for whom the directory's own token names, as the harness takes them."""
        return dict(self.harness.issuer.headers(self._verified(token).id))

    def _verified(self, token: str) -> Any:
        verifier = Verifier(self.harness.settings.issuer, self.harness.settings.audience, self.harness.service_keys)
        return verifier.verify(token)
