"""Sign-in at an OpenID Connect provider: a real one, on loopback (SEC-3)."""

from urllib.parse import parse_qs, urlsplit

import pytest
from directory.harness import OpenHarness
from directory.openid_works import Works
from fastapi.testclient import TestClient
from pytest_iam import Server, iam_configuration, iam_server, iam_server_port

from shared.ports import free_port
from shared.store import RetentionWorker

__all__ = ["iam_configuration", "iam_server", "iam_server_port"]


@pytest.fixture
def works(open_harness: OpenHarness, iam_server: Server) -> Works:
    return Works(open_harness, iam_server, trust_email=True)


@pytest.mark.feature("SEC-3", "DIR-10")
def test_who_signs_in_is_the_person_with_the_address_and_stays_it_under_another_one(works: Works) -> None:
    user = works.user()
    ada = works.harness.person("Ada Lind")
    answer = works.sign_in(user)
    assert str(works.caller(answer).id) == ada
    assert "refresh_token" in answer.json()
    works.harness.http.patch(f"{works.harness.address}/people/{ada}", json={"email": "married@example.org"})
    assert str(works.caller(works.sign_in(user)).id) == ada
    assert works.harness.events().count("FirstSignedIn") == 1
    assert len(works.harness.get(f"/people/{ada}/sign-ins").json()["items"]) == 2


@pytest.mark.feature("SEC-3", "SEC-6", "SEC-1")
def test_groups_give_and_take_the_roles_that_the_setting_has_for_them_and_no_others(
    open_harness: OpenHarness, iam_server: Server
) -> None:
    roles = {"managers": ("enrollment-manager", "North"), "audit": ("auditor", None), "lost": ("auditor", "Nowhere")}
    works = Works(open_harness, iam_server, trust_email=True, roles=roles)
    north = works.harness.unit(works.harness.framework(), "North")
    ada = works.harness.person("Ada Lind", north)
    works.harness.post(f"/people/{ada}/roles", {"role": "learner", "organisation": None})
    works.harness.post(f"/people/{ada}/roles", {"role": "auditor", "organisation": None})
    user = works.user("Ada Lind", "managers", "lost", "strangers")
    caller = works.caller(works.sign_in(user))
    held = {(one.role, str(one.organisation) if one.organisation else None) for one in caller.roles}
    assert held == {("enrollment-manager", north), ("learner", None)}
    assert works.harness.events()[-2:] == ["PermissionRoleRevoked", "FirstSignedIn"]
    before = works.harness.events()
    works.sign_in(user)
    assert works.harness.events() == before


@pytest.mark.feature("SEC-3")
def test_somebody_unknown_is_refused_unless_the_setting_says_where_to_register_them(
    open_harness: OpenHarness, works: Works, iam_server: Server
) -> None:
    refused = works.sign_in(works.user())
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:rollbook:problem:unknown-person")
    assert "PersonRegistered" not in works.harness.events()
    inviting = Works(open_harness, iam_server, trust_email=True, create_in="North")
    north = inviting.harness.unit(inviting.harness.framework(), "North")
    user = inviting.user()
    first, second = inviting.caller(inviting.sign_in(user)), inviting.caller(inviting.sign_in(user))
    assert (first.id, str(first.home)) == (second.id, north)
    person = inviting.harness.get(f"/people/{first.id}").json()
    assert (person["first_name"], person["email"]) == ("Ada", "ada.lind@example.org")
    assert inviting.harness.events().count("PersonRegistered") == 1
    assert "ada.lind" not in str(inviting.bodies())


@pytest.mark.feature("SEC-3", "DIR-1")
def test_a_duplicate_address_and_a_person_who_is_linked_already_are_told_as_such(
    open_harness: OpenHarness, works: Works, iam_server: Server
) -> None:
    by_name = Works(open_harness, iam_server, link_by="user_name", link_claim="sub", create_in="North")
    by_name.harness.unit(by_name.harness.framework(), "North")
    by_name.harness.person("Ada Lind")
    taken = by_name.sign_in(by_name.user())
    assert (taken.status_code, taken.json()["type"], taken.json()["field"]) == (
        409,
        "urn:rollbook:problem:taken",
        "email",
    )
    works.harness.person("Ada Lind")
    assert works.sign_in(works.user()).status_code == 200
    other = works.sign_in(works.user())
    assert (other.status_code, other.json()["type"]) == (409, "urn:rollbook:problem:already-linked")


