"""Registration with a training key, which the keys service asks for as a machine client, and how it is taken back (KEY-7)."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from directory.harness import Harness, OpenHarness
from fastapi.testclient import TestClient
from httpx import Response

from shared.store import RetentionWorker

PASSWORD = "correct horse battery"
ADA = {
    "first_name": "Ada",
    "last_name": "Lind",
    "email": "Ada@example.org",
    "password": PASSWORD,
    "country": "SE",
    "organisation": "North",
}


class Gate:
    """An organisation that is open to strangers with a key, and a machine client that may register people there."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        framework = harness.framework()
        self.north, self.south = harness.unit(framework, "North"), harness.unit(framework, "South")
        self.ward = harness.unit(framework, "Ward", self.north)
        self.open(self.north, anonymous_registration=True, key_field=True)
        self.keys = self.client(("register-people", None))

    def open(self, unit: str, **profile: bool) -> None:
        answer = self.harness.http.put(f"{self.harness.address}/units/{unit}/profile", json=profile)
        assert answer.status_code == 200, answer.text

    def client(self, *scopes: tuple[str, UUID | None]) -> TestClient:
        return TestClient(self.harness.service.app, headers=self.harness.issuer.machine(uuid4(), *scopes))

    def register(self, person: str, key: str | None = None, **fields: object) -> Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.keys.post(
            "/api/directory/registrations", json={**ADA, "person_id": person, **fields}, headers=headers
        )

    def undo(self, person: str) -> Response:
        return self.keys.delete(f"/api/directory/registrations/{person}")

    def sign_in(self, password: str = PASSWORD) -> int:
        form = {"username": "ada@example.org", "password": password}
        return self.harness.http.post("/api/directory/token", data=form).status_code

    def count(self, table: str) -> object:
        with self.harness.database.connection() as conn:
            row = conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        return row and row[0]


@pytest.fixture
def gate(harness: Harness) -> Gate:
    return Gate(harness)


@pytest.mark.feature("KEY-7", "DIR-2", "DIR-7")
def test_a_machine_client_registers_a_person_under_the_id_it_chose_once(gate: Gate) -> None:
    id = str(uuid4())
    first = gate.register(id, "saga-1")
    assert first.status_code == 201, first.text
    again = gate.register(id, "saga-1")
    assert (again.status_code, again.json()) == (201, first.json())
    person = gate.harness.get(f"/people/{id}").json()
    assert (person["user_name"], person["country"], person["home_organisation"]) == (
        "Ada@example.org",
        "SE",
        gate.north,
    )
    assert gate.sign_in() == 200
    assert gate.harness.events().count("PersonRegistered") == 1


@pytest.mark.feature("KEY-8", "DIR-1")
def test_a_known_email_a_taken_id_and_a_short_password_are_refused_whole(gate: Gate) -> None:
    id = gate.harness.person("Ada Lind", email="ada@EXAMPLE.org")
    known = gate.register(str(uuid4()))
    assert (known.status_code, known.json()["field"]) == (409, "email")
    taken = gate.register(id, email="bo@example.org")
    assert (taken.status_code, taken.json()["field"]) == (409, "person_id")
    short = gate.register(str(uuid4()), email="bo@example.org", password="short")
    assert (short.status_code, short.json()["field"]) == (422, "password")
    for missing in ("first_name", "last_name", "email", "password", "country", "organisation"):
        assert gate.register(str(uuid4()), **{missing: None}).json()["field"] == missing
    assert gate.count("account") == 0
    assert gate.harness.events().count("PersonRegistered") == 1


@pytest.mark.feature("DIR-7", "KEY-7")
def test_only_where_the_organisation_or_one_above_it_allows_it(gate: Gate) -> None:
    assert gate.register(str(uuid4()), organisation="Ward").status_code == 201
    assert gate.register(str(uuid4()), organisation=gate.ward.upper(), email="b@example.org").status_code == 201
    gate.open(gate.ward, anonymous_registration=True, key_field=False)
    closed = [
        gate.register(str(uuid4()), organisation=name, email="c@example.org").json()
        for name in ("Ward", "South", "Nowhere", str(uuid4()))
    ]
    assert closed[0]["type"] == "urn:rollbook:problem:registration-closed"
    assert all(one == closed[0] for one in closed)


@pytest.mark.feature("SEC-5", "SEC-2", "SEC-4")
def test_it_needs_the_permission_there(gate: Gate) -> None:
    body = {**ADA, "person_id": str(uuid4())}
    path = "/api/directory/registrations"
    assert gate.client(("register-people", UUID(gate.ward))).post(path, json=body).status_code == 403
    refused = gate.client(("read-directory", None)).post(path, json=body)
    assert (refused.status_code, refused.json()["permission"]) == (403, "register-people")
    assert gate.harness.client("operations-manager").post(path, json=body).status_code == 403
    assert gate.client(("register-people", UUID(gate.north))).post(path, json=body).status_code == 201
    undo = gate.client(("register-people", UUID(gate.south))).delete(f"{path}/{body['person_id']}")
    assert undo.status_code == 404


