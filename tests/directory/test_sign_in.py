"""Local accounts and the tokens that services accept."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from directory.harness import Harness, OpenHarness
from fastapi.testclient import TestClient
from issuer import Issuer

from services.directory.application.passwords import Passwords
from services.directory.main import build
from shared.auth import Verifier
from shared.settings import Settings
from shared.store import RetentionWorker

PASSWORD = "correct horse battery"


def sign_in(harness: Harness, name: str, password: str) -> object:
    return harness.http.post(
        "/api/directory/token", data={"grant_type": "password", "username": name, "password": password}
    )


@pytest.mark.feature("SEC-3", "SEC-1")
def test_a_token_carries_roles_and_home_and_verifies_with_the_published_keys(harness: Harness) -> None:
    home = harness.unit(harness.framework(), "North")
    id = harness.person("Ada Lind", home)
    harness.post(f"/people/{id}/roles", {"role": "enrollment-manager", "organisation": home})
    assert harness.http.put(f"/api/directory/people/{id}/password", json={"password": PASSWORD}).status_code == 204
    answer = harness.http.post("/api/directory/token", data={"username": "ADA.lind@example.org", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 900
    keys = harness.http.get("/api/directory/jwks").json()
    assert "d" not in keys["keys"][0]
    caller = Verifier(harness.settings.issuer, harness.settings.audience, lambda: keys).verify(
        answer.json()["access_token"]
    )
    assert str(caller.id) == id
    assert str(caller.home) == home
    assert [(held.role, str(held.organisation)) for held in caller.roles] == [("enrollment-manager", home)]


@pytest.mark.feature("SEC-3", "DIR-12")
def test_unknown_name_wrong_password_and_leaver_get_one_answer(harness: Harness) -> None:
    id = harness.person("Ada Lind")
    harness.http.put(f"/api/directory/people/{id}/password", json={"password": PASSWORD})
    wrong = sign_in(harness, "ada.lind@example.org", "not the password")
    unknown = sign_in(harness, "nobody@example.org", PASSWORD)
    harness.post(f"/people/{id}/deactivate")
    gone = sign_in(harness, "ada.lind@example.org", PASSWORD)
    assert wrong.status_code == unknown.status_code == gone.status_code == 401  # type: ignore[attr-defined]
    assert wrong.json() == unknown.json() == gone.json()  # type: ignore[attr-defined]
    with harness.database.connection() as conn:
        row = conn.execute("SELECT password_hash, (SELECT count(*) FROM sign_in) FROM account").fetchone()
    assert row is not None
    assert str(row[0]).startswith("$argon2id$")
    assert row[1] == 0


@pytest.mark.feature("SEC-3")
def test_a_hash_takes_what_the_settings_say_and_an_older_one_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own settings are cheap; without them it is what RFC 9106 recommends."""
    cheap = Settings()
    monkeypatch.delenv("ROLLBOOK_PASSWORD_MEMORY")
    monkeypatch.delenv("ROLLBOOK_PASSWORD_PASSES")
    usual = Settings()
    before = Passwords(cheap.password_memory, cheap.password_passes).hash(PASSWORD)
    now = Passwords(usual.password_memory, usual.password_passes)
    assert "$m=64,t=1," in before
    assert "$m=65536,t=3,p=4$" in now.hash(PASSWORD)
    assert now.verify(before, PASSWORD)
    assert not now.verify(before, "not the password")


@pytest.mark.feature("SEC-3", "SEC-4")
def test_a_token_of_another_issuer_is_refused(harness: Harness) -> None:
    service = build(harness.settings)
    client = TestClient(service.app)
    foreign = Issuer().headers(harness.administrator, ("site-administrator", None))
    refused = client.get("/api/directory/people", headers=foreign)
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:rollbook:problem:unauthenticated")
    assert client.get("/api/directory/people").status_code == 401
    service.close()


@pytest.mark.feature("SEC-3")
def test_passwords_are_long_and_only_the_own_one_needs_no_permission(harness: Harness) -> None:
    ada, bo = harness.person("Ada Lind"), harness.person("Bo Berg")
    short = harness.http.put(f"/api/directory/people/{ada}/password", json={"password": "short"})
    assert (short.status_code, short.json()["field"]) == (422, "password")
    harness.http.put(f"/api/directory/people/{ada}/password", json={"password": PASSWORD})
    learner = build(harness.settings)
    client = TestClient(learner.app)
    token = client.post("/api/directory/token", data={"username": "ada.lind@example.org", "password": PASSWORD})
    mine = {"Authorization": f"Bearer {token.json()['access_token']}"}
    body = {"password": "another long password", "present_password": PASSWORD}
    assert client.put(f"/api/directory/people/{bo}/password", json=body, headers=mine).status_code == 403
    assert client.put(f"/api/directory/people/{ada}/password", json=body, headers=mine).status_code == 204
    assert client.get("/api/directory/me", headers=mine).json()["first_name"] == "Ada"
    learner.close()


