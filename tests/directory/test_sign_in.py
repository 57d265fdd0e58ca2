"""Local accounts and the tokens that services accept."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from issuer import Issuer
from town import Town

from services.directory.main import build
from shared.auth import Verifier
from shared.store import Forgetting

PASSWORD = "correct horse battery"


def sign_in(town: Town, name: str, password: str) -> object:
    return town.http.post(
        "/api/directory/token", data={"grant_type": "password", "username": name, "password": password}
    )


@pytest.mark.feature("SEC-3", "SEC-1")
def test_a_token_carries_roles_and_home_and_verifies_with_the_published_keys(town: Town) -> None:
    home = town.unit(town.framework(), "North")
    id = town.person("Ada Lind", home)
    town.post(f"/people/{id}/roles", {"role": "enrollment-manager", "organisation": home})
    assert town.http.put(f"/api/directory/people/{id}/password", json={"password": PASSWORD}).status_code == 204
    answer = town.http.post("/api/directory/token", data={"username": "ADA.lind@example.org", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 900
    keys = town.http.get("/api/directory/jwks").json()
    assert "d" not in keys["keys"][0]
    caller = Verifier(town.settings.issuer, town.settings.audience, lambda: keys).verify(answer.json()["access_token"])
    assert str(caller.id) == id
    assert str(caller.home) == home
    assert [(held.role, str(held.organisation)) for held in caller.roles] == [("enrollment-manager", home)]


@pytest.mark.feature("SEC-3", "DIR-12")
def test_unknown_name_wrong_password_and_leaver_get_one_answer(town: Town) -> None:
    id = town.person("Ada Lind")
    town.http.put(f"/api/directory/people/{id}/password", json={"password": PASSWORD})
    wrong = sign_in(town, "ada.lind@example.org", "not the password")
    unknown = sign_in(town, "nobody@example.org", PASSWORD)
    town.post(f"/people/{id}/deactivate")
    gone = sign_in(town, "ada.lind@example.org", PASSWORD)
    assert wrong.status_code == unknown.status_code == gone.status_code == 401  # type: ignore[attr-defined]
    assert wrong.json() == unknown.json() == gone.json()  # type: ignore[attr-defined]
    with town.database.connection() as conn:
        row = conn.execute("SELECT password_hash, (SELECT count(*) FROM sign_in) FROM account").fetchone()
    assert row is not None
    assert str(row[0]).startswith("$argon2id$")
    assert row[1] == 0


@pytest.mark.feature("SEC-3", "SEC-4")
def test_a_token_of_another_issuer_is_refused(town: Town) -> None:
    service = build(town.settings)
    client = TestClient(service.app)
    foreign = Issuer().headers(town.administrator, ("site-administrator", None))
    refused = client.get("/api/directory/people", headers=foreign)
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:rollbook:problem:unauthenticated")
    assert client.get("/api/directory/people").status_code == 401
    service.close()


@pytest.mark.feature("SEC-3")
def test_passwords_are_long_and_only_the_own_one_needs_no_permission(town: Town) -> None:
    ada, bo = town.person("Ada Lind"), town.person("Bo Berg")
    short = town.http.put(f"/api/directory/people/{ada}/password", json={"password": "short"})
    assert (short.status_code, short.json()["field"]) == (422, "password")
    town.http.put(f"/api/directory/people/{ada}/password", json={"password": PASSWORD})
    learner = build(town.settings)
    client = TestClient(learner.app)
    token = client.post("/api/directory/token", data={"username": "ada.lind@example.org", "password": PASSWORD})
    mine = {"Authorization": f"Bearer {token.json()['access_token']}"}
    body = {"password": "another long password"}
    assert client.put(f"/api/directory/people/{bo}/password", json=body, headers=mine).status_code == 403
    assert client.put(f"/api/directory/people/{ada}/password", json=body, headers=mine).status_code == 204
    assert client.get("/api/directory/me", headers=mine).json()["first_name"] == "Ada"
    learner.close()


@pytest.mark.feature("DIR-10")
def test_the_first_sign_in_is_recorded_once_and_each_one_is_listed(town: Town) -> None:
    ada, bo = town.person("Ada Lind"), town.person("Bo Berg")
    town.http.put(f"/api/directory/people/{ada}/password", json={"password": PASSWORD})
    sign_in(town, "ada.lind@example.org", "not the password")
    assert town.get(f"/people/{ada}/sign-ins").json()["items"] == []
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: sign_in(town, "ada.lind@example.org", PASSWORD), range(4)))
    assert [a.status_code for a in answers] == [200] * 4  # type: ignore[attr-defined]
    assert town.events().count("FirstSignedIn") == 1
    first = town.get(f"/people/{ada}/sign-ins", limit="3").json()
    rest = town.get(f"/people/{ada}/sign-ins", limit="3", cursor=first["next"]).json()
    times = [i["at"] for i in first["items"] + rest["items"]]
    assert (len(times), rest["next"]) == (4, None)
    assert times == sorted(times, reverse=True)
    assert town.get(f"/people/{bo}/sign-ins").json()["items"] == []
    assert town.http.patch(f"/api/directory/people/{ada}", json={"country": "SE"}).status_code == 200


@pytest.mark.feature("DIR-10", "SEC-2")
def test_sign_ins_are_seen_by_their_person_and_by_who_reads_that_organisation(town: Town) -> None:
    framework = town.framework()
    north, south = town.unit(framework, "North"), town.unit(framework, "South")
    ada = town.person("Ada Lind", north)
    path = f"/api/directory/people/{ada}/sign-ins"
    assert town.client("enrollment-manager", north).get(path).status_code == 200
    assert town.client("enrollment-manager", south).get(path).status_code == 404
    town.administrator = UUID(ada)
    assert town.client("learner").get(path).status_code == 200
    town.administrator = uuid4()
    assert town.client("learner").get(path).status_code == 403


@pytest.mark.feature("DIR-10")
def test_old_sign_ins_are_forgotten_but_never_that_there_was_a_first(town: Town) -> None:
    ada = town.person("Ada Lind")
    town.http.put(f"/api/directory/people/{ada}/password", json={"password": PASSWORD})
    sign_in(town, "ada.lind@example.org", PASSWORD)
    with town.database.transaction() as conn:
        conn.execute("UPDATE sign_in SET at = at - make_interval(days => %s)", [town.settings.sign_in_days + 1])
    forgetting = next(w for w in town.service.workers if isinstance(w, Forgetting))
    assert forgetting.step()["sign-ins"] == 1
    sign_in(town, "ada.lind@example.org", PASSWORD)
    assert town.events().count("FirstSignedIn") == 1
    assert len(town.get(f"/people/{ada}/sign-ins").json()["items"]) == 1
