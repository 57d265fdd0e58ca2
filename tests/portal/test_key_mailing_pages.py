"""Keys by e-mail: composing, previewing, sending, who was sent which, reminding, taking back (KEY-11)."""

from typing import Any

import pytest
from portal.conftest import Browser
from portal.standin import PERSON, StandIn
from portal.test_key_pages import JOB, TRAINING
from portal.test_pool_pages import KEY, ONE, POOL, pool, said, value

pytestmark = pytest.mark.feature("KEY-11")

MAILINGS, TEMPLATE = f"{ONE}/mailings", f"{ONE}/mail-template"
MAILING = "66666666-6666-4666-8666-666666666666"
RECIPIENT = "77777777-7777-4777-8777-777777777777"
PAGE = f"/admin/keys/{POOL}/send"
SIGNED = {"title_en": "Head of training", "contact_en": "Room 5"}
TEXTS = {"subject_en": "Hi {name}", "text_en": "{key} for you", **SIGNED, "subject_de": "", "text_de": ""}
WRITTEN = {"subject": "Hi {name}", "text": "{key} for you", "title": "Head of training", "contact": "Room 5"}
ADA = {"first_name": "Ada", "last_name": "Lind", "home_organisation_name": "Day Shift"}


def recipient(standin: StandIn, **changed: Any) -> None:
    told = {"id": RECIPIENT, "key_state": "sent", "key_id": TRAINING, "email": "bo@example.org", "mail_state": "failed"}
    standin.says("GET", MAILINGS, {"items": [standin.item("GET", MAILINGS, **{**told, **changed})], "next": None})


def previewed(standin: StandIn, results: list[dict[str, Any]], free: int = 3) -> None:
    texts = {"en": {"subject": "Hi Ada", "text": "XXXXX for you"}}
    needed = sum(one["outcome"] == "sent" for one in results)
    told = standin.sample("keys", "MailingPreview", free=free, needed=needed, results=results, texts=texts)
    standin.says("POST", MAILINGS, told)


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    pool(standin)
    recipient(standin)
    texts = {"en": {"subject": "Hi {name}", "text": "{key} for you"}, "de": None}
    standin.says("GET", TEMPLATE, standin.answer("GET", TEMPLATE, version=2, texts=texts, placeholders=["name", "key"]))
    found = standin.item("POST", "/api/directory/people/search", id=str(PERSON), **ADA)
    standin.says("POST", "/api/directory/people/search", {"items": [found], "next": None})
    lookup = "/api/directory/people/lookup"
    standin.says("POST", lookup, standin.answer("POST", lookup, items=[found]))
    browser.sign_in("operations-manager")


def test_it_is_told_who_was_sent_which_key_and_what_became_of_the_e_mail(browser: Browser, standin: StandIn) -> None:
    page = browser.get(PAGE)
    for word in ("bo@example.org", "could not be delivered", "Sent"):
        assert word in said(page)
    assert f"/admin/keys/{POOL}/keys/{TRAINING}" in page.links
    assert len(standin.questions()) == 2
    recipient(standin, key_state="redeemed")
    assert not [one for one in browser.get(PAGE).fields if one.get("name") == "recipient"]
    standin.says("GET", MAILINGS, {"items": [], "next": None})
    assert "Nobody was sent a key of this pool" in said(browser.get(PAGE))


def test_an_auditor_sees_who_was_sent_a_key_and_can_change_nothing(browser: Browser) -> None:
    browser.sign_in("auditor")
    page = browser.get(PAGE)
    assert "bo@example.org" in said(page)
    assert not page.fields
    assert not {f"{PAGE}/new", f"{PAGE}/texts"} & set(page.links)


def test_people_are_found_by_name_and_stay_chosen_with_everything_that_was_typed(
    browser: Browser, standin: StandIn
) -> None:
    page = browser.get(f"{PAGE}/new")
    assert value(page, "subject_en") == "Hi {name}"
    typed = {**TEXTS, "subject_en": "Mine", "addresses": "bo@example.org", "language": "de"}
    page = browser.refused(f"{PAGE}/new", 200, **typed, first_name="ad", do="look")
    assert standin.sent("POST", "/api/directory/people/search") == {
        "first_name": "ad",
        "last_name": None,
        "active": True,
    }
    assert "Ada Lind Day Shift" in said(page)
    assert (value(page, "subject_en"), value(page, "first_name")) == ("Mine", "ad")
    standin.asked.clear()
    page = browser.refused(f"{PAGE}/new", 200, **typed, person=str(PERSON), first_name="ad", do="look")
    ticked = [one for one in page.fields if one.get("name") == "person"]
    assert [(one["value"], "checked" in one) for one in ticked] == [(str(PERSON), True)]
    assert "Nobody else matches." in said(page)
    assert len(standin.questions()) == 3
    assert all("ad" not in dict(one.url.params).values() for one in standin.asked)


