"""Ways in for strangers: registering, with a key or without, a forgotten password (DIR-2, KEY-7 to KEY-9, SEC-3)."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from portal.conftest import Browser
from portal.html_checks import checked
from portal.standin import StandIn

OPTIONS = "/api/directory/sign-in-options"
REGISTER, KEYS = "/api/directory/registrations", "/api/keys/registrations"
BO = {
    "first_name": "Bo",
    "last_name": "Berg <b>",
    "email": "bo@example.org",
    "password": "right",
    "country": "SE",
    "organisation": "NORTH",
}
TOKENS = {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 900, "refresh_token": "refresh"}


@pytest.fixture(autouse=True)
def answers(standin: StandIn) -> None:
    offer(standin)
    standin.says("POST", REGISTER, {"status": "accepted"}, 202)


def offer(standin: StandIn, **more: Any) -> None:
    north = {"id": str(uuid4()), "name": "North & Co"}
    standin.says(
        "GET", OPTIONS, {"organisation": north, "registration": True, "key_field": True, "providers": [], **more}
    )


def redemption(**more: Any) -> dict[str, Any]:
    told = {"id": str(uuid4()), "state": "redeemed", "offering_id": str(uuid4()), "offering_title": "Forklift"}
    found = {
        "assignment_id": str(uuid4()),
        "enrollment_id": str(uuid4()),
        "held_by": None,
        "kind": None,
        "detail": None,
    }
    return {**told, **found, "at": "2026-11-28T12:00:00Z", **more}


def registered(standin: StandIn, status: int = 201, **more: Any) -> dict[str, Any]:
    found = redemption(**more)
    told = {"id": str(uuid4()), "state": found["state"], "person_id": str(uuid4()), "redemption": found}
    standin.says("POST", KEYS, {**told, "user_name": "bo@example.org"}, status)
    return found


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))


@pytest.mark.feature("KEY-7", "KEY-8", "DIR-7")
def test_the_sign_in_page_offers_an_account_and_a_key_field_where_the_organisation_does(
    browser: Browser, standin: StandIn
) -> None:
    page = browser.get("/sign-in?organisation=NORTH")
    assert "/join?organisation=NORTH" in page.links
    assert "Have a training key and no account?" in page.text
    assert "Have an account? Sign in first, then enter the key on your dashboard." in page.text
    assert [one.url.params["organisation"] for one in standin.asked if one.url.query] == ["NORTH"]
    offer(standin, key_field=False)
    page = browser.get("/sign-in?organisation=NORTH")
    assert ("Create account" in page.text, "Have a training key and no account?" in page.text) == (True, False)
    standin.says("GET", OPTIONS, {"organisation": None, "providers": []})
    assert "Create account" not in browser.get("/sign-in").text
    standin.down.add("directory")
    assert "Sign in" in browser.get("/sign-in?organisation=NORTH").text


@pytest.mark.feature("KEY-7", "DIR-2")
def test_whoever_registers_is_told_to_look_into_the_email_whatever_the_address(
    browser: Browser, standin: StandIn
) -> None:
    page = browser.get("/join?organisation=NORTH")
    assert [field["name"] for field in page.fields] == ["first_name", "last_name", "email", "password", "country"]
    assert "Sweden" in page.text
    done = browser.post("/join", **BO)
    assert done.headers["Location"] == "/join/sent"
    assert standin.sent("POST", REGISTER) == {**BO, "language": "en"}
    assert "Look into your e-mail" in browser.get("/join/sent").text
    assert not [one for one in standin.asked if "bo%40" in str(one.url)]


@pytest.mark.feature("KEY-7", "DIR-7")
def test_where_nobody_can_register_there_is_no_form(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", OPTIONS, {"organisation": None, "providers": []})
    for path in ("/join?organisation=SOUTH", "/join"):
        page = browser.get(path, 404)
        assert "Nobody can register here" in page.text
        assert page.fields == []


@pytest.mark.feature("DIR-2")
def test_a_form_that_is_refused_comes_back_with_everything_but_the_password(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", REGISTER, 422, "invalid", field="email", detail="No dot.")
    page = browser.refused("/join", 422, **BO)
    assert page.title.startswith("Error: ")
    assert page.text.count("Enter an e-mail address, such as anna@example.org.") == 2
    values = {field["name"]: field.get("value") for field in page.fields}
    assert (values["last_name"], values["email"], values["password"]) == ("Berg <b>", "bo@example.org", "")
    errors = [{"field": "first_name", "detail": "short"}, {"field": "country", "detail": "pattern"}]
    standin.refuses("POST", REGISTER, 422, "invalid", field="first_name", errors=errors)
    page = browser.refused("/join", 422, **{**BO, "first_name": "", "country": ""})
    assert page.text.count("Enter your first name.") == 2
    assert page.text.count("Choose your country.") == 2
    too_many = {"type": "urn:rollbook:problem:too-many-attempts", "title": "Too many", "status": 429, "detail": "Wait."}
    standin.says("POST", REGISTER, lambda _: httpx.Response(429, json=too_many, headers={"Retry-After": "125"}))
    assert "Too many attempts. You can try again in 3 minutes." in browser.refused("/join", 429, **BO).text
    standin.down.add("directory")
    kept = browser.refused("/join", 502, **BO)
    assert "Berg <b>" in [field.get("value") for field in kept.fields]


@pytest.mark.feature("KEY-7")
def test_the_link_of_the_email_waits_for_a_button_and_then_signs_in(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/join/confirm")
    assert "One step left" in page.text
    assert standin.questions() == [], "whatever looks at the link first must not use it up"
    assert [field["name"] for field in page.fields] == ["token"], "without a script it is copied into the form"
    assert browser.refused("/join/confirm", 422, token=" ").text.count("Enter the code, or the whole link.") == 2
    standin.says("POST", f"{REGISTER}/confirm", TOKENS, 201)
    done = browser.post("/join/confirm", token=" https://rollbook.example/join/confirm#abc-DEF")
    assert done.headers["Location"] == "/?said=registered"
    assert standin.sent("POST", f"{REGISTER}/confirm") == {"token": "abc-DEF"}
    assert "Your account is there. Welcome." in browser.get("/?said=registered").text


@pytest.mark.feature("KEY-7")
def test_a_link_that_does_not_hold_says_what_to_do(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", f"{REGISTER}/confirm", 409, "link-not-valid", field="token")
    assert "This link has expired, or was used already." in browser.refused("/join/confirm", 409, token="old").text
    assert not browser.http.cookies
    standin.down.add("directory")
    assert browser.refused("/join/confirm", 502, token="good").text.count("One step left") == 1


@pytest.mark.feature("KEY-7", "DIR-2")
def test_with_a_key_account_and_course_come_in_one_step(browser: Browser, standin: StandIn) -> None:
    first = browser.post("/join/key", training_key=" abcd-efgh-2345 ", organisation="NORTH")
    form = hidden(first.text)
    page = checked(first.text)
    assert "2345" in page.text
    assert "abcd-efgh" not in first.text
    assert form["organisation"] == "NORTH"
    assert standin.questions() == []
    found = registered(standin)
    done = browser.post("/join/key", **{**BO, **form})
    assert done.headers["Location"] == f"/offerings/{found['offering_id']}?said=registered"
    assert standin.sent("POST", KEYS) == {**BO, "language": "en", "key": "abcd-efgh-2345"}
    sent = next(one for one in standin.asked if one.url.path == KEYS)
    assert sent.headers["Idempotency-Key"] == form["key"]
    assert standin.sent("POST", "/api/directory/token")["username"] == "bo@example.org"
    assert browser.http.cookies.get("rollbook")


@pytest.mark.feature("KEY-7")
def test_where_enrollment_has_not_answered_yet_the_page_that_waits_follows(browser: Browser, standin: StandIn) -> None:
    found = registered(standin, 202, state="reserved", enrollment_id=None, assignment_id=None)
    done = browser.post("/join/key", **BO, training_key="abcd-efgh-2345", step="account", key=str(uuid4()))
    assert done.headers["Location"] == f"/redeem/{found['id']}"


@pytest.mark.feature("KEY-7", "KEY-8", "KEY-9")
def test_a_mistake_leaves_the_key_entered_and_a_bad_key_is_shown_to_be_mended(
    browser: Browser, standin: StandIn
) -> None:
    standin.refuses("POST", KEYS, 409, "email-known", field="email")
    asked = {**BO, "training_key": "abcd-efgh-2345", "step": "account", "key": str(uuid4())}
    answer = browser.post("/join/key", **asked)
    page = checked(answer.text)
    assert answer.status_code == 409
    assert (
        page.text.count(
            "There is an account with this e-mail. Sign in first, then enter the key on your dashboard. "
            "Your key stays unused."
        )
        == 2
    )
    standin.refuses("POST", KEYS, 404, "key-not-accepted", field="key")
    again = browser.refused("/join/key", 404, **{**asked, "training_key": "", **hidden(answer.text)})
    assert standin.sent("POST", KEYS)["key"] == "abcd-efgh-2345"
    field = next(one for one in again.fields if one.get("name") == "training_key")
    assert (field["value"], field["aria-invalid"]) == ("abcd-efgh-2345", "true")
    assert "Enter your training key." in browser.refused("/join/key", 422, **{**asked, "training_key": ""}).text
    standin.down.add("keys")
    answer = browser.post("/join/key", **asked)
    assert (answer.status_code, hidden(answer.text)["key"]) == (502, asked["key"])


@pytest.mark.feature("KEY-6")
def test_whoever_is_signed_in_redeems_instead_of_registering(browser: Browser) -> None:
    browser.sign_in()
    assert browser.http.get("/join/key").headers["Location"] == "/redeem"
    assert browser.post("/join/key", training_key="abcd").headers["Location"] == "/redeem"
    assert browser.http.get("/join?organisation=NORTH").headers["Location"] == "/"
    assert browser.post("/join", **BO).headers["Location"] == "/"


@pytest.mark.feature("SEC-3")
def test_a_forgotten_password_is_answered_alike_for_every_address(browser: Browser, standin: StandIn) -> None:
    browser.get("/password/forgotten")
    standin.says("POST", "/api/directory/password-resets", {"status": "accepted"}, 202)
    done = browser.post("/password/forgotten", email=" bo@example.org ")
    assert done.headers["Location"] == "/password/sent"
    assert standin.sent("POST", "/api/directory/password-resets") == {"email": "bo@example.org"}
    assert "Look into your e-mail" in browser.get("/password/sent").text
    standin.refuses("POST", "/api/directory/password-resets", 422, "invalid", field="email")
    page = browser.refused("/password/forgotten", 422, email="bo")
    assert page.text.count("Enter an e-mail address, such as anna@example.org.") == 2
    assert page.fields[0]["value"] == "bo"


@pytest.mark.feature("SEC-3")
def test_a_new_password_is_set_by_the_link_and_this_browsers_sign_in_ends(browser: Browser, standin: StandIn) -> None:
    browser.sign_in()
    confirm = "/api/directory/password-resets/confirm"
    assert [field["name"] for field in browser.get("/password/new").fields] == ["token", "password"]
    standin.refuses("POST", confirm, 422, "invalid", field="password", detail="Short.")
    page = browser.refused("/password/new", 422, token="abc", password="short")
    assert [field["name"] for field in page.fields] == ["password"], "the code stays entered"
    assert page.text.count("This password is too short. Choose a longer one.") == 2
    standin.refuses("POST", confirm, 409, "link-not-valid", field="token")
    expired = browser.refused("/password/new", 409, token="old", password="a long password")
    assert "/password/forgotten" in expired.links
    standin.says("POST", confirm, None, 204)
    done = browser.post("/password/new", token="abc", password="a long password")
    assert done.headers["Location"] == "/sign-in?said=password-changed"
    assert standin.sent("POST", confirm) == {"token": "abc", "password": "a long password"}
    assert "Your password is changed." in browser.get(done.headers["Location"]).text


def test_strangers_read_german(browser: Browser) -> None:
    browser.post("/language", language="de", to="/join?organisation=NORTH")
    page = browser.get("/join?organisation=NORTH")
    assert (page.lang, "Schweden" in page.text, "Konto anlegen" in page.text) == ("de", True, True)
