"""Job roles: the list, the form with its qualifications, who holds one, assigning it and taking it away."""

from typing import Any

import httpx
import pytest
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import StandIn

pytestmark = pytest.mark.feature("CAT-10", "ASG-12")

ROLE = "11111111-1111-4111-8111-111111111111"
READY = "22222222-2222-4222-8222-222222222222"
WINTER = "33333333-3333-4333-8333-333333333333"
CHIDI = "44444444-4444-4444-8444-444444444444"
MAJA = "55555555-5555-4555-8555-555555555555"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
ROLES, HELD, OFFERINGS = "/api/catalog/job-roles", f"/api/enrollment/job-roles/{ROLE}", "/api/catalog/offerings"
ONE, HERE = f"{ROLES}/{ROLE}", f"/admin/job-roles/{ROLE}"


def said(page: Page) -> str:
    return " ".join(page.text)


def ticked(page: Page) -> set[tuple[str | None, str | None]]:
    return {(one.get("name"), one.get("value")) for one in page.fields if "checked" in one}


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    link = {"qualification_id": READY, "required": True}
    given = {"id": ROLE, "version": 4, "code": "NURSE", "name": "Nurse", "qualifications": [link]}
    standin.says("GET", ONE, standin.answer("GET", ONE, **given))
    listed = standin.item("GET", ROLES, id=ROLE, code="NURSE", name="Nurse", qualifications=[READY])
    standin.says("GET", ROLES, {"items": [listed], "next": None})
    winter = standin.item("GET", OFFERINGS, id=WINTER, title="Winter driver", code="WD", kind="qualification")
    ready = {**winter, "id": READY, "title": "Ward <b>ready</b>", "code": "WR"}

    def offerings(request: httpx.Request) -> dict[str, Any]:
        ids = request.url.params.get_list("ids")
        return {"items": [one for one in (winter, ready) if one["id"] in ids or not ids], "next": None}

    standin.says("GET", OFFERINGS, offerings)
    holder = standin.item("GET", f"{HELD}/holders", person_id=CHIDI, name="Chidi Adeyemi", by_hand=True)
    other = {**holder, "person_id": MAJA, "name": "Maja Ekdahl", "by_hand": False, "triggers": [KEY, ROLE]}
    standin.says("GET", f"{HELD}/holders", {"items": [holder, other], "next": "more"})
    person = standin.sample("directory", "PersonItem", id=MAJA, first_name="Maja", last_name="Ekdahl")
    standin.says("POST", "/api/directory/people/search", {"items": [person], "next": None, "total": None})
    browser.sign_in("site-administrator")


def receipt(standin: StandIn, method: str, path: str, status: int = 200, **result: Any) -> None:
    standin.says(method, path, standin.answer(method, path, position="catalog:9", result=result), status)