def test_the_preview_says_who_gets_one_who_does_not_and_what_they_read(browser: Browser, standin: StandIn) -> None:
    person = {"person_id": str(PERSON), "outcome": "sent"}
    previewed(standin, [person, {"line": 1, "outcome": "bad-address"}, {"line": 2, "outcome": "sent"}])
    form = {**TEXTS, "person": str(PERSON), "addresses": "no address\r\n\r\nbo@example.org", "do": "preview"}
    page = browser.refused(f"{PAGE}/new", 200, **form)
    assert standin.sent("POST", MAILINGS) == {
        "recipients": {"people": [str(PERSON)], "addresses": ["no address", "bo@example.org"], "language": "en"},
        "texts": {"en": WRITTEN},
        "dry_run": True,
    }
    for words in ("2 people would be sent a key", "no address not an e-mail address", "Hi Ada", "Send to 2 people"):
        assert words in said(page)
    sent_on = browser.post(f"{PAGE}/new", **form).text
    assert all(f'name="{name}" value="{value}"' in sent_on for name, value in TEXTS.items())


def test_more_recipients_than_free_keys_cannot_be_sent_to(browser: Browser, standin: StandIn) -> None:
    previewed(standin, [{"line": 1, "outcome": "sent"}, {"line": 2, "outcome": "sent"}], free=1)
    page = browser.refused(f"{PAGE}/new", 200, **TEXTS, addresses="a@example.org\nb@example.org", do="preview")
    assert "2 keys are needed, and 1 are free." in said(page)
    assert "Send to" not in said(page)
    standin.refuses("POST", MAILINGS, 409, "too-few-keys")
    page = browser.refused(f"{PAGE}/new", 409, **TEXTS, addresses="a@example.org", do="send", key=KEY)
    assert "Nobody was sent anything." in said(page)
    assert value(page, "subject_en") == "Hi {name}"


def test_sending_leads_to_what_became_of_each_or_to_the_job_of_many(browser: Browser, standin: StandIn) -> None:
    sent = standin.sample("keys", "Receipt", position="keys:4", result={"mailing_id": MAILING})
    standin.says("POST", MAILINGS, sent, 201)
    form = {**TEXTS, "addresses": "a@example.org", "do": "send", "key": KEY}
    assert browser.post(f"{PAGE}/new", **form).headers["Location"] == f"{PAGE}/{MAILING}?said=keys-sent"
    assert standin.asked[-1].headers["Idempotency-Key"] == KEY
    standin.says("POST", MAILINGS, {**sent, "result": {"mailing_id": MAILING, "job_id": JOB}}, 202)
    led = browser.post(f"{PAGE}/new", **form).headers["Location"]
    assert led == f"/admin/keys/{POOL}/jobs/{JOB}?mailing={MAILING}"
    job = f"/api/keys/jobs/{JOB}"
    few = {"sent": 0, "needed": 5, "free": 3}
    standin.says("GET", job, standin.answer("GET", job, id=JOB, kind="send-keys", state="finished", result=few))
    page = browser.get(led)
    assert "Nobody was sent anything: 5 keys are needed, and 3 were free by then." in said(page)
    assert f"{PAGE}/{MAILING}" in page.links


def test_a_mailing_tells_who_got_no_key(browser: Browser, standin: StandIn) -> None:
    one = f"{MAILINGS}/{MAILING}"
    results = [
        {"line": 1, "outcome": "sent", "person_id": None, "key_id": TRAINING},
        {"line": None, "outcome": "already-redeemed", "person_id": str(PERSON), "key_id": None},
        {"line": 3, "outcome": "bad-address", "person_id": None, "key_id": None},
    ]
    standin.says("GET", one, standin.answer("GET", one, id=MAILING, results=results))
    page = browser.get(f"{PAGE}/{MAILING}")
    for words in ("1: gets a key", "Ada Lind has redeemed a key", "Address in line 3 not an e-mail address"):
        assert words in said(page)
    assert len(standin.questions()) == 3
    standin.down.add("directory")
    assert "Names cannot be shown at the moment." in said(browser.get(f"{PAGE}/{MAILING}"))
    standin.says("GET", one, standin.answer("GET", one, id=MAILING, results=None))
    assert "This is still under way." in said(browser.get(f"{PAGE}/{MAILING}"))