@pytest.mark.feature("SEC-3")
def test_an_address_that_nobody_verified_and_a_leaver_are_refused(
    open_harness: OpenHarness, works: Works, iam_server: Server
) -> None:
    strict = Works(open_harness, iam_server)
    strict.harness.person("Ada Lind")
    refused = strict.sign_in(strict.user())
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:rollbook:problem:email-not-verified")
    gone = works.harness.person("Ada Lind")
    works.harness.post(f"/people/{gone}/deactivate")
    assert works.sign_in(works.user()).json()["type"] == "urn:rollbook:problem:inactive"


@pytest.mark.feature("SEC-3")
def test_a_provider_that_is_down_and_one_that_calls_itself_otherwise_are_clear_problems(
    open_harness: OpenHarness, iam_server: Server
) -> None:
    down = Works(open_harness, iam_server, issuer=f"http://localhost:{free_port()}")
    answer = down.http.post("/api/directory/sign-ins/works")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:rollbook:problem:provider-down")
    assert "Retry-After" in answer.headers
    other = Works(open_harness, iam_server, issuer=iam_server.url)
    answer = other.http.post("/api/directory/sign-ins/works")
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:rollbook:problem:provider-answer-invalid")
    assert other.http.post("/api/directory/sign-ins/nobody").status_code == 404


@pytest.mark.feature("SEC-3")
@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ("nonce = 'of another sign-in'", 401, "provider-answer-invalid"),
        ("code_verifier = repeat('x', 50)", 401, "provider-answer-invalid"),
        ("expires_at = now()", 409, "sign-in-expired"),
    ],
)
def test_an_answer_that_is_not_of_this_sign_in_is_refused(works: Works, change: str, status: int, kind: str) -> None:
    works.harness.person("Ada Lind")
    begun = works.begin()
    back = works.code(works.user(), begun["authorization_url"])
    with works.harness.database.transaction() as conn:
        conn.execute(f"UPDATE external_sign_in SET {change}".encode())
    refused = works.finish(back["state"], back["code"])
    assert (refused.status_code, refused.json()["type"]) == (status, f"urn:rollbook:problem:{kind}"), refused.text
    assert "FirstSignedIn" not in works.harness.events()


@pytest.mark.feature("SEC-3")
def test_each_answer_is_used_once_and_what_nobody_finishes_is_forgotten(works: Works) -> None:
    works.harness.person("Ada Lind")
    begun = works.begin()
    query = parse_qs(urlsplit(begun["authorization_url"]).query)
    assert (query["code_challenge_method"], query["state"]) == (["S256"], [begun["state"]])
    back = works.code(works.user(), begun["authorization_url"])
    assert works.finish("another state", back["code"]).status_code == 409
    assert works.finish(back["state"], back["code"]).status_code == 200
    assert works.finish(back["state"], back["code"]).status_code == 409
    works.begin()
    with works.harness.database.transaction() as conn:
        conn.execute("UPDATE external_sign_in SET expires_at = now() - interval '1 second'")
    forgetting = next(w for w in works.harness.service.workers if isinstance(w, RetentionWorker))
    assert forgetting.step()["external-sign-ins"] == 1


@pytest.mark.feature("SEC-3")
def test_sign_ins_that_nobody_finishes_are_limited_by_address_and_those_that_are_finished_are_not_counted(
    open_harness: OpenHarness, iam_server: Server
) -> None:
    works = Works(open_harness, iam_server, trust_email=True, limits={"attempts_per_address": 3})
    works.harness.person("Ada Lind")
    user = works.user()
    for _ in range(5):
        assert works.sign_in(user).status_code == 200
    for _ in range(3):
        works.begin()
    refused = works.http.post("/api/directory/sign-ins/works")
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:rollbook:problem:too-many-attempts")
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    with works.harness.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM external_sign_in").fetchone() == (3,), "a refused one leaves nothing"
    elsewhere = TestClient(works.harness.service.app, client=("198.51.100.9", 1))
    assert elsewhere.post("/api/directory/sign-ins/works").status_code == 201


@pytest.mark.feature("SEC-3")
def test_a_sign_in_that_the_directory_refuses_stays_counted(open_harness: OpenHarness, iam_server: Server) -> None:
    works = Works(open_harness, iam_server, trust_email=True, limits={"attempts_per_address": 2})
    user = works.user()
    for _ in range(2):
        assert works.sign_in(user).json()["type"] == "urn:rollbook:problem:unknown-person"
    assert works.http.post("/api/directory/sign-ins/works").status_code == 429


@pytest.mark.feature("SEC-3")
def test_the_sign_in_page_is_told_the_providers(works: Works) -> None:
    options = works.http.get("/api/directory/sign-in-options").json()
    assert options["providers"] == [{"id": "works", "name": "Works"}]
