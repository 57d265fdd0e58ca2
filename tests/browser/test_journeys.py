"""What people come for, from the sign-in to the end, with a script and without: a learner, a new starter, an approver."""

import re

import pytest
from browser.conftest import Cards, Learner, People, Person
from playwright.sync_api import Page, expect

from services.suite.demo_exams import EXAMS

with_and_without = pytest.mark.parametrize("scripts", [True, False], ids=["script", "no script"])


@pytest.mark.feature("LRN-1", "LRN-2", "LRN-7", "GRP-3", "GRP-5", "GRP-8", "ADM-6")
@with_and_without
def test_a_new_starter_finds_a_course_enrols_in_a_group_and_withdraws(
    person: People, cards: Cards, scripts: bool
) -> None:
    page = person(scripts=scripts).sign_in(cards["new starter"])
    expect(page.get_by_role("heading", name="Fire safety at work")).to_be_visible()
    page.get_by_role("link", name="Browse").first.click()
    page.get_by_role("button", name="Enrol: First aid").click()
    page.get_by_role("radio", name=re.compile("Evening")).check()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Enrol in First aid as a member of Evening?")).to_be_visible()
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_text("You are enrolled.")).to_be_visible()

    _menu(page, "First aid", "Enrollment details")
    expect(page.get_by_text("Group: Evening")).to_be_visible()
    page.get_by_role("link", name=re.compile("Withdraw")).click()
    expect(page.get_by_role("heading", name="Withdraw from the group Evening?")).to_be_visible()
    expect(page.get_by_text("What you have completed stays.")).to_be_visible()
    page.get_by_role("button", name="Withdraw", exact=True).click()
    expect(page.get_by_text("You have withdrawn.")).to_be_visible()


def _menu(page: Page, title: str, entry: str) -> None:
    page.locator(f"summary[aria-label='More about {title}']").first.click()
    page.get_by_role("link", name=entry, exact=True).first.click()


@pytest.mark.feature("LRN-8", "LRN-2")
def test_a_learner_reads_why_they_are_enrolled(person: People, cards: Cards) -> None:
    page = person().sign_in(cards["learner"])
    expect(page.get_by_text("Overdue by 3 days")).to_be_visible()
    _menu(page, "Safe workplace", "Why am I enrolled?")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Why"))
    expect(page.get_by_text(re.compile("assigned it to you"))).to_be_visible()
    expect(page.get_by_role("link", name="Contact").first).to_be_visible()


@pytest.mark.feature("LRN-3", "LRN-4", "ENR-4", "ENR-6", "CAT-1")
@with_and_without
def test_a_learner_takes_an_exam_in_the_learning_system_and_downloads_the_certificate(
    person: People, spare_learner: Learner, scripts: bool
) -> None:
    visitor = person(scripts=scripts)
    page = _on_first_aid(visitor, spare_learner())
    page.get_by_role("button", name="Begin Training: First aid").first.click()
    expect(page.get_by_text("The training has begun.")).to_be_visible()
    page.get_by_role("button", name="Mark as done: The first five minutes").click()
    expect(page.get_by_text("The step is done.")).to_be_visible()
    for button in ("Finish the lab", "Hand in"):
        _in_the_learning_system(page, button)
    link = page.get_by_role("link", name="Download Certificate: First aid").first.get_attribute("href")
    assert page.context.request.get(f"{visitor.url}{link}").body().startswith(b"%PDF")
    page.get_by_role("link", name="Transcript").first.click()
    expect(page.get_by_role("link", name="First aid", exact=True)).to_be_visible()


def _on_first_aid(visitor: Person, learner: tuple[str, str]) -> Page:
    """Enrolled without a group, on the page of the course."""
    page = visitor.sign_in(learner)
    page.goto(f"{visitor.url}/browse?q=first+aid")
    page.get_by_role("button", name="Enrol: First aid").click()
    page.get_by_role("button", name="Enrol without a group").click()
    expect(page.get_by_text("You are enrolled.")).to_be_visible()
    return page


def _in_the_learning_system(page: Page, button: str) -> None:
    """What comes next opens in a tab of its own; there it is done, and its result is reported by the system, not by the learner."""
    with page.context.expect_page() as opened:
        page.get_by_role("button", name=re.compile("^(Take Exam|Continue Training): First aid")).first.click()
    tab = opened.value
    tab.wait_for_load_state()
    if "/launch/" in tab.url:
        tab.locator("a[data-follow]").click()
    for question in EXAMS["first-aid-exam"] if button == "Hand in" else ():
        tab.get_by_role("group", name=question.text).get_by_label(question.answers[0], exact=True).check()
    tab.get_by_role("button", name=button).click()
    tab.get_by_role("link", name="Back to the course").wait_for()
    tab.close()
    page.reload()


