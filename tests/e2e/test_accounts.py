"""Accounts in the running suite: the e-mail with a link, tokens that are refreshed, signing keys that change, on either feed."""

from collections.abc import Iterator
from typing import Any

import pytest
from folders import new_folder
from running import Running, until

from services.cli.demo import ADMINISTRATOR

USER, PASSWORD = ADMINISTRATOR.user_name, ADMINISTRATOR.password
NEW = "a long and new password"


pytestmark = pytest.mark.timeout(600)
"""There are two dozen processes, and there may be two cores for all of them."""


@pytest.fixture(scope="module", params=["postgres", "kafka"])
def suite(request: pytest.FixtureRequest) -> Iterator[Running]:
    """In one process, and with a process for each role."""
    if request.param == "kafka":
        request.getfixturevalue("kafka")
    with new_folder("rollbook-accounts-") as data, Running(data, size=20, feed=request.param) as running:
        running.sign_in(USER, PASSWORD)
        yield running


def letter_to(suite: Running, address: str) -> Any:
    found = until(lambda: suite.post("/api/notifier/caught/search", {"to": address})["items"])
    return suite.get(f"/api/notifier/caught/{found[0]['id']}")


@pytest.mark.feature("SEC-3", "KEY-7")
def test_a_forgotten_password_and_a_registration_go_by_an_email_through_the_whole_suite(suite: Running) -> None:
    suite.post(
        "/api/directory/people",
        {"first_name": "Ada", "last_name": "Lind", "email": "ada@example.org", "password": "correct horse battery"},
    )
    assert suite.post("/api/directory/password-resets", {"email": "ada@example.org"}) == {"status": "accepted"}
    text = letter_to(suite, "ada@example.org")["text"]
    token = text.split("/password/new#")[1].split()[0]
    reset = suite.http.post("/api/directory/password-resets/confirm", json={"token": token, "password": NEW})
    assert reset.status_code == 204, reset.text
    form = {"username": "ada@example.org", "password": NEW}
    signed_in = suite.http.post("/api/directory/token", data=form)
    assert signed_in.status_code == 200, signed_in.text
    again = {"grant_type": "refresh_token", "refresh_token": signed_in.json()["refresh_token"]}
    assert suite.http.post("/api/directory/token", data=again).status_code == 200
    (unit,) = suite.get("/api/directory/units", kind="organisation", limit=1)["items"]
    profile = {"anonymous_registration": True}
    assert suite.http.put(f"/api/directory/units/{unit['id']}/profile", json=profile).status_code == 200
    body = {"first_name": "Bo", "last_name": "Berg", "email": "bo@example.org", "password": NEW, "country": "SE"}
    anonymous = {"Authorization": ""}
    answer = suite.http.post(
        "/api/directory/registrations", json={**body, "organisation": unit["id"]}, headers=anonymous
    )
    assert answer.status_code == 202, answer.text
    token = letter_to(suite, "bo@example.org")["text"].split("/join/confirm#")[1].split()[0]
    confirmed = suite.http.post("/api/directory/registrations/confirm", json={"token": token}, headers=anonymous)
    assert confirmed.status_code == 201, confirmed.text
    mine = {"Authorization": f"Bearer {confirmed.json()['access_token']}"}
    assert suite.http.get("/api/directory/me", headers=mine).json()["first_name"] == "Bo"


@pytest.mark.feature("SEC-3")
def test_a_new_signing_key_is_published_by_a_command_and_every_service_goes_on(suite: Running) -> None:
    done = suite.cli("rotate-signing-key", user=USER, password=PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(suite.get("/api/directory/jwks")["keys"]) == 2
    assert suite.get("/api/catalog/offerings", limit=1)
    done = suite.cli("rotate-signing-key", "--compromised", user=USER, password=PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    suite.sign_in(USER, PASSWORD)
    until(lambda: suite.http.get("/api/catalog/offerings", params={"limit": 1}).status_code == 200)