@pytest.mark.feature("DIR-10")
def test_the_first_sign_in_is_recorded_once_and_each_one_is_listed(harness: Harness) -> None:
    ada, bo = harness.person("Ada Lind"), harness.person("Bo Berg")
    harness.http.put(f"/api/directory/people/{ada}/password", json={"password": PASSWORD})
    sign_in(harness, "ada.lind@example.org", "not the password")
    assert harness.get(f"/people/{ada}/sign-ins").json()["items"] == []
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: sign_in(harness, "ada.lind@example.org", PASSWORD), range(4)))
    assert [a.status_code for a in answers] == [200] * 4  # type: ignore[attr-defined]
    assert harness.events().count("FirstSignedIn") == 1
    first = harness.get(f"/people/{ada}/sign-ins", limit="3").json()
    rest = harness.get(f"/people/{ada}/sign-ins", limit="3", cursor=first["next"]).json()
    times = [i["at"] for i in first["items"] + rest["items"]]
    assert (len(times), rest["next"]) == (4, None)
    assert times == sorted(times, reverse=True)
    assert harness.get(f"/people/{bo}/sign-ins").json()["items"] == []
    assert harness.http.patch(f"/api/directory/people/{ada}", json={"country": "SE"}).status_code == 200


@pytest.mark.feature("DIR-10", "SEC-2")
def test_sign_ins_are_seen_by_their_person_and_by_who_reads_that_organisation(harness: Harness) -> None:
    framework = harness.framework()
    north, south = harness.unit(framework, "North"), harness.unit(framework, "South")
    ada = harness.person("Ada Lind", north)
    path = f"/api/directory/people/{ada}/sign-ins"
    assert harness.client("enrollment-manager", north).get(path).status_code == 200
    assert harness.client("enrollment-manager", south).get(path).status_code == 404
    harness.administrator = UUID(ada)
    assert harness.client("learner").get(path).status_code == 200
    harness.administrator = uuid4()
    assert harness.client("learner").get(path).status_code == 403


@pytest.mark.feature("DIR-10")
def test_old_sign_ins_are_forgotten_but_never_that_there_was_a_first(harness: Harness) -> None:
    ada = harness.person("Ada Lind")
    harness.http.put(f"/api/directory/people/{ada}/password", json={"password": PASSWORD})
    sign_in(harness, "ada.lind@example.org", PASSWORD)
    with harness.database.transaction() as conn:
        conn.execute("UPDATE sign_in SET at = at - make_interval(days => %s)", [harness.settings.sign_in_days + 1])
    forgetting = next(w for w in harness.service.workers if isinstance(w, RetentionWorker))
    assert forgetting.step()["sign-ins"] == 1
    sign_in(harness, "ada.lind@example.org", PASSWORD)
    assert harness.events().count("FirstSignedIn") == 1
    assert len(harness.get(f"/people/{ada}/sign-ins").json()["items"]) == 1


@pytest.mark.feature("SEC-3", "KEY-9")
def test_guesses_at_a_password_are_limited_and_its_owner_elsewhere_signs_in(open_harness: OpenHarness) -> None:
    harness = open_harness(attempts_window=90_000)
    id = harness.person("Ada Lind")
    harness.http.put(f"/api/directory/people/{id}/password", json={"password": PASSWORD})
    form = {"username": "ada.lind@example.org", "password": "guess"}
    attacker = TestClient(harness.service.app, client=("203.0.113.7", 1))
    answers = [attacker.post("/api/directory/token", data=form) for _ in range(30)]
    assert [a.status_code for a in answers] == [401] * 10 + [429] * 20
    assert answers[-1].json()["type"] == "urn:rollbook:problem:too-many-attempts"
    assert 8_500 <= int(answers[-1].headers["Retry-After"]) <= 9_000
    right = {"username": "ada.lind@example.org", "password": PASSWORD}
    assert attacker.post("/api/directory/token", data=right).status_code == 429
    forged = {"X-Forwarded-For": "198.51.100.9"}
    assert attacker.post("/api/directory/token", data=form, headers=forged).status_code == 429
    owner = TestClient(harness.service.app, client=("198.51.100.9", 1))
    assert owner.post("/api/directory/token", data=right).status_code == 200
    nobody = [attacker.post("/api/directory/token", data={**form, "username": "nobody"}) for _ in range(30)]
    assert [a.status_code for a in nobody] == [401] * 10 + [429] * 20
    assert nobody[-1].json()["title"] == answers[-1].json()["title"]
