"""A real browser before the real suite with its demo company: one of each for all tests of a process."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from e2e.running import Running
from folders import new_folder
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from services.cli.demo import ADMINISTRATOR

SIZE = 300
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's browser. Without one a skip; in CI an error. For a file at a time: while it is there an event loop runs in this
    thread, and other tests have loops of their own."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("There is no Chromium here: install the system's package.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def company() -> Iterator[Running]:
    """With what happened in it; nobody is signed in."""
    with new_folder("rollbook-company-") as data, Running(data, size=SIZE, history=True) as running:
        running.sign_in(ADMINISTRATOR.user_name, ADMINISTRATOR.password)
        running.wait_until_filled()
        yield running


@pytest.fixture(scope="package")
def cards(company: Running) -> dict[str, tuple[str, str]]:
    """User name and password of each demo account, by what its card says."""
    page = company.http.get("/sign-in").text
    accounts = r'name="user_name" value="([^"]+)"><input type="hidden" name="password" value="([^"]+)">\s*<button><strong>([^<]+)<'
    found = {role.strip().lower(): (name, password) for name, password, role in re.findall(accounts, page)}
    assert {"learner", "new starter", "team leader", "auditor", "site administrator"} <= found.keys(), page
    return found


@pytest.fixture(scope="package")
def offerings(company: Running) -> dict[str, str]:
    """Ids by code, and that of a saved report."""
    saved = {"SAVED": company.every("/api/reporting/saved-reports")[0]["id"]}
    return saved | {one["code"]: one["id"] for one in company.every("/api/catalog/offerings")}


class Person:
    """Somebody with a browser."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: Any) -> None:
        """What violates the page's policy, or breaks in its script; that an address answers 404 is no complaint."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, user: tuple[str, str]) -> Page:
        self.open("/sign-in")
        self.page.get_by_label("User name").fill(user[0])
        self.page.get_by_label("Password").fill(user[1])
        self.page.locator("form").get_by_role("button", name="Sign in", exact=True).first.click()
        self.page.wait_for_url(lambda url: "/sign-in" not in url)
        return self.page


People = Callable[..., Person]


@pytest.fixture
def person(chromium: Browser, company: Running) -> Iterator[People]:
    """`person(scripts=False)`, `person(width=390, scheme="dark")` … Nobody's browser may complain."""
    opened: list[Person] = []

    def come(*, scripts: bool = True, width: int = 1280, scheme: Any = "light", **more: Any) -> Person:
        context = chromium.new_context(
            java_script_enabled=scripts,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            locale=more.pop("locale", "en-GB"),
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(60_000)
        opened.append(Person(context, company.url))
        return opened[-1]

    yield come
    complaints = [complaint for one in opened for complaint in one.complaints]
    for one in opened:
        one.context.close()
    assert complaints == []


Cards = dict[str, tuple[str, str]]
Learner = Callable[[], tuple[str, str]]


@pytest.fixture
def spare_learner(company: Running) -> Learner:
    """Somebody of the company who has nothing to do yet, with user name and password: a new one each time."""
    company.sign_in(ADMINISTRATOR.user_name, ADMINISTRATOR.password)  # the token of before may have ended by now
    home = company.get("/api/directory/people", limit=1)["items"][0]["home_organisation"]

    def come() -> tuple[str, str]:
        name = f"spare{uuid4().hex[:8]}"
        named = {"first_name": "Spare", "last_name": "Learner", "email": f"{name}@example.org", "user_name": name}
        person = {**named, "password": "spare learner", "home_organisation": home, "country": "GB"}
        company.post("/api/directory/people", person)
        return name, "spare learner"

    return come
