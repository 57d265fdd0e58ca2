"""Refresh tokens that rotate, signing keys that follow one another (SEC-3)."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from directory.harness import Harness, OpenHarness
from fastapi.testclient import TestClient
from httpx import Response

from services.directory.application.signing import SigningKeys
from services.directory.main import build
from shared.auth import Verifier
from shared.errors import Unauthenticated
from shared.service import Service
from shared.store import RetentionWorker

PASSWORD = "correct horse battery"


class Visitor:
    """Ada, who signs in with a password."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.id = harness.person("Ada Lind", password=PASSWORD)
        self.http = TestClient(harness.service.app)

    def post(self, path: str, **form: str) -> Response:
        return self.http.post(f"/api/directory{path}", data=form)

    def sign_in(self) -> Mapping[str, Any]:
        answer = self.post("/token", username="ada.lind@example.org", password=PASSWORD)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, token: str) -> Response:
        return self.post("/token", grant_type="refresh_token", refresh_token=token)

    def next(self, token: str) -> str:
        answer = self.refresh(token)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["refresh_token"])

    def later(self, seconds: float, table: str, *columns: str) -> None:
        changes = ", ".join(f"{c} = {c} - interval '{seconds} seconds'" for c in columns)
        with self.harness.database.transaction() as conn:
            conn.execute(f"UPDATE {table} SET {changes}".encode())


@pytest.fixture
def ada(harness: Harness) -> Visitor:
    return Visitor(harness)


@pytest.mark.feature("SEC-3")
def test_a_refresh_token_gets_the_next_pair_with_the_roles_of_that_moment(ada: Visitor) -> None:
    first = ada.sign_in()
    ada.harness.post(f"/people/{ada.id}/roles", {"role": "auditor", "organisation": None})
    answer = ada.refresh(first["refresh_token"]).json()
    assert answer["refresh_token"] != first["refresh_token"]
    verifier = Verifier(ada.harness.settings.issuer, ada.harness.settings.audience, ada.harness.service_keys)
    assert [held.role for held in verifier.verify(answer["access_token"]).roles] == ["auditor"]
    assert [held.role for held in verifier.verify(first["access_token"]).roles] == []


@pytest.mark.feature("SEC-3")
def test_reuse_of_an_old_token_ends_the_whole_sign_in_and_no_other(ada: Visitor) -> None:
    stolen, other = ada.sign_in()["refresh_token"], ada.sign_in()["refresh_token"]
    second = ada.next(stolen)
    third = ada.next(second)
    ada.later(11, "refresh_token", "used_at")
    reused = ada.refresh(stolen)
    assert (reused.status_code, reused.json()["error"]) == (401, "invalid_grant")
    assert ada.refresh(third).json() == reused.json()
    assert ada.refresh("never issued").json() == reused.json()
    assert ada.refresh(other).status_code == 200


@pytest.mark.feature("SEC-3")
def test_two_pages_at_once_do_not_end_it(ada: Visitor) -> None:
    token = ada.sign_in()["refresh_token"]
    one, other = ada.next(token), ada.next(token)
    assert ada.refresh(one).status_code == ada.refresh(other).status_code == 200


@pytest.mark.feature("SEC-3")
def test_signing_out_a_new_password_and_leaving_end_it(ada: Visitor) -> None:
    token = ada.next(ada.sign_in()["refresh_token"])
    assert ada.post("/token/revoke", token=token).status_code == 204
    assert ada.post("/token/revoke", token=token).status_code == 204
    assert ada.refresh(token).status_code == 401
    token = ada.sign_in()["refresh_token"]
    ada.harness.http.put(f"/api/directory/people/{ada.id}/password", json={"password": PASSWORD})
    assert ada.refresh(token).status_code == 401
    token = ada.sign_in()["refresh_token"]
    ada.harness.post(f"/people/{ada.id}/deactivate")
    assert ada.refresh(token).status_code == 401


@pytest.mark.feature("SEC-3")
def test_it_ends_when_it_is_not_used_and_when_it_is_too_old_and_is_forgotten(open_harness: OpenHarness) -> None:
    ada = Visitor(open_harness(refresh_seconds=1_000, session_seconds=1_500))
    token = ada.sign_in()["refresh_token"]
    ada.later(1_001, "refresh_token", "expires_at")
    assert ada.refresh(token).status_code == 401
    token = ada.sign_in()["refresh_token"]
    ada.later(900, "refresh_token", "expires_at")
    ada.later(900, "session", "ends_at")
    token = ada.next(token)
    ada.later(700, "session", "ends_at")
    assert ada.refresh(token).status_code == 401
    ada.sign_in()
    ada.later(1_501, "session", "ends_at")
    forgetting = next(w for w in ada.harness.service.workers if isinstance(w, RetentionWorker))
    assert forgetting.step()["sessions"] == 1
    with ada.harness.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM refresh_token").fetchone() == (0,)


