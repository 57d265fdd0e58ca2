"""Forgotten passwords, the own password, and plain registration by an e-mail that only its owner reads (SEC-3, KEY-7, KEY-8)."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from directory.harness import Harness, OpenHarness
from fastapi.testclient import TestClient
from httpx import Response

from shared.store import RetentionWorker

PASSWORD, NEW = "correct horse battery", "another long password"
ADA = "ada.lind@example.org"
BO = {
    "first_name": "Bo",
    "last_name": "Berg",
    "email": "Bo@example.org",
    "password": PASSWORD,
    "country": "SE",
    "organisation": "North",
}


class Desk:
    """Strangers, and the notifier, at a directory with Ada, who has an account, in an organisation that is open to strangers."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.north = harness.unit(harness.framework(), "North")
        profile = {"anonymous_registration": True}
        assert harness.http.put(f"{harness.address}/units/{self.north}/profile", json=profile).status_code == 200
        self.ada = harness.person("Ada Lind", self.north, password=PASSWORD)
        self.stranger = TestClient(harness.service.app)
        self.notifier = TestClient(harness.service.app, headers=harness.issuer.machine(uuid4(), service="notifier"))

    def ask(self, path: str, body: dict[str, Any]) -> Response:
        return self.stranger.post(f"/api/directory{path}", json=body)

    def forgot(self, email: str = ADA) -> Response:
        return self.ask("/password-resets", {"email": email})

    def register(self, **fields: object) -> Response:
        return self.ask("/registrations", {**BO, **fields})

    def mails(self) -> list[dict[str, Any]]:
        answer = self.notifier.post("/api/directory/account-mails/claims")
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    def mail(self) -> dict[str, Any]:
        (mail,) = self.mails()
        assert self.notifier.post(f"/api/directory/account-mails/{mail['id']}/sent").status_code == 204
        return mail

    def reset(self, token: str, password: str = NEW) -> Response:
        return self.ask("/password-resets/confirm", {"token": token, "password": password})

    def confirm(self, token: str) -> Response:
        return self.ask("/registrations/confirm", {"token": token})

    def sign_in(self, password: str, name: str = ADA) -> Response:
        return self.stranger.post("/api/directory/token", data={"username": name, "password": password})

    def later(self, seconds: float) -> None:
        with self.harness.database.transaction() as conn:
            conn.execute(
                "UPDATE account_mail SET requested_at = requested_at - %(s)s * interval '1 second', "
                "claimed_until = claimed_until - %(s)s * interval '1 second'",
                {"s": seconds},
            )
            conn.execute("UPDATE account_link SET expires_at = expires_at - %s * interval '1 second'", [seconds])


@pytest.fixture
def desk(harness: Harness) -> Desk:
    return Desk(harness)


@pytest.mark.feature("SEC-3")
def test_a_forgotten_password_is_set_anew_by_a_link_that_works_once(desk: Desk) -> None:
    session = desk.sign_in(PASSWORD).json()["refresh_token"]
    assert desk.forgot("ADA.lind@example.org").status_code == 202
    mail = desk.mail()
    assert (mail["template"], mail["email"], mail["first_name"], mail["minutes"]) == ("password-reset", ADA, "Ada", 15)
    short = desk.reset(mail["token"], "short")
    assert (short.status_code, short.json()["field"]) == (422, "password")
    assert desk.reset(mail["token"]).status_code == 204
    again = desk.reset(mail["token"])
    assert (again.status_code, again.json()["type"]) == (409, "urn:rollbook:problem:link-not-valid")
    assert (desk.sign_in(PASSWORD).status_code, desk.sign_in(NEW).status_code) == (401, 200)
    refreshed = {"grant_type": "refresh_token", "refresh_token": session}
    assert desk.stranger.post("/api/directory/token", data=refreshed).status_code == 401


@pytest.mark.feature("SEC-3")
def test_a_link_holds_for_fifteen_minutes_and_using_one_ends_the_others(desk: Desk) -> None:
    desk.forgot()
    token = desk.mail()["token"]
    desk.later(901)
    assert desk.reset(token).status_code == 409
    desk.forgot()
    first = desk.mail()["token"]
    desk.forgot()
    second = desk.mail()["token"]
    assert desk.reset(second).status_code == 204
    assert desk.reset(first).status_code == 409


@pytest.mark.feature("SEC-3")
def test_unknown_addresses_leavers_and_people_without_an_account_get_the_same_answer_and_no_email(desk: Desk) -> None:
    desk.harness.person("No Account")
    gone = desk.harness.person("Long Gone", password=PASSWORD)
    desk.harness.post(f"/people/{gone}/deactivate")
    known = desk.forgot()
    for email in ("nobody@example.org", "no.account@example.org", "long.gone@example.org"):
        answer = desk.forgot(email)
        assert (answer.status_code, answer.json()) == (known.status_code, known.json())
    with desk.harness.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM account_mail").fetchone() == (4,)
    assert [mail["email"] for mail in desk.mails()] == [ADA]


@pytest.mark.feature("SEC-3")
def test_an_email_comes_again_until_the_mail_server_has_it_but_no_mailbox_is_flooded(desk: Desk) -> None:
    desk.forgot()
    (first,) = desk.mails()
    assert desk.mails() == []
    desk.later(61)
    (second,) = desk.mails()
    assert (second["id"], second["token"] != first["token"]) == (first["id"], True)
    desk.later(61)
    desk.mail()
    for _ in range(5):
        desk.forgot()
    assert len(desk.mails()) == 2
    desk.later(2_000)
    forgetting = next(w for w in desk.harness.service.workers if isinstance(w, RetentionWorker))
    assert forgetting.step()["account-mails"] == 3


