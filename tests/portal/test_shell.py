"""Signing in and staying so, the frame of every page, and what a page says when something is refused."""

import re
import time
from secrets import token_hex
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from jinja2 import Environment, FileSystemLoader, meta, nodes
from portal.conftest import OWN, TEMPLATES, Browser
from portal.html_checks import Page, checked
from portal.standin import StandIn

from services.portal import rendering
from services.portal.api import ROUTERS
from services.portal.languages import LANGUAGES
from services.portal.main import build
from services.portal.sealing import Sealer
from shared.contracts.catalog import OfferingKind
from shared.contracts.enrollment import AssignmentType, Status
from shared.settings import Settings


def views() -> list[type]:
    """Every dataclass that names a template."""
    import services.portal.api  # noqa: F401, PLC0415 - all pages are imported by it

    found: list[type] = []
    for module in _modules("services.portal.api"):
        found += [
            one
            for one in vars(module).values()
            if isinstance(one, type) and "template" in vars(one) and one.__module__ == module.__name__
        ]
    return found


def _modules(package: str) -> list[object]:
    import sys  # noqa: PLC0415

    return [module for name, module in sorted(sys.modules.items()) if name.startswith(package)]


@pytest.mark.parametrize("view", views(), ids=lambda view: view.__name__)
def test_a_template_uses_exactly_the_fields_of_its_view(view: type) -> None:
    """So that no page asks for what is not there; the other side is checked by mypy."""
    source = (TEMPLATES / view.template).read_text(encoding="utf-8")  # type: ignore[attr-defined]
    environment = Environment(loader=FileSystemLoader(TEMPLATES), extensions=["jinja2.ext.i18n"])
    frame = {"ui", "lines", "shell", "gettext", "ngettext", "pgettext", "npgettext", "_", "small_icon", "large_icon"}
    parsed = environment.parse(source)
    own = {one.target for one in parsed.find_all(nodes.Import)} | {one.name for one in parsed.find_all(nodes.Macro)}
    own |= {name.name for one in parsed.body for name in one.find_all(nodes.Name) if name.ctx == "store"}
    used = meta.find_undeclared_variables(parsed) - frame - own
    assert used == set(view.__dataclass_fields__) - {"template"}  # type: ignore[attr-defined]


