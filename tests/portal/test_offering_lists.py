"""The lists of certifications, courses, qualifications and job roles (ADM-1)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.offerings_told import FIRE, ID, OFFERINGS, asked, known_courses, listed, said
from portal.standin import StandIn

pytestmark = pytest.mark.feature("ADM-1")


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    safe: dict[str, Any] = {"title": "Safe <b>work", "code": "SAFE", "kind": "certification", "published": 3}
    draft = {"id": FIRE, "title": "Shift lead", "code": "LEAD", "kind": "certification", "open": False}
    off = {"title": "Old one", "code": "OLD", "kind": "certification", "active": False}
    listed(standin, safe, draft, off)
    browser.sign_in("learning-manager")


@pytest.mark.feature("CAT-3", "CAT-4")
def test_the_list_tells_title_code_status_and_the_published_version(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/admin/certifications")
    for word in ("Safe <b>work", "SAFE", "Active", "No published version", "Inactive", "Published version", "3"):
        assert word in said(page)
    links = {f"/admin/offerings/{ID}/information", "/admin/catalog/apply", "/admin/offerings/new?kind=certification"}
    assert links <= set(page.links)
    assert standin.questions() == [f"GET {OFFERINGS}"]
    assert asked(standin, OFFERINGS) == {"kind": "certification", "sort": "title"}


@pytest.mark.parametrize(("path", "kind"), [("courses", "course"), ("qualifications", "qualification")])
def test_each_kind_has_its_list_and_its_first_one(browser: Browser, standin: StandIn, path: str, kind: str) -> None:
    listed(standin)
    page = browser.get(f"/admin/{path}")
    assert f"No {kind} yet" in said(page)
    assert page.links.count(f"/admin/offerings/new?kind={kind}") == 2
    assert asked(standin, OFFERINGS)["kind"] == kind


def test_what_is_looked_for_stays_over_sorting_and_paging(browser: Browser, standin: StandIn) -> None:
    listed(standin, {"title": "Safe", "code": "S", "kind": "certification"}, next="abc")
    page = browser.get("/admin/certifications?q=safe&active=true&sort=code")
    wanted = {"kind": "certification", "q": "safe", "active": "true", "sort": "code"}
    assert asked(standin, OFFERINGS) == wanted
    assert "/admin/certifications?q=safe&active=true&sort=code&cursor=abc" in page.links
    assert "/admin/certifications?q=safe&active=true" in page.links, "sorted by title"
    assert 'aria-sort="ascending">Code' in browser.http.get("/admin/certifications?sort=code").text
    listed(standin)
    assert "Nothing matches" in said(browser.get("/admin/certifications?q=x"))


def test_who_only_reads_the_catalog_cannot_create_and_a_learner_has_no_menu_of_it(
    browser: Browser, standin: StandIn
) -> None:
    browser.sign_in("auditor")
    assert not [one for one in browser.get("/admin/certifications").links if "/new" in one]
    listed(standin)
    assert "Learning managers write the catalog." in said(browser.get("/admin/courses"))
    assert {"/admin/certifications", "/admin/courses", "/admin/qualifications"} <= set(browser.get("/admin").links)
    browser.sign_in("approver")
    assert "/admin/courses" not in browser.get("/admin").links


def test_a_catalog_that_is_down_and_german(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("learning-manager", language="de")
    page = browser.get("/admin/certifications")
    assert "Zertifizierung anlegen" in said(page)
    assert "Create" not in said(page)
    standin.down.add("catalog")
    assert browser.get("/admin/courses", 502)


@pytest.mark.feature("CAT-10")
def test_job_roles_name_the_qualifications_that_go_with_them(browser: Browser, standin: StandIn) -> None:
    roles = "/api/catalog/job-roles"
    known_courses(standin)
    nurse = standin.item("GET", roles, id=ID, name="Nurse", code="NURSE", qualifications=[FIRE])
    standin.says("GET", roles, {"items": [nurse], "next": "abc"})
    page = browser.get("/admin/job-roles?q=nur")
    assert "Nurse" in said(page)
    assert "Fire safety" in said(page)
    assert "/admin/job-roles?q=nur&cursor=abc" in page.links
    assert len(standin.questions()) == 2
    standin.says("GET", roles, {"items": [], "next": None})
    assert "No job role yet" in said(browser.get("/admin/job-roles"))
    assert "No job role matches" in said(browser.get("/admin/job-roles?q=x"))
