"""The pages of a sign-in elsewhere, before a real directory and a real provider: there by a link, back with a session."""

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from directory.harness import OpenHarness
from directory.openid_works import Works
from fastapi.testclient import TestClient
from portal.conftest import OWN
from portal.html_checks import checked
from pytest_iam import Server, iam_configuration, iam_server, iam_server_port

from services.portal.main import build
from shared.ports import free_port
from shared.settings import Settings

__all__ = ["iam_configuration", "iam_server", "iam_server_port"]


class Pages:
    """The portal in a browser, before the directory alone."""

    def __init__(self, works: Works) -> None:
        self.works = works
        self._service = build(Settings(), transport=httpx.MockTransport(self._forward))
        self.http = self.browser()

    def browser(self) -> TestClient:
        return TestClient(self._service.app, follow_redirects=False, base_url="http://127.0.0.1:8000")

    def close(self) -> None:
        self._service.stop()

    def _forward(self, request: httpx.Request) -> httpx.Response:
        address = f"{request.url.path}?{request.url.query.decode()}"
        own = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
        if token := own.pop("authorization", "").removeprefix("Bearer "):
            own |= self.works.reissued(token)
        answer = self.works.http.request(request.method, address, content=request.content, headers=own)
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    def leave(self, to: str = "") -> str:
        """The address at the provider that the page leads to."""
        begun = self.http.post("/sign-in/elsewhere", data={"provider": "works", "to": to}, headers=OWN)
        assert begun.status_code == 303, begun.text
        page = self.http.get(begun.headers["Location"])
        assert "Go on at Works" in checked(page.text).text
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
        (address,) = re.findall(r'<a class="button main" href="([^"]+)" data-follow=""', page.text)
        return html.unescape(address)

    def back(self, browser: TestClient | None = None, **query: Any) -> httpx.Response:
        return (browser or self.http).get(f"/sign-in/works?{urlencode(query)}")


@pytest.fixture
def pages(open_harness: OpenHarness, iam_server: Server) -> Iterator[Pages]:
    found = Pages(Works(open_harness, iam_server, trust_email=True))
    yield found
    found.close()


@pytest.mark.feature("SEC-3", "DIR-7")
def test_whoever_signs_in_elsewhere_comes_back_to_where_they_were_going(pages: Pages) -> None:
    pages.works.harness.person("Ada Lind")
    assert "Sign in with Works" in checked(pages.http.get("/sign-in").text).text
    asked = urlsplit(pages.http.get("/me?of=mine").headers["Location"])
    back = pages.works.code(pages.works.user(), pages.leave(parse_qs(asked.query)["to"][0]))
    done = pages.back(**back)
    assert (done.status_code, done.headers["Location"]) == (303, "/me?of=mine"), done.text
    assert "Ada Lind" in checked(pages.http.get("/redeem").text).text
    assert pages.http.cookies.get("rollbook")
    assert not pages.http.cookies.get("elsewhere")
    again = pages.back(**back)
    assert again.status_code == 409
    assert "This sign-in took too long, was finished already, or began in another browser. Start again." in again.text


@pytest.mark.feature("SEC-3")
def test_a_sign_in_of_another_browser_signs_nobody_in(pages: Pages) -> None:
    pages.works.harness.person("Ada Lind")
    back = pages.works.code(pages.works.user(), pages.leave())
    other = pages.browser()
    refused = pages.back(other, **back)
    assert (refused.status_code, other.cookies.get("rollbook")) == (409, None)
    assert pages.back(**{**back, "state": "of-somebody-else"}).status_code == 409
    assert pages.back(**back).status_code == 303, "what others tried does not end one's own"


@pytest.mark.feature("SEC-3", "SEC-4")
def test_what_the_provider_or_the_directory_refuses_is_a_page_with_a_way_back(pages: Pages) -> None:
    address = pages.leave()
    cancelled = pages.back(error="access_denied", error_description="<b>words of anybody</b>")
    assert cancelled.status_code == 409
    state = re.findall(r"[?&]state=([^&]+)", pages.leave())[0]
    cancelled = pages.back(error="access_denied", error_description="<b>words of anybody</b>", state=state)
    page = checked(cancelled.text)
    assert (cancelled.status_code, "/sign-in" in page.links) == (403, True)
    assert "You were not signed in at Works. Nothing was changed." in page.text
    assert "words of anybody" not in cancelled.text
    back = pages.works.code(pages.works.user(), pages.leave())
    unknown = pages.back(**back)
    assert unknown.status_code == 403
    assert "Nobody here has the account that Works names." in " ".join(checked(unknown.text).text)
    assert not pages.http.cookies.get("rollbook")
    assert address != pages.leave()


@pytest.mark.feature("SEC-3", "SEC-4")
def test_a_provider_that_is_down_or_unknown_is_told_before_anybody_leaves(
    open_harness: OpenHarness, iam_server: Server
) -> None:
    pages = Pages(Works(open_harness, iam_server, issuer=f"http://localhost:{free_port()}"))
    for provider, status in (("works", 503), ("nobody", 404)):
        answer = pages.http.post("/sign-in/elsewhere", data={"provider": provider}, headers=OWN)
        assert answer.status_code == status
        assert "You are not signed in" in checked(answer.text).text
    pages.close()