@pytest.mark.feature("APR-2", "APR-5", "APR-6", "APR-8")
def test_an_approver_decides_one_and_then_several_and_sees_what_became_of_each(person: People, cards: Cards) -> None:
    page = person().sign_in(cards["team leader"])
    page.goto(re.sub("/[^/]*$", "/", page.url) + "approvals")
    expect(page.get_by_role("heading", name="Approvals", level=1)).to_be_visible()
    waiting = page.locator("tbody tr").count()
    assert waiting == 7
    page.locator("tbody tr", has_text="Leading a shift").first.get_by_role("link").first.click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("alert")).to_be_visible()  # a denial says why
    page.get_by_label(re.compile("Reason")).fill("Next year: the course is full of other wards' people.")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("Denied.")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Waits for you")).click()
    for box in page.locator("input[data-row]").all()[:2]:
        box.check()
    expect(page.locator("[data-ticked]").first).to_have_text("2")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Approve 2 requests").click()
    expect(page.get_by_text("2 of 2 requests are decided as you said.")).to_be_visible()
    page.get_by_role("link", name="Back to all requests").click()
    assert page.locator("tbody tr").count() == waiting - 3 + _second_stages(page)
    page.get_by_role("link", name="Decided", exact=True).click()
    expect(page.get_by_text("Denied").first).to_be_visible()


def _second_stages(page: Page) -> int:
    """Requests of two stages that come back to the same approver."""
    return page.get_by_text("Stage 2 of 2").count()


@pytest.mark.feature("APR-1", "APR-3", "LRN-7")
@with_and_without
def test_a_learner_asks_for_access_and_takes_it_back(person: People, spare_learner: Learner, scripts: bool) -> None:
    visitor = person(scripts=scripts)
    page = visitor.sign_in(spare_learner())
    page.goto(f"{visitor.url}/browse?q=leading")
    page.get_by_role("link", name="Request Access: Leading a shift").click()
    page.get_by_label("Why do you need it?").fill("I lead the night shift from May on.")
    page.get_by_role("button", name=re.compile("Send request")).click()
    expect(page.get_by_text("Your request is sent. You will be told when it is decided.")).to_be_visible()
    page.goto(f"{visitor.url}/requests")
    page.get_by_role("link", name="Leading a shift").first.click()
    page.get_by_role("button", name=re.compile("Cancel")).first.click()
    expect(page.get_by_text("Your request is cancelled.")).to_be_visible()


@pytest.mark.feature("LRN-2", "ADM-6")
def test_a_learner_begins_training_by_keyboard_alone(person: People, spare_learner: Learner) -> None:
    visitor = person()
    page = visitor.sign_in(spare_learner())
    page.goto(f"{visitor.url}/browse?q=first+aid")
    for name, said in (
        ("Enrol: First aid", "Evening"),
        ("Enrol without a group", "You are enrolled."),
        ("Begin Training: First aid", "The training has begun."),
    ):
        _tab_to(page, name)
        page.keyboard.press("Enter")
        expect(page.get_by_text(said).first).to_be_visible()


def _tab_to(page: Page, name: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if (
            page.evaluate(
                "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()"
            )
            == name
        ):
            return
    pytest.fail(f"the focus never comes to {name}")


@pytest.mark.feature("LRN-2")
def test_the_dashboard_looks_again_by_itself_every_five_minutes(person: People, cards: Cards) -> None:
    visitor = person(bypass_csp=True)
    visitor.page.clock.install()
    page = visitor.sign_in(cards["learner"])
    page.wait_for_load_state("networkidle")
    with page.expect_request(lambda request: request.resource_type == "fetch", timeout=10_000):
        page.clock.fast_forward("05:01")


@pytest.mark.feature("ADM-1", "ADM-2", "ASG-2", "ASG-8", "ASG-9", "ASG-20", "ADM-6")
@with_and_without
def test_an_administrator_is_three_clicks_from_assigning_an_audience_previews_confirms_and_undoes_it(
    person: People, cards: Cards, scripts: bool
) -> None:
    page = person(scripts=scripts).sign_in(cards["site administrator"])
    page.get_by_role("link", name="Certifications").first.click()
    page.get_by_role("link", name="Who is assigned to Safe workplace").click()
    page.get_by_text("Add…").click()
    page.get_by_role("link", name="Audience", exact=True).click()

    page.get_by_label("Search by name").fill("Mentors")
    page.get_by_role("button", name="Search", exact=True).last.click()
    choices = page.get_by_role("group", name="What there is to select").get_by_role("listitem")
    expect(choices).to_have_count(1)
    choices.get_by_role("checkbox").check()
    page.get_by_role("button", name="Add ticked").click()
    expect(page.get_by_text("Selected items (1)")).to_be_visible()
    page.get_by_role("button", name="Preview").click()

    sentence = page.get_by_text(re.compile("Adding this assignment will enrol"))
    expect(sentence).to_be_visible()
    (people,) = re.findall(r"enrol (\d+) learners", sentence.inner_text())
    rows = [int(text) for text in page.locator("table.numbers tbody strong").all_inner_texts()]
    assert (len(rows), sum(rows)) == (4, int(people))
    assert rows[0] > 0
    page.get_by_role("link", name=re.compile("see who.*Newly enrolled")).click()
    expect(page.get_by_role("row")).to_have_count(min(rows[0], 50) + 1)
    page.get_by_role("link", name="Back to the preview").click()
    page.get_by_label("Reason").fill("Mentors show the way")
    page.get_by_role("button", name="Ok").click()

    row = page.get_by_role("row", name=re.compile("Audience.*Mentors"))
    expect(row).to_be_visible()
    page.get_by_role("link", name="What it did, and undo").click()
    page.get_by_role("link", name="Undo").click()
    expect(page.get_by_text("What undoing would do")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Certifications").first.click()
    page.get_by_role("link", name="Who is assigned to Safe workplace").click()
    expect(page.get_by_role("link", name="Harbour Care")).to_be_visible()
    expect(row).to_have_count(0)