def test_no_address_is_taken_for_another_with_an_id_in_it() -> None:
    """Where `/admin/x/new` comes after `/admin/x/{id}`, nobody ever sees it."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) > 100
    hidden = []
    for route in routes:
        filled = re.sub(r"\{[^}]+\}", "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f", route.path)
        taken = next(one for one in routes if one.methods & route.methods and one.path_regex.match(filled) is not None)
        if taken is not route:
            hidden.append((route.path, taken.path))
    assert hidden == []


def test_every_template_has_a_view_or_is_a_part() -> None:
    pages = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")}
    parts = {one for one in pages if one.startswith(("ui/", "layout/"))}
    assert pages - parts == {view.template for view in views()}  # type: ignore[attr-defined]


@pytest.mark.feature("SEC-3")
def test_signing_in_leads_each_to_the_page_that_is_theirs(browser: Browser, standin: StandIn) -> None:
    page = browser.get("/sign-in")
    assert "secret-of-the-demo" not in " ".join(page.text)
    learner = browser.post("/sign-in", user_name="zoe", password="right")
    assert (learner.status_code, learner.headers["Location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(learner.headers["Set-Cookie"].split("; "))
    standin.roles = ("auditor",)
    browser.http.cookies.clear()
    assert browser.post("/sign-in", user_name="zoe", password="right").headers["Location"] == "/admin"


def test_a_wrong_password_is_said_at_the_field_and_nothing_is_kept(browser: Browser) -> None:
    page = browser.refused("/sign-in", 401, user_name="zoe", password="wrong")
    assert "The user name or password is incorrect." in page.text
    assert page.title.startswith("Error: ")
    assert not browser.http.cookies
    assert next(field for field in page.fields if field.get("name") == "user_name")["value"] == "zoe"


def test_whoever_comes_from_a_link_goes_there_after_the_sign_in(browser: Browser) -> None:
    asked = browser.http.get("/admin/reports/membership?type=organisation&state=certified")
    address = urlsplit(asked.headers["Location"])
    assert (asked.status_code, address.path) == (303, "/sign-in")
    to = parse_qs(address.query)["to"][0]
    assert "membership" not in to
    done = browser.post("/sign-in", user_name="zoe", password="right", to=to)
    assert done.headers["Location"] == "/admin/reports/membership?type=organisation&state=certified"


@pytest.mark.parametrize(
    "forged", ["https://elsewhere.example/", "//elsewhere.example", "eyJhbGciOiJkaXIifQ..a.b.c", "x" * 9000]
)
def test_an_address_that_the_portal_did_not_seal_leads_nowhere_else(browser: Browser, forged: str) -> None:
    assert browser.post("/sign-in", user_name="zoe", password="right", to=forged).headers["Location"] == "/"


def test_a_form_that_comes_after_the_session_ended_is_kept_and_sent_after_the_sign_in(browser: Browser) -> None:
    ended = browser.refused("/admin/assignments", 401, last_name="Nwosu", first_name="Zoë & <b>", password="not this")
    assert "What you entered is kept and is sent after you sign in." in " ".join(ended.text)
    assert "Passwords and files are not kept" in " ".join(ended.text)
    answer = browser.post("/sign-in", user_name="zoe", password="right", form=_hidden(browser, "form"))
    kept = checked(answer.text)
    assert answer.status_code == 200
    assert 'action="/admin/assignments"' in answer.text
    assert ("last_name", "Nwosu") in _fields(answer.text)
    assert ("first_name", "Zoë &amp; &lt;b&gt;") in _fields(answer.text)
    assert "not this" not in answer.text
    assert kept.title.startswith("Send what you entered")


@pytest.mark.parametrize("length", [200_000, 900_000])
def test_a_form_that_is_too_long_to_be_kept_says_so_and_the_sign_in_still_works(browser: Browser, length: int) -> None:
    """Of many different characters, and of so many alike that they are short when sealed."""
    long = token_hex(length // 2) if length < 500_000 else "x" * length
    answer = browser.post("/admin/assignments", last_name=long)
    assert answer.status_code == 401
    assert "What you entered is too long to be kept" in " ".join(checked(answer.text).text)
    form = dict(_fields(answer.text))["form"]
    assert browser.post("/sign-in", user_name="zoe", password="right", form=form).headers["Location"] == "/"


def _fields(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)


def _hidden(browser: Browser, name: str) -> str:
    answer = browser.post("/admin/assignments", last_name="Nwosu", first_name="Zoë & <b>", password="not this")
    return dict(_fields(answer.text))[name]


def test_a_token_is_renewed_before_it_ends_and_the_cookie_with_it(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.time()]
    service = build(Settings(), transport=httpx.MockTransport(standin))
    monkeypatch.setattr(service.app.state.sign_ins, "_clock", lambda: now[0])  # type: ignore[attr-defined]
    with TestClient(service.app, follow_redirects=False) as client:
        client.post("/sign-in", data={"user_name": "zoe", "password": "right"}, headers=OWN)
        standin.asked.clear()
        assert "Set-Cookie" not in client.get("/").headers
        now[0] += 900 - 59
        renewed = client.get("/")
        assert (renewed.status_code, "rollbook=" in renewed.headers["Set-Cookie"]) == (200, True)
        assert standin.sent("POST", "/api/directory/token") == {
            "grant_type": "refresh_token",
            "refresh_token": "refresh",
        }
        standin.refuses("POST", "/api/directory/token", 401, "unauthenticated")
        now[0] += 900
        assert client.get("/").headers["Location"] == "/sign-in"
    service.stop()


def test_a_sign_in_that_was_ended_elsewhere_leads_to_the_sign_in_page(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("auditor")
    standin.refuses("GET", "/api/notifier/caught", 401, "unauthenticated")
    answer = browser.http.get("/admin/mail/caught")
    assert answer.headers["Location"].startswith("/sign-in?to=")
    assert "rollbook=; " in answer.headers["Set-Cookie"]


def test_signing_out_ends_it_at_the_directory_too_and_here_even_if_that_is_down(
    browser: Browser, standin: StandIn
) -> None:
    browser.sign_in()
    assert browser.post("/sign-out").headers["Location"] == "/sign-in?said=signed-out"
    assert standin.sent("POST", "/api/directory/token/revoke") == {"token": "refresh"}
    assert "You are signed out." in browser.get("/sign-in?said=signed-out").text
    assert browser.http.get("/").headers["Location"] == "/sign-in"
    browser.sign_in()
    standin.down.add("directory")
    assert browser.post("/sign-out").status_code == 303
    standin.down.clear()
    assert browser.http.get("/").headers["Location"] == "/sign-in"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "none"}],
)
def test_a_form_from_another_site_is_refused_and_changes_nothing(browser: Browser, headers: dict[str, str]) -> None:
    answer = browser.http.post("/sign-in", data={"user_name": "zoe", "password": "right"}, headers=headers)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)
    assert "This form was sent from another site" in checked(answer.text).text
    assert browser.standin.asked == []


def test_a_form_of_our_own_page_is_taken_from_a_browser_that_tells_only_its_origin(browser: Browser) -> None:
    form = {"user_name": "zoe", "password": "right"}
    assert browser.http.post("/sign-in", data=form, headers={"Origin": "http://127.0.0.1:8000"}).status_code == 303


@pytest.mark.parametrize(("status", "kind", "shown"), [(503, "unavailable", 503), (None, "", 502)])
def test_a_service_that_is_down_is_not_taken_for_a_wrong_password(
    browser: Browser, standin: StandIn, status: int | None, kind: str, shown: int
) -> None:
    if status:
        standin.refuses("POST", "/api/directory/token", status, kind)
    else:
        standin.down.add("directory")
    answer = browser.post("/sign-in", user_name="zoe", password="right")
    assert answer.status_code == shown
    assert "is incorrect" not in answer.text
    checked(answer.text)


def test_too_many_attempts_say_when_one_may_try_again(browser: Browser, standin: StandIn) -> None:
    standin.refuses("POST", "/api/directory/token", 429, "too-many-attempts")
    told = {"type": "urn:rollbook:problem:too-many-attempts", "title": "Too many attempts", "detail": "Wait."}
    standin.says(
        "POST", "/api/directory/token", lambda _: httpx.Response(429, json=told, headers={"Retry-After": "125"})
    )
    answer = browser.post("/sign-in", user_name="zoe", password="right")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "125")
    assert "Too many attempts have failed. You can try again in 3 minutes." in checked(answer.text).text


@pytest.mark.feature("SEC-4")
def test_refusals_and_wrong_addresses_are_pages(browser: Browser, standin: StandIn) -> None:
    assert "Page not found" in browser.get("/no-such-page", 404).text
    browser.sign_in("auditor")
    standin.refuses(
        "GET", "/api/notifier/caught", 403, "forbidden", detail="The permission 'read-mail' is required. Ask Ada."
    )
    page = browser.get("/admin/mail/caught", 403)
    assert "You may not do this" in page.text
    assert "The permission 'read-mail' is required. Ask Ada." in page.text
    standin.down.add("notifier")
    assert "A part of Rollbook does not answer" in browser.get("/admin/mail/caught", 502).text
    assert browser.http.get("/nul%00").status_code == 404


def test_pages_carry_the_policy_and_files_are_kept_for_ever(browser: Browser) -> None:
    answer = browser.http.get("/sign-in")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "require-trusted-types-for 'script'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text)
    assert len(files) >= 3
    for path in files:
        found = browser.http.get(path)
        assert (found.status_code, found.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert browser.http.get("/static/rollbook.css").status_code == 404


def test_the_style_sheet_and_the_script_are_small() -> None:
    import gzip  # noqa: PLC0415

    from services.portal.assets import assets  # noqa: PLC0415

    assert len(gzip.compress(assets()["css"].content)) <= 12_000
    assert len(gzip.compress(assets()["js"].content)) <= 5_000
    assert assets()["js"].content.count(b"\n") <= 400
    assert b"eval(" not in assets()["js"].content
    assert b"innerHTML" not in assets()["js"].content


@pytest.mark.parametrize(
    ("person", "cookie", "accepted", "language"),
    [
        ("de", "en", "en", "de"),
        ("de-AT", None, "en", "de"),
        ("fr", None, "de;q=0.5, en;q=0.4", "de"),
        (None, "de", "en", "de"),
        (None, "x" * 50, "en-GB, de;q=0.9", "en"),
        (None, None, "ar, *;q=0.1, de; q=nonsense", "en"),
        (None, None, "", "en"),
    ],
)
def test_the_language_is_the_persons_then_the_cookies_then_the_browsers(
    person: str | None, cookie: str | None, accepted: str, language: str
) -> None:
    from services.portal.languages import chosen  # noqa: PLC0415

    assert chosen(person, cookie, accepted) == language


def test_a_stranger_chooses_a_language(browser: Browser) -> None:
    assert browser.post("/language", language="de", to="/sign-in").headers["Location"] == "/sign-in"
    page = browser.get("/sign-in")
    assert page.lang == "de"
    assert "Anmelden" in " ".join(page.text)
    assert browser.post("/language", language="de", to="//elsewhere.example").headers["Location"] == "/"


def test_the_number_of_requests_that_wait_stands_in_the_head_and_no_page_waits_for_it(
    browser: Browser, standin: StandIn
) -> None:
    standin.says("GET", "/api/approvals/counts", {"waiting": 7})
    browser.sign_in()
    assert "7" in browser.get("/").text
    standin.down.add("approvals")
    assert "7" not in browser.get("/").text


def test_a_sealed_document_opens_for_its_purpose_only_and_not_for_ever() -> None:
    now = [1_000.0]
    sealer = Sealer("secret", clock=lambda: now[0])
    sealed = sealer.seal("to", "/training", 60)
    assert sealer.open("to", sealed) == "/training"
    assert sealer.open("session", sealed) is None
    assert Sealer("another").open("to", sealed) is None
    assert sealer.open("to", sealed[:-2]) is None
    now[0] += 61
    assert sealer.open("to", sealed) is None


def test_whoever_has_many_roles_has_a_cookie_that_browsers_take(browser: Browser, standin: StandIn) -> None:
    standin.roles = ("enrollment-manager",) * 60
    answer = browser.post("/sign-in", user_name="zoe", password="right")
    assert len(answer.headers["Set-Cookie"]) < 4_096


def test_attempts_to_sign_in_are_counted_by_the_address_of_whoever_looks_at_the_page(standin: StandIn) -> None:
    portal = build(Settings(), transport=httpx.MockTransport(standin))
    told = []
    for peer, forwarded in (("203.0.113.7", "198.51.100.9"), ("127.0.0.1", "198.51.100.9")):
        client = TestClient(portal.app, follow_redirects=False, client=(peer, 1))
        client.post(
            "/sign-in", data={"user_name": "zoe", "password": "right"}, headers={**OWN, "X-Forwarded-For": forwarded}
        )
        sign_in = next(one for one in reversed(standin.asked) if one.url.path == "/api/directory/token")
        told.append(sign_in.headers["X-Forwarded-For"])
    assert told == ["203.0.113.7", "198.51.100.9"]
    portal.stop()


@pytest.mark.feature("ENR-10", "ENR-12")
@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("valid", "This certificate is valid."),
        ("expired", "This certificate has expired."),
        ("revoked", "This certificate was revoked: Somebody else took the exam"),
    ],
)
def test_anyone_sees_whether_a_certificate_holds(browser: Browser, standin: StandIn, state: str, said: str) -> None:
    told = standin.sample(
        "enrollment",
        "Verification",
        serial="RB-1",
        state=state,
        learner="Zoë <b>X</b>",
        offering="First aid",
        kind="course",
    )
    told |= {
        "completed_on": "2026-11-23",
        "valid_until": None,
        "reason": "Somebody else took the exam" if state == "revoked" else None,
    }
    standin.says("GET", "/api/enrollment/certificates/RB-1", told)
    page = browser.get("/verify/RB-1")
    assert said in page.text
    assert "Zoë <b>X</b>" in page.text
    standin.refuses("GET", "/api/enrollment/certificates/forged", 404, "not-found")
    assert "There is no certificate with this serial number" in " ".join(browser.get("/verify/forged", 404).text)


def test_every_page_is_complete_for_the_reader(browser: Browser) -> None:
    """A page that asks for what its template does not have fails, rather than showing a gap."""
    assert rendering.templates("en").undefined.__name__ == "StrictUndefined"
    assert isinstance(browser.get("/sign-in"), Page)


@pytest.mark.feature("OPS-1")
def test_a_demo_has_a_card_for_each_account_and_says_how_far_it_is_filled(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", "/api/demo/progress", {"done": 3, "total": 14})
    page = browser.get("/sign-in")
    assert {"Site administrator", "Ada Lind · admin"} <= set(page.text)
    assert "The company's history is still being filled in: 3 of 14 chapters. You can begin." in page.text
    assert len(standin.questions()) == 2
    standin.says("GET", "/api/demo/progress", {"done": 14, "total": 14})
    assert not [line for line in browser.get("/sign-in").text if "being filled in" in line]
    standin.down.add("demo")
    assert "Ada Lind · admin" in browser.get("/sign-in").text
    browser.http.cookies.set("language", "de")
    assert "Gesamtverwaltung" in browser.get("/sign-in").text


@pytest.mark.parametrize(
    ("macro", "values"),
    [("state", get_args(Status)), ("type", get_args(AssignmentType)), ("kind", get_args(OfferingKind))],
)
def test_every_value_of_the_services_has_a_word_in_every_language(macro: str, values: tuple[str, ...]) -> None:
    for language in LANGUAGES:
        word = getattr(rendering.templates(language).get_template("ui/words.html").module, macro)
        untold = [value for value in values if str(word(value)) == value]
        assert untold == [], language
