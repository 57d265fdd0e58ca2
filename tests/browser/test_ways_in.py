"""Links of e-mails whose code no server sees, and choosing many requests, in a real browser."""

import pytest
from browser.conftest import People
from e2e.running import until

CODE = "c0de-that-nobody-else-has-0123456789"


@pytest.mark.feature("SEC-3", "KEY-7")
@pytest.mark.parametrize("path", ["/password/new", "/join/confirm"])
def test_the_code_of_a_link_goes_into_the_form_and_out_of_the_address(person: People, path: str) -> None:
    page = person().open(f"{path}#{CODE}")
    until(lambda: page.evaluate("document.querySelector('[data-fragment]').hidden"))
    assert page.locator("input[name=token]").input_value() == CODE
    assert CODE not in page.url


@pytest.mark.feature("SEC-3", "KEY-7")
@pytest.mark.parametrize("path", ["/password/new", "/join/confirm"])
def test_without_a_script_the_code_is_copied_from_the_link(person: People, path: str) -> None:
    page = person(scripts=False).open(f"{path}#{CODE}")
    field = page.get_by_label("Code")
    assert field.is_visible()
    field.fill(f"http://localhost{path}#{CODE}")
    if path == "/password/new":
        page.get_by_label("New password").fill("a long password")
    page.locator("main button").click()
    page.get_by_text("This link has expired, or was used already.").wait_for()