@pytest.mark.feature("SEC-3")
def test_no_refresh_token_is_stored(ada: Visitor) -> None:
    token = ada.sign_in()["refresh_token"]
    with ada.harness.database.connection() as conn:
        rows = conn.execute("SELECT t::text FROM refresh_token t").fetchall()
    assert len(rows) == 1
    assert token not in str(rows)
    assert token.encode().hex() not in str(rows)


@pytest.mark.feature("SEC-3")
def test_a_missing_field_is_named(ada: Visitor) -> None:
    for form, field in (
        ({"grant_type": "refresh_token"}, "refresh_token"),
        ({"grant_type": "client_credentials"}, "client_id"),
        ({"username": "x"}, "password"),
        ({"grant_type": "implicit"}, "grant_type"),
    ):
        refused = ada.post("/token", **form)
        assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text


class Issuers:
    """A directory that verifies its own tokens, and another service that follows its keys."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.ada = Visitor(harness)
        harness.post(f"/people/{self.ada.id}/roles", {"role": "site-administrator", "organisation": None})
        self.service: Service = build(harness.settings)
        self.http = TestClient(self.service.app)
        self.verifier = Verifier(harness.settings.issuer, harness.settings.audience, self.jwks)

    def jwks(self) -> Any:
        return self.http.get("/api/directory/jwks").json()

    def kids(self) -> list[str]:
        return [key["kid"] for key in self.jwks()["keys"]]

    def token(self) -> str:
        return str(self.ada.sign_in()["access_token"])

    def rotate(self, *, compromised: bool = False) -> Response:
        headers = {"Authorization": f"Bearer {self.token()}"}
        return self.http.post("/api/directory/signing-keys", json={"compromised": compromised}, headers=headers)


@pytest.mark.feature("SEC-3")
def test_two_keys_are_published_while_one_follows_the_other_and_verifiers_follow(open_harness: OpenHarness) -> None:
    both = Issuers(open_harness(signing_key_overlap=300))
    before = both.token()
    both.verifier.verify(before)
    (old,) = both.kids()
    assert both.rotate().status_code == 201
    signer, waiting = both.kids()
    assert signer == old
    assert both.rotate().status_code == 409
    assert both.verifier.verify(both.token())
    both.ada.later(301, "signing_key", "signs_from")
    assert both.kids() == [waiting, old]
    both.verifier._fetched -= Verifier.REFETCH_SECONDS
    assert both.verifier.verify(both.token())
    assert both.verifier.verify(before)
    both.ada.later(900 + 301, "signing_key", "signs_from")
    assert both.kids() == [waiting]
    forgetting = next(w for w in both.harness.service.workers if isinstance(w, RetentionWorker))
    assert forgetting.step()["signing-keys"] == 1
    both.service.close()


@pytest.mark.feature("SEC-3")
def test_a_key_that_was_stolen_ends_at_once_with_every_token(open_harness: OpenHarness) -> None:
    both = Issuers(open_harness())
    before = both.token()
    both.verifier.verify(before)
    (stolen,) = both.kids()
    assert both.rotate(compromised=True).status_code == 201
    assert stolen not in both.kids()
    both.verifier._fetched = time.monotonic() - Verifier.MAX_AGE_SECONDS - 1
    with pytest.raises(Unauthenticated):
        both.verifier.verify(before)
    assert both.verifier.verify(both.token())
    both.service.app.state.verifier._fetched -= Verifier.REFETCH_SECONDS
    assert both.http.get("/api/directory/me", headers={"Authorization": f"Bearer {both.token()}"}).status_code == 200
    both.service.close()


@pytest.mark.feature("SEC-3", "SEC-4")
def test_only_operators_rotate_keys(harness: Harness) -> None:
    for role in ("auditor", "operations-manager", "learner"):
        assert harness.client(role).post("/api/directory/signing-keys", json={}).status_code == 403
    assert SigningKeys(harness.database, 900, 300).public()["keys"]
