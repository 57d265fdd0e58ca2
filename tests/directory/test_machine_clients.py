"""Machine clients: credentials, scopes, another secret, the end (SEC-5, SEC-6)."""

import base64
from typing import Any
from uuid import UUID, uuid4

import pytest
from directory.harness import Harness, OpenHarness
from fastapi.testclient import TestClient
from httpx import Response

from services.directory.main import build
from shared.auth import Verifier

NEW = {"name": "Payroll", "permissions": ["read-directory", "assign"]}


def create(harness: Harness, **fields: object) -> dict[str, Any]:
    answer = harness.post("/clients", {**NEW, **fields})
    assert answer.status_code == 201, answer.text
    found = answer.json()
    return {"client_id": found["result"]["client_id"], "client_secret": found["client_secret"]}


def token(harness: Harness, credentials: dict[str, Any], **form: str) -> Response:
    asked = {"grant_type": "client_credentials", **credentials, **form}
    return TestClient(harness.service.app).post("/api/directory/token", data=asked)


@pytest.mark.feature("SEC-5", "SEC-6", "SEC-2")
def test_a_client_acts_with_its_permissions_in_its_organisation(harness: Harness) -> None:
    framework = harness.framework()
    north, south = harness.unit(framework, "North"), harness.unit(framework, "South")
    ada, bo = harness.person("Ada Lind", north), harness.person("Bo Berg", south)
    credentials = create(harness, organisation=north)
    answer = token(harness, credentials)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
    service = build(harness.settings)
    machine = TestClient(service.app, headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert machine.get(f"/api/directory/people/{ada}").status_code == 200
    assert machine.get(f"/api/directory/people/{bo}").status_code == 404
    refused = machine.post(f"/api/directory/people/{ada}/deactivate")
    assert (refused.status_code, refused.json()["permission"]) == (403, "manage-directory")
    verifier = Verifier(harness.settings.issuer, harness.settings.audience, harness.service_keys)
    caller = verifier.verify(answer.json()["access_token"])
    assert (str(caller.id), caller.roles, str(caller.home)) == (credentials["client_id"], (), north)
    assert harness.events()[-1] == "MachineClientCreated"
    service.close()


@pytest.mark.feature("SEC-5")
def test_credentials_may_be_in_the_header_and_a_token_may_have_fewer_scopes(harness: Harness) -> None:
    credentials = create(harness)
    pair = base64.b64encode("{client_id}:{client_secret}".format(**credentials).encode()).decode()
    http = TestClient(harness.service.app, headers={"Authorization": f"Basic {pair}"})
    answer = http.post("/api/directory/token", data={"grant_type": "client_credentials", "scope": "assign"})
    verifier = Verifier(harness.settings.issuer, harness.settings.audience, harness.service_keys)
    assert [one.permission for one in verifier.verify(answer.json()["access_token"]).scopes] == ["assign"]
    more = token(harness, credentials, scope="assign operate")
    assert (more.status_code, more.json()["field"]) == (422, "scope")
    bad = TestClient(harness.service.app, headers={"Authorization": "Basic %%%"})
    assert bad.post("/api/directory/token", data={"grant_type": "client_credentials"}).status_code == 422


@pytest.mark.feature("SEC-5", "SEC-6")
def test_another_secret_is_valid_beside_the_old_one_for_a_time_and_revoking_ends_both(harness: Harness) -> None:
    old = create(harness)
    path = f"/clients/{old['client_id']}"
    new = {**old, "client_secret": harness.post(f"{path}/secrets").json()["client_secret"]}
    assert token(harness, old).status_code == token(harness, new).status_code == 200
    with harness.database.transaction() as conn:
        conn.execute("UPDATE client_secret SET expires_at = expires_at - interval '1 day 1 second'")
    assert (token(harness, old).status_code, token(harness, new).status_code) == (401, 200)
    newest = {**old, "client_secret": harness.post(f"{path}/secrets").json()["client_secret"]}
    assert harness.http.delete(f"{harness.address}{path}").status_code == 200
    refused = [token(harness, one) for one in (new, newest, {**new, "client_id": str(uuid4())})]
    assert [one.status_code for one in refused] == [401] * 3
    assert all(one.json() == refused[0].json() for one in refused)
    assert harness.events()[-4:] == [
        "MachineClientCreated",
        "MachineClientSecretRotated",
        "MachineClientSecretRotated",
        "MachineClientRevoked",
    ]
    for again in (harness.post(f"{path}/secrets"), harness.http.delete(f"{harness.address}{path}")):
        assert again.json()["type"] == "urn:rollbook:problem:revoked"
    (listed,) = harness.get("/clients").json()["items"]
    assert (listed["name"], listed["revoked"]) == ("Payroll", True)


@pytest.mark.feature("SEC-5")
def test_a_secret_is_told_once_and_stored_nowhere(harness: Harness) -> None:
    headers = {"Idempotency-Key": "one"}
    first = harness.http.post("/api/directory/clients", json=NEW, headers=headers).json()
    again = harness.http.post("/api/directory/clients", json=NEW, headers=headers).json()
    assert again == {**first, "client_secret": None}
    with harness.database.connection() as conn:
        tables = conn.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in tables.fetchall():
            rows = conn.execute(f'SELECT t::text FROM "{table}" t'.encode()).fetchall()
            assert first["client_secret"] not in str(rows), table


@pytest.mark.feature("SEC-5", "SEC-4", "SEC-2")
def test_clients_are_made_by_those_who_manage_everything_with_permissions_of_their_own(harness: Harness) -> None:
    north = harness.unit(harness.framework(), "North")
    for client in (harness.client("site-administrator", north), harness.client("auditor"), harness.client("learner")):
        for method, path in (("GET", ""), ("POST", ""), ("POST", f"/{uuid4()}/secrets"), ("DELETE", f"/{uuid4()}")):
            body = NEW if method == "POST" and not path else None
            assert client.request(method, f"/api/directory/clients{path}", json=body).status_code == 403
    machine = TestClient(
        harness.service.app, headers=harness.issuer.machine(uuid4(), ("manage-directory", None), ("assign", None))
    )
    refused = machine.post("/api/directory/clients", json=NEW)
    assert (refused.status_code, refused.json()["permission"]) == (403, "read-directory")
    assert machine.post("/api/directory/clients", json={**NEW, "permissions": ["assign"]}).status_code == 201
    assert harness.post("/clients", {**NEW, "organisation": str(uuid4())}).status_code == 404
    assert harness.post(f"/clients/{uuid4()}/secrets").status_code == 404


@pytest.mark.feature("SEC-5")
def test_guesses_at_a_clients_secret_are_limited(open_harness: OpenHarness) -> None:
    harness = open_harness(attempts_window=90_000)
    credentials = create(harness)
    guesses = [token(harness, {**credentials, "client_secret": "guess"}).status_code for _ in range(12)]
    assert guesses == [401] * 10 + [429] * 2
    elsewhere = TestClient(harness.service.app, client=("198.51.100.9", 1))
    form = {"grant_type": "client_credentials", **credentials}
    assert elsewhere.post("/api/directory/token", data=form).status_code == 200


@pytest.mark.feature("SEC-5")
def test_rollbooks_own_services_authenticate_with_the_secret_that_they_share(open_harness: OpenHarness) -> None:
    harness = open_harness(service_secret="between services")
    answer = token(harness, {"client_id": "rollbook-keys", "client_secret": "between services"})
    caller = Verifier(harness.settings.issuer, harness.settings.audience, harness.service_keys).verify(
        answer.json()["access_token"]
    )
    assert (caller.service, [one.permission for one in caller.scopes]) == ("keys", ["register-people"])
    for id, secret in (
        ("rollbook-keys", "wrong"),
        ("rollbook-nobody", "between services"),
        ("keys", "between services"),
    ):
        assert token(harness, {"client_id": id, "client_secret": secret}).status_code == 401
    closed = open_harness()
    assert token(closed, {"client_id": "rollbook-keys", "client_secret": "x"}).status_code == 401


def test_the_id_of_a_service_is_the_same_for_ever(open_harness: OpenHarness) -> None:
    harness = open_harness(service_secret="s")
    answer = token(harness, {"client_id": "rollbook-keys", "client_secret": "s"}).json()["access_token"]
    caller = Verifier(harness.settings.issuer, harness.settings.audience, harness.service_keys).verify(answer)
    assert caller.id == UUID("b43c6897-ba55-59bb-b368-6b4cccb00c6e")
