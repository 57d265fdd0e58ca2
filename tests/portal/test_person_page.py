"""One person: created, seen whole, leaving and coming back, permission roles (DIR-1 to DIR-5, SEC-1, SEC-2)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.html_checks import Page
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ADM-3")

ID, LEO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
NORTH, ENROLLMENT = "55555555-5555-4555-8555-555555555555", "66666666-6666-4666-8666-666666666666"
PEOPLE = "/api/directory/people"
ONE, PAGE = f"{PEOPLE}/{ID}", f"/admin/people/{ID}"
SIGN_INS, TRAINING, LOOKUP = f"{ONE}/sign-ins", "/api/enrollment/enrollments", f"{PEOPLE}/lookup"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
TYPED = {"first_name": "Ann", "last_name": "Berg", "email": "ann@example.org", "password": "long and secret"}


def somebody(standin: StandIn, **changed: Any) -> None:
    job = standin.sample("directory", "JobView", title="Ward sister", position_name="Nurse", manager=LEO)
    held = [{"role": "enrollment-manager", "organisation": NORTH, "organisation_name": "Day Shift"}]
    told = {
        "id": ID,
        "first_name": "Ann",
        "last_name": "Berg",
        "email": "ann@example.org",
        "active": True,
        "country": "SE",
        "home_organisation_name": "Day Shift",
        "dates": {"probation": "2026-12-31"},
        "version": 7,
        "jobs": [job],
        "roles": held,
    }
    standin.says("GET", ONE, standin.answer("GET", ONE, **{**told, **changed}))


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    somebody(standin)
    one = {"id": ENROLLMENT, "offering_title": "Yoga", "offering_kind": "course", "status": "in-progress"}
    item = standin.item("GET", TRAINING, **one, due_on="2030-01-31")
    standin.says("GET", TRAINING, {"items": [item], "next": "more"})
    standin.says("GET", SIGN_INS, {"items": [{"at": "2026-11-28T08:00:00Z"}], "next": None})
    leo = standin.item("POST", f"{PEOPLE}/search", id=LEO, first_name="Leo", last_name="Lead")
    standin.says("POST", LOOKUP, {"items": [leo], "named": [], "erased": []})
    unit = {**standin.item("GET", "/api/directory/units", id=NORTH, name="Day Shift"), "path": ["Harbour Care"]}
    standin.says("GET", "/api/directory/units", {"items": [unit], "next": None})
    browser.sign_in("site-administrator")


def said(page: Page) -> str:
    return " ".join(page.text)


@pytest.mark.feature("DIR-1", "DIR-3", "DIR-4", "DIR-5", "DIR-10")
def test_the_page_of_a_person_tells_who_where_under_whom_and_what_they_learn(
    browser: Browser, standin: StandIn
) -> None:
    page = browser.get(PAGE)
    words = ("Ann Berg", "ann@example.org", "Sweden", "Day Shift", "probation", "Ward sister", "Nurse", "Leo Lead")
    for word in (*words, "Yoga", "In progress", "Enrollment manager", "9:00"):
        assert word in said(page), word
    assert {f"{PAGE}/why/{ENROLLMENT}", f"{PAGE}/roles", f"{PAGE}?cursor=more", f"/admin/people/{LEO}"} <= set(
        page.links
    )
    assert len(standin.questions()) <= 4
    assert page.title.startswith("Ann Berg")


@pytest.mark.feature("SEC-1")
def test_what_somebody_may_not_do_is_not_shown(browser: Browser) -> None:
    browser.sign_in("auditor")
    page = browser.get(PAGE)
    for word in ("Deactivate", "Change permission roles", "Assign offerings", "Assign several people"):
        assert word not in said(page)
    browser.sign_in("enrollment-manager")
    assert "Assign offerings" in said(browser.get(PAGE))
    assert "Deactivate" not in said(browser.get(PAGE))


def test_parts_that_do_not_answer_take_only_their_place(browser: Browser, standin: StandIn) -> None:
    standin.down.add("enrollment")
    standin.refuses("GET", SIGN_INS, 503, "busy")
    standin.refuses("POST", LOOKUP, 503, "busy")
    page = browser.get(PAGE)
    for word in ("Ann Berg", "The training cannot be shown now.", "The sign-ins cannot be shown now."):
        assert word in said(page)
    standin.refuses("GET", ONE, 404, "not-found")
    browser.get(PAGE, 404)


def test_somebody_new_has_no_training_no_job_and_no_role(browser: Browser, standin: StandIn) -> None:
    somebody(standin, jobs=[], roles=[], dates={})
    standin.says("GET", TRAINING, {"items": [], "next": None})
    standin.says("GET", SIGN_INS, {"items": [], "next": None})
    page = browser.get(PAGE)
    for word in ("No training yet", "No job is known.", "None: a learner.", "Has never signed in"):
        assert word in said(page)


@pytest.mark.feature("DIR-1")
def test_somebody_leaves_and_comes_back_on_the_version_that_was_read(browser: Browser, standin: StandIn) -> None:
    for what in ("deactivate", "reactivate"):
        standin.says("POST", f"{ONE}/{what}", standin.answer("POST", f"{ONE}/{what}", position="directory:4"))
        answer = browser.post(f"{PAGE}/{what}", version=7, key=KEY)
        assert answer.status_code == 303
        assert standin.asked[-1].headers["If-Match"] == '"7"'
        assert standin.asked[-1].headers["Idempotency-Key"] == KEY
        somebody(standin, active=False)
    assert "Reactivate" in said(browser.get(PAGE))
    standin.refuses("POST", f"{ONE}/deactivate", 409, "last-site-administrator")
    page = browser.refused(f"{PAGE}/deactivate", 409, version=7, key=KEY)
    assert "Make somebody else one first." in said(page)
    assert page.title.startswith("Error:")


@pytest.mark.feature("SEC-1", "SEC-2")
def test_a_role_is_granted_for_an_organisation_and_revoked(browser: Browser, standin: StandIn) -> None:
    page = browser.get(f"{PAGE}/roles")
    assert len(standin.questions()) == 2
    assert "Harbour Care > Day Shift" in said(page)
    standin.says("POST", f"{ONE}/roles", standin.answer("POST", f"{ONE}/roles", position="directory:5"), 201)
    given = {"role": "auditor", "organisation_id": NORTH, "do": "grant", "key": KEY}
    assert browser.post(f"{PAGE}/roles", **given).status_code == 303
    assert standin.sent("POST", f"{ONE}/roles") == {"role": "auditor", "organisation": NORTH}
    browser.post(f"{PAGE}/roles", **given, where="everything")
    assert standin.sent("POST", f"{ONE}/roles") == {"role": "auditor", "organisation": None}
    one = f"{ONE}/roles/enrollment-manager"
    standin.says("DELETE", one, standin.answer("DELETE", one, position="directory:6"))
    answer = browser.post(f"{PAGE}/roles/revoke", role="enrollment-manager", organisation=NORTH, key=KEY)
    assert answer.status_code == 303
    assert dict(standin.asked[-1].url.params) == {"organisation": NORTH}


def test_a_role_that_is_refused_comes_back_as_it_was_chosen(browser: Browser, standin: StandIn) -> None:
    page = browser.refused(f"{PAGE}/roles", 422, do="grant", role="auditor", key=KEY)
    assert "Choose an organisation, or that it holds for everything." in said(page)
    standin.refuses("POST", f"{ONE}/roles", 403, "forbidden")
    page = browser.refused(f"{PAGE}/roles", 403, do="grant", role="auditor", where="everything", key=KEY)
    assert "You may not do this" in said(page)
    look = browser.post(f"{PAGE}/roles", do="look", organisation="day", role="auditor")
    assert look.status_code == 200
    assert "day" in {one.url.params.get("name") for one in standin.asked}


@pytest.mark.feature("DIR-2")
def test_a_person_is_created_with_a_password_as_an_account_too(browser: Browser, standin: StandIn) -> None:
    assert "Harbour Care > Day Shift" in said(browser.get("/admin/people/new"))
    standin.says("POST", PEOPLE, standin.answer("POST", PEOPLE, position="d:4", result={"person_id": ID}), 201)
    given = {**TYPED, "country": "SE", "organisation_id": NORTH, "key": KEY}
    assert browser.post("/admin/people/new", **given, do="create").headers["Location"].startswith(PAGE)
    assert standin.sent("POST", PEOPLE) == {**TYPED, "country": "SE", "home_organisation": NORTH}
    there = browser.post("/admin/people/new", **given, do="assign").headers["Location"]
    assert there.startswith("/admin/people/assign?draft="), "on the way to an assignment"
    without = {**given, "password": "", "country": "", "organisation_id": ""}
    browser.post("/admin/people/new", **without, do="create")
    assert set(standin.sent("POST", PEOPLE)) == {"first_name", "last_name", "email"}


@pytest.mark.feature("DIR-2")
def test_whoever_assigns_has_to_give_all_five(browser: Browser) -> None:
    password = {one.get("name"): one for one in browser.get("/admin/people/new").fields}["password"]
    assert "required" not in password
    browser.sign_in("enrollment-manager")
    page = browser.get("/admin/people/new")
    assert "All of these are needed." in said(page)
    assert "required" in {one.get("name"): one for one in page.fields}["password"]


def test_what_is_wrong_is_told_at_its_field_and_a_password_is_typed_again(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", PEOPLE, 409, "taken", field="email")
    page = browser.refused("/admin/people/new", 409, **TYPED, do="create", key=KEY)
    assert "Somebody else has this e-mail." in said(page)
    fields = {one.get("name"): one for one in page.fields}
    assert (fields["first_name"]["value"], fields["password"]["value"]) == ("Ann", "")
    assert fields["email"]["aria-invalid"] == "true"
    errors = [{"field": "body.first_name", "message": "too short"}, {"field": "body.password", "message": "too short"}]
    standin.refuses("POST", PEOPLE, 422, "invalid", errors=errors)
    page = browser.refused("/admin/people/new", 422, **TYPED, do="create", key=KEY)
    assert "Enter the first name." in said(page)
    assert "This password is too short." in said(page)
    found = browser.post("/admin/people/new", **TYPED, do="look", organisation="day")
    assert found.status_code == 200
    assert "day" in {one.url.params.get("name") for one in standin.asked}


@pytest.mark.feature("LRN-8")
def test_why_somebody_is_enrolled_is_told_to_administrators(browser: Browser, standin: StandIn) -> None:
    enrollment = f"/api/enrollment/enrollments/{ENROLLMENT}"
    standin.says("GET", enrollment, standin.answer("GET", enrollment, id=ENROLLMENT, offering_title="Yoga"))
    act = {"at": "2026-11-24T08:12:00Z", "actor": LEO, "how": "command", "reason": "New fire rules"}
    reason = standin.sample(
        "enrollment",
        "AssignmentReason",
        type="organisation",
        name="Operations",
        assigned=standin.sample("enrollment", "Act", **act),
        placements=[standin.sample("enrollment", "PlacementView", kind="job", path=["Day Shift", "Operations"])],
        enrolled=standin.sample("enrollment", "Act", **{**act, "actor": None}),
        due_on="2030-01-31",
    )
    standin.says("GET", f"{enrollment}/why", standin.sample("enrollment", "Why", assignments=[reason]))
    standin.asked.clear()
    page = browser.get(f"{PAGE}/why/{ENROLLMENT}")
    for word in ("Why Ann Berg is on Yoga", "Organisation: Operations", "Leo Lead", "New fire rules", "Day Shift"):
        assert word in said(page), word
    assert len(standin.questions()) <= 4
    assert PAGE in page.links


def test_the_pages_are_there_in_german(browser: Browser) -> None:
    browser.sign_in("site-administrator", language="de")
    assert "Berechtigungsrollen" in said(browser.get(PAGE))
    assert "Schweden" in said(browser.get(PAGE))
    assert "Neue Person" in said(browser.get("/admin/people/new"))


PROFILE = f"{PAGE}/profile"


def field(page: Page, name: str) -> str | None:
    return next(one for one in page.fields if one.get("name") == name).get("value")


@pytest.mark.feature("DIR-2", "DIR-4")
def test_the_profile_is_changed_on_what_was_read_and_only_what_was_typed_is_sent(
    browser: Browser, standin: StandIn
) -> None:
    assert PROFILE in browser.get(PAGE).links
    standin.asked.clear()
    page = browser.get(PROFILE)
    assert field(page, "first_name") == "Ann"
    assert len(standin.questions()) <= 4
    assert 'name="version" value="7"' in browser.http.get(PROFILE).text
    standin.says("PATCH", ONE, standin.answer("PATCH", ONE, position="directory:9"))
    typed = {"key": KEY, "version": "7", "first_name": "Anna", "last_name": "Berg", "email": "ann@example.org"}
    answer = browser.post(PROFILE, **typed, country="DE", user_name="", external_id="")
    assert answer.headers["Location"].startswith(f"{PAGE}?said=saved")
    assert standin.sent("PATCH", ONE) == {"first_name": "Anna", "country": "DE"}
    assert standin.asked[-1].headers["If-Match"] == '"7"'
    standin.refuses("PATCH", ONE, 409, "taken", field="email")
    page = browser.refused(PROFILE, 409, **{**typed, "email": "leo@example.org"})
    assert "Somebody else has this e-mail." in said(page)
    assert field(page, "email") == "leo@example.org"


@pytest.mark.feature("DIR-2")
def test_who_was_slower_sees_both_values_of_a_profile(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PATCH", ONE, 412, "stale")
    typed = {"key": KEY, "version": "6", "first_name": "Anna", "last_name": "Berg", "email": "ann@example.org"}
    page = browser.refused(PROFILE, 412, **typed)
    assert "Now: Ann " in f"{said(page)} "
    assert "Now: Berg" not in said(page)
    assert field(page, "first_name") == "Anna"
    assert 'name="version" value="7"' in browser.post(PROFILE, **typed).text


@pytest.mark.feature("DIR-4", "DIR-5")
def test_a_person_moves_to_an_organisation_that_is_found_by_name(browser: Browser, standin: StandIn) -> None:
    there = f"{ONE}/move"
    standin.says("POST", there, standin.answer("POST", there, position="directory:9"))
    looked = browser.post(f"{PROFILE}/organisation", key=KEY, version="7", organisation="day", do="look")
    assert "Harbour Care" in looked.text
    answer = browser.post(f"{PROFILE}/organisation", key=KEY, version="7", organisation_id=NORTH, do="move")
    assert answer.headers["Location"].startswith(f"{PAGE}?said=unit-moved")
    assert standin.sent("POST", there) == {"organisation_id": NORTH}
    standin.refuses("POST", there, 403, "forbidden")
    assert (
        browser.post(f"{PROFILE}/organisation", key=KEY, version="7", organisation_id=NORTH, do="move").status_code
        == 403
    )
    browser.sign_in("auditor")
    assert PROFILE not in browser.get(PAGE).links