@pytest.mark.feature("KEY-7")
def test_a_registration_that_is_undone_leaves_nothing_and_its_email_is_free(gate: Gate) -> None:
    first, second = str(uuid4()), str(uuid4())
    gate.register(first)
    assert gate.undo(first).status_code == 200
    assert (gate.sign_in(), gate.count("account"), gate.count("registration")) == (401, 0, 0)
    assert gate.harness.events()[-1] == "PersonDeactivated"
    gone = gate.harness.get(f"/people/{first}").json()
    assert not gone["active"]
    with gate.harness.database.connection() as conn:
        published = conn.execute("SELECT convert_from(body, 'UTF8') FROM published_profiles").fetchall()
    assert [text for (text,) in published if "Ada" in str(text) or "Lind" in str(text)] == []
    assert gate.undo(first).json()["type"] == "urn:rollbook:problem:not-undoable"
    assert gate.register(second).status_code == 201
    assert gate.sign_in() == 200


@pytest.mark.feature("KEY-7")
def test_what_is_taken_back_before_it_comes_does_not_come(gate: Gate) -> None:
    """Whoever asked for it did not hear an answer, and the request is still on its way."""
    id = str(uuid4())
    assert [gate.undo(id).status_code for _ in range(2)] == [404, 404]
    late = gate.register(id)
    assert (late.status_code, late.json()["field"]) == (409, "person_id")
    assert (gate.count("account"), gate.sign_in()) == (0, 401)
    assert gate.register(str(uuid4())).status_code == 201


@pytest.mark.feature("KEY-7")
def test_of_a_registration_and_its_undoing_at_one_moment_nothing_is_left(gate: Gate) -> None:
    for number in range(10):
        id, email = str(uuid4()), f"ada{number}@example.org"
        with ThreadPoolExecutor(2) as threads:
            registered = threads.submit(gate.register, id, None, email=email)
            undone = threads.submit(gate.undo, id)
        assert registered.result().status_code in (201, 409)
        assert undone.result().status_code in (200, 404, 409)
        if undone.result().status_code == 409:
            assert gate.undo(id).status_code == 200, "it was overtaken, and says so"
        found = gate.harness.get(f"/people/{id}")
        assert found.status_code == 404 or not found.json()["active"]


@pytest.mark.feature("KEY-7")
def test_who_has_signed_in_or_is_here_for_an_hour_or_came_otherwise_stays(gate: Gate) -> None:
    used, old = str(uuid4()), str(uuid4())
    gate.register(used)
    assert gate.sign_in() == 200
    gate.register(old, email="old@example.org")
    with gate.harness.database.transaction() as conn:
        conn.execute("UPDATE registration SET registered_at = now() - interval '61 minutes' WHERE person = %s", [old])
    before = gate.harness.events()
    for person in (used, old, gate.harness.person("Bo Berg", gate.north)):
        refused = gate.undo(person)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:rollbook:problem:not-undoable")
    assert gate.undo(str(uuid4())).status_code == 404
    assert gate.harness.events()[len(before) :] == ["PersonRegistered"]
    forgetting = next(w for w in gate.harness.service.workers if isinstance(w, RetentionWorker))
    assert forgetting.step()["registrations"] == 1


@pytest.mark.feature("KEY-7")
def test_a_command_is_known_by_a_hash_that_its_password_is_not_in(gate: Gate) -> None:
    first = gate.register(str(uuid4()), "k")
    assert gate.register(first.json()["result"]["person_id"], "k", password="another long one").json() == first.json()
    assert gate.register(str(uuid4()), "k").status_code == 409


@pytest.mark.feature("DIR-7", "KEY-7")
def test_a_sign_in_page_shows_what_its_organisation_offers_and_nothing_of_others(open_harness: OpenHarness) -> None:
    gate = Gate(open_harness())
    stranger = TestClient(gate.harness.service.app)

    def options(organisation: str | None) -> object:
        params = {"organisation": organisation} if organisation else {}
        return stranger.get("/api/directory/sign-in-options", params=params).json()

    named = {"id": gate.ward, "name": "Ward"}
    ward = {"organisation": named, "registration": True, "key_field": True, "contact": None, "providers": []}
    assert options("Ward") == options(gate.ward) == ward
    gate.open(gate.ward, key_field=False)
    assert options("Ward") == {**ward, "key_field": False}
    nothing = {"organisation": None, "registration": False, "key_field": False, "contact": None, "providers": []}
    assert options("South") == options("Nowhere") == options(None) == nothing