@pytest.mark.feature("KEY-7", "DIR-2", "DIR-7")
def test_whoever_registers_confirms_the_address_and_is_signed_in(desk: Desk) -> None:
    answer = desk.register()
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    assert desk.sign_in(PASSWORD, "bo@example.org").status_code == 401
    assert desk.harness.events().count("PersonRegistered") == 1
    mail = desk.mail()
    assert (mail["template"], mail["email"], mail["first_name"]) == ("registration", "Bo@example.org", "")
    confirmed = desk.confirm(mail["token"])
    assert confirmed.status_code == 201, confirmed.text
    assert {"access_token", "refresh_token"} <= confirmed.json().keys()
    assert desk.confirm(mail["token"]).status_code == 409
    assert desk.sign_in(PASSWORD, "bo@example.org").status_code == 200
    (person,) = [one for one in desk.harness.get("/people").json()["items"] if one["first_name"] == "Bo"]
    assert (person["user_name"], person["home_organisation"]) == ("Bo@example.org", desk.north)
    assert desk.harness.events()[-2:] == ["PersonRegistered", "FirstSignedIn"]


@pytest.mark.feature("KEY-8", "KEY-7")
def test_a_known_address_is_answered_alike_told_by_email_and_registered_no_second_time(desk: Desk) -> None:
    fresh, known = desk.register(), desk.register(email=ADA)
    assert (known.status_code, known.json()) == (fresh.status_code, fresh.json())
    told = {mail["email"]: mail for mail in desk.mails()}
    assert (told[ADA]["template"], told[ADA]["token"]) == ("already-registered", None)
    desk.register()
    (again,) = desk.mails()
    assert desk.confirm(told["Bo@example.org"]["token"]).status_code == 201
    late = desk.confirm(again["token"])
    assert (late.status_code, late.json()["field"]) == (409, "email")
    assert desk.harness.events().count("PersonRegistered") == 2


@pytest.mark.feature("DIR-2", "DIR-7", "KEY-7")
def test_what_cannot_be_registered_is_refused_at_once(desk: Desk) -> None:
    for field in ("first_name", "last_name", "email", "password", "country", "organisation"):
        assert desk.register(**{field: None}).json()["field"] == field
    for bad, field in (
        ({"email": "bo"}, "email"),
        ({"password": "short"}, "password"),
        ({"country": "Sweden"}, "country"),
    ):
        assert (desk.register(**bad).status_code, desk.register(**bad).json()["field"]) == (422, field)
    closed = desk.register(organisation="Nowhere")
    assert (closed.status_code, closed.json()["type"]) == (404, "urn:rollbook:problem:registration-closed")
    assert desk.mails() == []


@pytest.mark.feature("KEY-9", "SEC-3")
def test_requests_are_limited_for_known_and_unknown_addresses_alike(open_harness: OpenHarness) -> None:
    desk = Desk(open_harness(attempts_window=90_000))
    for email in (ADA, "nobody@example.org"):
        assert [desk.forgot(email).status_code for _ in range(11)] == [202] * 10 + [429]
    assert [desk.register().status_code for _ in range(11)] == [202] * 10 + [429]


@pytest.mark.feature("SEC-3", "DIR-12")
def test_no_table_has_a_token_or_a_password_and_no_event_an_address(desk: Desk) -> None:
    desk.register()
    desk.forgot()
    tokens = [mail["token"] for mail in desk.mails()]
    desk.confirm(next(iter(tokens)))
    with desk.harness.database.connection() as conn:
        tables = [str(name) for (name,) in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        for table in tables:
            rows = str(conn.execute(f'SELECT t::text FROM "{table}" t'.encode()).fetchall())
            assert [one for one in (*tokens, PASSWORD) if one in rows] == [], table
        bodies = conn.execute("SELECT convert_from(body, 'UTF8') || meta FROM events").fetchall()
    assert "example.org" not in str(bodies)


@pytest.mark.feature("SEC-3", "SEC-4")
def test_only_the_notifier_is_told_links(desk: Desk) -> None:
    desk.forgot()
    for caller, status in ((desk.harness.http, 403), (desk.stranger, 401)):
        assert caller.post("/api/directory/account-mails/claims").status_code == status
        assert caller.post(f"/api/directory/account-mails/{uuid4()}/sent").status_code == status
    assert len(desk.mails()) == 1


@pytest.mark.feature("SEC-3")
def test_the_own_password_is_changed_by_whoever_knows_the_present_one(open_harness: OpenHarness) -> None:
    desk = Desk(open_harness(attempts_window=90_000))
    own = desk.harness.issuer.headers(UUID(desk.ada))
    path = f"/api/directory/people/{desk.ada}/password"

    def change(present: str | None) -> tuple[int, object]:
        body = {"password": NEW, "present_password": present}
        answer = desk.stranger.put(path, json=body, headers=own)
        return answer.status_code, answer.json().get("field") if answer.content else None

    assert change(None) == change("wrong") == (422, "present_password")
    assert desk.sign_in(PASSWORD).status_code == 200
    assert change(PASSWORD) == (204, None)
    assert (desk.sign_in(PASSWORD).status_code, desk.sign_in(NEW).status_code) == (401, 200)
    assert [change("guess")[0] for _ in range(11)] == [422] * 9 + [429] * 2