def test_those_who_have_not_redeemed_are_reminded_and_told_about(browser: Browser, standin: StandIn) -> None:
    remind = f"{MAILINGS}/remind"
    result = {"changed": 0, "recipients": {RECIPIENT: {"outcome": "too-soon"}}}
    standin.says("POST", remind, standin.answer("POST", remind, position="keys:4", result=result))
    page = browser.refused(f"{PAGE}/remind", 200, recipient=RECIPIENT, key=KEY)
    assert standin.sent("POST", remind) == {"recipients": [RECIPIENT]}
    assert "1: not reminded: the last e-mail is too recent" in said(page)
    browser.post(f"{PAGE}/remind", everybody="true", key=KEY)
    assert standin.sent("POST", remind) == {"recipients": None}
    standin.asked.clear()
    assert browser.post(f"{PAGE}/remind", key=KEY).headers["Location"].endswith("said=nobody-ticked")
    assert standin.questions() == [], "nobody is reminded by mistake"


def test_keys_are_taken_back_with_a_warning_about_those_that_somebody_may_know(
    browser: Browser, standin: StandIn
) -> None:
    back = f"{MAILINGS}/take-back"
    result = {"changed": 1, "recipients": {RECIPIENT: {"outcome": "free", "may_be_known": True}}}
    standin.says("POST", back, standin.answer("POST", back, position="keys:4", result=result))
    page = browser.refused(f"{PAGE}/take-back", 200, recipient=RECIPIENT, then="free", key=KEY)
    assert standin.sent("POST", back) == {"recipients": [RECIPIENT], "then": "free"}
    assert "1: taken back: the key is free again" in said(page)
    assert "whoever has it can still redeem that key" in said(page)
    standin.refuses("POST", back, 409, "conflict", detail="One of these e-mails is going out at this moment.")
    page = browser.refused(f"{PAGE}/take-back", 409, recipient=RECIPIENT, then="revoke", key=KEY)
    assert "going out at this moment" in said(page)


def test_a_typed_address_is_removed(browser: Browser, standin: StandIn) -> None:
    path = f"{ONE}/recipients/{RECIPIENT}/address"
    standin.says("DELETE", path, standin.answer("DELETE", path, position="keys:4"))
    done = browser.post(f"{PAGE}/forget", address_of=RECIPIENT, key=KEY)
    assert done.headers["Location"] == f"{PAGE}?said=address-removed"
    assert standin.questions()[-1] == f"DELETE {path}"


def test_the_texts_of_a_pool_are_edited_and_a_fault_is_told_at_its_field(browser: Browser, standin: StandIn) -> None:
    standin.says("PUT", TEMPLATE, standin.answer("PUT", TEMPLATE, position="keys:4"))
    assert value(browser.get(f"{PAGE}/texts"), "subject_en") == "Hi {name}"
    done = browser.post(f"{PAGE}/texts", **TEXTS, version="2", key=KEY)
    assert done.headers["Location"] == f"{PAGE}?said=saved"
    assert standin.sent("PUT", TEMPLATE) == {"en": WRITTEN}
    assert standin.asked[-1].headers["If-Match"] == '"2"'
    standin.refuses("PUT", TEMPLATE, 422, "key-missing", field="texts.en.text")
    page = browser.refused(f"{PAGE}/texts", 422, **TEXTS, version="2", key=KEY)
    assert next(one for one in page.fields if one.get("name") == "text_en")["aria-invalid"] == "true"


def test_who_edits_the_texts_more_slowly_sees_both(browser: Browser, standin: StandIn) -> None:
    standin.refuses("PUT", TEMPLATE, 412, "stale")
    page = browser.refused(f"{PAGE}/texts", 412, **{**TEXTS, "subject_en": "Mine"}, version="1", key=KEY)
    assert value(page, "subject_en") == "Mine"
    assert "What is there now Hi {name} {key} for you" in said(page)