def test_the_list_leads_to_each_job_role(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/job-roles?q=nur")
    assert "NURSE" in said(page)
    assert {HERE, "/admin/job-roles/new"} <= set(page.links)
    assert "Ward <b>ready</b>" in said(page)
    assert standin.questions() == [f"GET {ROLES}", f"GET {OFFERINGS}"]
    standin.says("GET", ROLES, {"items": [], "next": None})
    assert "No job role matches" in said(browser.get("/admin/job-roles?q=x"))
    assert "No job role yet" in said(browser.get("/admin/job-roles"))


def test_a_job_role_shows_its_qualifications_and_who_holds_it_by_what(browser: Browser, standin: StandIn) -> None:
    page = browser.get(HERE)
    for word in ("Ward <b>ready</b>", "Required", "Chidi Adeyemi", "by hand", "Maja Ekdahl", "by 2 triggers"):
        assert word in said(page)
    assert {f"/admin/offerings/{READY}/information", f"/admin/people/{CHIDI}", f"{HERE}?cursor=more"} <= set(page.links)
    assert "Take it away from Chidi Adeyemi" in browser.http.get(HERE).text
    assert "Take it away from Maja Ekdahl" not in browser.http.get(HERE).text, "a trigger gave it"
    standin.asked.clear()
    browser.get(HERE)
    assert len(standin.questions()) <= 4


@pytest.mark.feature("DIR-9")
def test_it_is_assigned_to_people_who_are_found_by_name(browser: Browser, standin: StandIn) -> None:
    answer = browser.post(f"{HERE}/find", first_name="", last_name="Ekdahl")
    assert "Ekdahl" not in answer.headers["Location"]
    standin.asked.clear()
    page = browser.get(answer.headers["Location"])
    assert standin.sent("POST", "/api/directory/people/search")["last_name"] == "Ekdahl"
    assert MAJA in {one.get("value") for one in page.fields}
    assert len(standin.questions()) <= 4
    receipt(standin, "POST", f"{HELD}/holders", 201, assigned=[MAJA], refused=[])
    done = browser.post(f"{HERE}/holders", key=KEY, person=MAJA)
    assert done.headers["Location"] == f"{HERE}?said=job-role-assigned"
    assert standin.sent("POST", f"{HELD}/holders") == {"people": [MAJA]}
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY
    assert browser.post(f"{HERE}/holders", key=KEY).headers["Location"].endswith("said=nobody-ticked")


def test_who_was_refused_is_named_with_the_reason(browser: Browser, standin: StandIn) -> None:
    refused = [
        {"person_id": CHIDI, "name": "Chidi Adeyemi", "kind": "already-assigned", "detail": "…"},
        {"person_id": READY, "name": None, "kind": "unknown", "detail": "There is no such person."},
    ]
    receipt(standin, "POST", f"{HELD}/holders", 201, assigned=[MAJA], refused=refused)
    page = browser.refused(f"{HERE}/holders", 200, key=KEY, person=MAJA)
    assert "1 person was given it. Chidi Adeyemi: holds it already" in said(page)
    assert "(name not known): There is no such person." in said(page)


def test_it_is_taken_away_from_somebody(browser: Browser, standin: StandIn) -> None:
    path = f"{HELD}/holders/{CHIDI}"
    receipt(standin, "DELETE", path, job_role_id=ROLE)
    done = browser.post(f"{HERE}/take", key=KEY, person=CHIDI)
    assert done.headers["Location"] == f"{HERE}?said=job-role-taken"
    assert standin.asked[-1].method == "DELETE"
    standin.refuses("DELETE", path, 409, "not-assigned", detail="This person does not hold it.")
    assert "This person does not hold it." in said(browser.refused(f"{HERE}/take", 409, key=KEY, person=CHIDI))


def test_a_job_role_is_created_with_qualifications_that_are_found(browser: Browser, standin: StandIn) -> None:
    typed = {"key": KEY, "name": "Driver", "code": "DRV", "description": "Winters."}
    page = browser.refused("/admin/job-roles/new", 200, **typed, sought="winter", do="look")
    assert "Winter driver" in said(page)
    (asked,) = [dict(one.url.params) for one in standin.asked if one.url.path == OFFERINGS]
    assert (asked["q"], asked["kind"]) == ("winter", "qualification")
    page = browser.refused("/admin/job-roles/new", 200, **typed, qualification=WINTER, required=WINTER, do="look")
    assert {("qualification", WINTER), ("required", WINTER)} <= ticked(page)
    assert len(standin.questions()) <= 4
    receipt(standin, "POST", ROLES, 201, id=ROLE, version=1)
    done = browser.post("/admin/job-roles/new", **typed, qualification=WINTER, required=WINTER, do="save")
    assert done.headers["Location"] == f"{HERE}?said=job-role-created"
    assert standin.sent("POST", ROLES) == {
        "code": "DRV",
        "name": "Driver",
        "description": "Winters.",
        "qualifications": [{"qualification_id": WINTER, "required": True}],
    }
    standin.refuses("POST", ROLES, 409, "code-taken", field="code")
    page = browser.refused("/admin/job-roles/new", 409, **typed, qualification=WINTER, do="save")
    assert said(page).count("Another job role has this code. Choose another one.") == 2
    assert ("qualification", WINTER) in ticked(page)


def test_it_is_edited_on_the_version_that_was_read_and_loses_no_qualification(
    browser: Browser, standin: StandIn
) -> None:
    page = browser.get(f"{HERE}/edit")
    assert {("qualification", READY), ("required", READY)} <= ticked(page), (
        "also one beyond the first page of offerings"
    )
    receipt(standin, "PUT", ONE, id=ROLE, version=5)
    typed = {"key": KEY, "version": "4", "name": "Nurse", "code": "NURSE", "qualification": READY}
    assert browser.post(f"{HERE}/edit", **typed, do="save").headers["Location"] == f"{HERE}?said=saved"
    assert standin.asked[-1].headers["If-Match"] == '"4"'
    assert standin.sent("PUT", ONE)["qualifications"] == [{"qualification_id": READY, "required": False}]
    standin.refuses("PUT", ONE, 412, "stale")
    answer = browser.post(f"{HERE}/edit", **{**typed, "version": "2", "name": "Ward nurse"}, do="save")
    assert answer.status_code == 412
    assert 'name="version" value="4"' in answer.text
    assert 'value="Ward nurse"' in answer.text


def test_deleting_asks_first(browser: Browser, standin: StandIn) -> None:
    assert "Nobody holds it any more" in said(browser.get(f"{HERE}/delete"))
    receipt(standin, "DELETE", ONE, id=ROLE, version=5)
    done = browser.post(f"{HERE}/delete", key=KEY, version="4")
    assert done.headers["Location"] == "/admin/job-roles?said=job-role-deleted"
    standin.refuses("DELETE", ONE, 412, "stale")
    assert "Somebody else has changed it" in said(browser.refused(f"{HERE}/delete", 412, key=KEY, version="3"))


def test_each_role_sees_what_it_may_do(browser: Browser) -> None:
    browser.sign_in("auditor")
    assert "/admin/job-roles" in browser.get("/admin").links
    page = browser.get(HERE)
    assert {one.get("name") for one in page.fields} <= {"q"}, "the search of all pages alone"
    assert f"{HERE}/edit" not in page.links
    browser.sign_in("enrollment-manager")
    page = browser.get(HERE)
    assert "first_name" in {one.get("name") for one in page.fields}
    assert f"{HERE}/edit" not in page.links, "the catalog is written by others"
    browser.sign_in("approver")
    assert "/admin/job-roles" not in browser.get("/admin").links


def test_without_enrollment_the_rest_is_shown(browser: Browser, standin: StandIn) -> None:
    standin.down.add("enrollment")
    page = browser.get(HERE)
    assert "Who holds it cannot be shown at the moment." in said(page)
    assert "Ward <b>ready</b>" in said(page)
    standin.refuses("GET", OFFERINGS, 500, "crashed")
    assert "(title not known)" in said(browser.get(HERE))


def test_job_roles_are_there_in_german(browser: Browser) -> None:
    browser.sign_in("site-administrator", language="de")
    assert "Berufsrolle anlegen" in said(browser.get("/admin/job-roles"))
    assert "durch 2 Auslöser" in said(browser.get(HERE))
