"""One field finds people and offerings; what was typed may be a name, so no address has it (DIR-9, ADM-4)."""

import json
from typing import Any

import httpx
import pytest
from portal.conftest import Browser
from portal.standin import StandIn

SEARCH = "/api/directory/people/search"
OFFERINGS = "/api/catalog/offerings"
ADA = "11111111-1111-4111-8111-111111111111"


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    def people(request: httpx.Request) -> Any:
        body = json.loads(request.content)
        known = body.get("last_name") in ("Lind", None) and body.get("first_name") in ("Ada", None)
        return {
            "items": [standin.item("POST", SEARCH, id=ADA, first_name="Ada", last_name="Lind")] if known else [],
            "next": None,
        }

    def offerings(request: httpx.Request) -> Any:
        found = [standin.item("GET", OFFERINGS, title="Adaptive driving", code="AD")]
        return {"items": found if "ada" in request.url.params["q"].lower() else [], "next": None}

    standin.says("POST", SEARCH, people)
    standin.says("GET", OFFERINGS, offerings)
    browser.sign_in("enrollment-manager")


@pytest.mark.feature("ADM-4", "DIR-9")
@pytest.mark.parametrize("typed", ["Lind", "Ada", "Ada Lind", "Lind, Ada"])
def test_a_person_is_found_by_what_one_remembers(browser: Browser, typed: str) -> None:
    answer = browser.post("/admin/search", q=typed)
    assert answer.status_code == 303
    address = answer.headers["Location"]
    assert "Ada" not in address
    assert "Lind" not in address
    assert f"/admin/people/{ADA}" in browser.get(address).links


@pytest.mark.feature("ADM-4")
def test_an_offering_is_found_beside_people_and_one_service_that_is_down_hides_only_its_part(
    browser: Browser, standin: StandIn
) -> None:
    address = browser.post("/admin/search", q="ada").headers["Location"]
    page = browser.get(address)
    assert "Adaptive driving" in page.text
    assert len(standin.questions()) <= 4
    standin.down.add("directory")
    page = browser.get(address)
    assert "Adaptive driving" in page.text
    assert "People cannot be found" in " ".join(page.text)


def test_nothing_found_is_said_and_nothing_asked_asks_nobody(browser: Browser, standin: StandIn) -> None:
    assert (
        "Nobody and nothing matches"
        in browser.get(browser.post("/admin/search", q="Okonkwo-Zzz").headers["Location"]).text
    )
    standin.asked.clear()
    assert "matches" not in " ".join(browser.get("/admin/search").text)
    assert standin.questions() == []
