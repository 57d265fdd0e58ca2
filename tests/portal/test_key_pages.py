"""The keys of a pool: every one of them, adding, revoking, reopening, exporting, finding (KEY-3, KEY-5, KEY-12)."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from portal.conftest import Browser
from portal.standin import PERSON, StandIn
from portal.test_pool_pages import KEY, ONE, POOL, pool, said, value

TRAINING = "44444444-4444-4444-8444-444444444444"
JOB = "55555555-5555-4555-8555-555555555555"
KEYS, THE_KEY, THE_JOB = f"{ONE}/keys", f"/api/keys/keys/{TRAINING}", f"/api/keys/jobs/{JOB}"
PAGE = f"/admin/keys/{POOL}/keys"
SECRET = "WARD-2026-ABCD-EFGH"
REDEEMED: dict[str, Any] = {
    "id": TRAINING,
    "pool_id": POOL,
    "fingerprint": "0123456789abcdef",
    "state": "redeemed",
    "generated": True,
    "added_at": "2026-10-01T08:00:00Z",
    "sent_at": "2026-10-02T08:00:00Z",
    "sent_to_email": "bo@example.org",
    "person_id": str(PERSON),
    "person_name": "Ada Lind",
    "assignment_id": TRAINING,
    "redeemed_at": "2026-10-03T08:00:00Z",
}


def key(standin: StandIn, **changed: Any) -> None:
    told = standin.answer("GET", THE_KEY, **{**REDEEMED, **changed})
    standin.says("GET", THE_KEY, told)
    standin.says("POST", "/api/keys/keys/find", told)
    standin.says("GET", KEYS, {"items": [told], "next": "abc"})


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    pool(standin)
    key(standin)
    browser.sign_in("operations-manager")


@pytest.mark.feature("KEY-4", "KEY-5")
def test_every_key_tells_when_it_was_created_to_whom_it_was_sent_and_who_redeemed_it(
    browser: Browser, standin: StandIn
) -> None:
    page = browser.get(f"{PAGE}?state=redeemed")
    for word in ("01234567", "Redeemed", "bo@example.org", "Ada Lind"):
        assert word in said(page)
    assert len(standin.questions()) == 2
    following = next(one for one in page.links if "cursor=abc" in one)
    assert "state=redeemed" in following
    browser.get(following)
    asked = [dict(one.url.params) for one in standin.asked if one.url.path == KEYS]
    assert asked == [{"state": "redeemed"}, {"state": "redeemed", "cursor": "abc"}]


def test_a_pool_without_keys_leads_to_adding_some_but_not_an_auditor(browser: Browser, standin: StandIn) -> None:
    pool(standin, keys={"free": 0, "sent": 0, "reserved": 0, "redeemed": 0, "revoked": 0})
    standin.says("GET", KEYS, {"items": [], "next": None})
    page = browser.get(PAGE)
    assert "No key yet Add, paste or generate keys." in said(page)
    assert f"/admin/keys/{POOL}/add" in page.links
    browser.sign_in("auditor")
    assert f"/admin/keys/{POOL}/add" not in browser.get(PAGE).links


@pytest.mark.feature("KEY-3", "KEY-10")
def test_one_key_is_added_or_refused_at_its_field_and_is_in_no_address(browser: Browser, standin: StandIn) -> None:
    standin.says("POST", KEYS, standin.answer("POST", KEYS, position="keys:4", result={"added": 1}), 201)
    done = browser.post(f"/admin/keys/{POOL}/add/one", text=SECRET, key=KEY)
    assert (done.status_code, done.headers["Location"]) == (303, f"{PAGE}?said=key-added")
    assert standin.sent("POST", KEYS) == {"key": SECRET}
    standin.refuses("POST", KEYS, 409, "duplicate", field="key")
    page = browser.refused(f"/admin/keys/{POOL}/add/one", 409, text=SECRET, key=KEY)
    assert (value(page, "text"), "This key exists already" in said(page)) == (SECRET, True)
    assert all(SECRET not in str(one.url) for one in standin.asked)


@pytest.mark.feature("KEY-3")
def test_of_many_each_line_is_told_and_what_failed_stays_in_the_field(browser: Browser, standin: StandIn) -> None:
    outcomes = ["added", "duplicate", "empty", "too-short"]
    lines = [{"line": number, "outcome": one} for number, one in enumerate(outcomes, 1)]
    result = {"added": 1, "lines": lines}
    standin.says("POST", KEYS, standin.answer("POST", KEYS, position="keys:4", result=result), 201)
    pasted = f"{SECRET}\r\nTWICE-2026-ABCD\r\n\r\n<b>\r\n\r\n"
    page = browser.refused(f"/admin/keys/{POOL}/add/many", 200, lines=pasted, key=KEY)
    assert standin.sent("POST", KEYS) == {"lines": [SECRET, "TWICE-2026-ABCD", "", "<b>"]}
    assert "3 lines were not added" in said(page)
    for row in ("2 TWICE-2026-ABCD exists already", "3 empty", "4 <b> too short", "1 key was added."):
        assert row in said(page)
    assert "TWICE-2026-ABCD\n<b>" in browser.post(f"/admin/keys/{POOL}/add/many", lines=pasted, key=KEY).text.replace(
        "&lt;", "<"
    ).replace("&gt;", ">")
    everything = {"added": 1, "lines": [{"line": 1, "outcome": "added"}]}
    standin.says("POST", KEYS, standin.answer("POST", KEYS, position="keys:4", result=everything), 201)
    assert browser.post(f"/admin/keys/{POOL}/add/many", lines=SECRET, key=KEY).status_code == 303


@pytest.mark.feature("KEY-3", "ADM-5")
def test_generating_is_a_job_whose_page_says_how_far_it_is(browser: Browser, standin: StandIn) -> None:
    receipt = standin.answer("POST", KEYS, position="keys:4", result={"job_id": JOB})
    standin.says("POST", KEYS, receipt, 202)
    done = browser.post(f"/admin/keys/{POOL}/add/generated", many="5000", key=KEY)
    assert (done.status_code, done.headers["Location"]) == (303, f"/admin/keys/{POOL}/jobs/{JOB}")
    assert standin.sent("POST", KEYS) == {"generate": "5000"}
    told = {"id": JOB, "kind": "generate-keys", "state": "running", "done": 1000, "total": 5000}
    standin.says("GET", THE_JOB, standin.answer("GET", THE_JOB, **told))
    page = browser.get(f"/admin/keys/{POOL}/jobs/{JOB}")
    assert "1,000 of 5,000 keys" in said(page)
    assert f"/admin/keys/{POOL}/jobs/{JOB}" in page.links, "look again"
    standin.says("GET", THE_JOB, standin.answer("GET", THE_JOB, **{**told, "state": "finished", "done": 5000}))
    page = browser.get(f"/admin/keys/{POOL}/jobs/{JOB}")
    assert "5000 keys were generated." in said(page)
    assert f"/admin/keys/{POOL}/exports" in page.links
    failed = {**told, "state": "failed", "error": "Out of numbers."}
    standin.says("GET", THE_JOB, standin.answer("GET", THE_JOB, **failed))
    assert "Out of numbers." in said(browser.get(f"/admin/keys/{POOL}/jobs/{JOB}"))
    standin.refuses("POST", KEYS, 422, "invalid", field="generate")
    page = browser.refused(f"/admin/keys/{POOL}/add/generated", 422, many="-1", key=KEY)
    assert "Enter how many keys, 1 or more." in said(page)


@pytest.mark.feature("KEY-12")
def test_revoking_a_redeemed_key_asks_about_its_assignment(browser: Browser, standin: StandIn) -> None:
    revoke = f"{THE_KEY}/revoke"
    standin.says("POST", revoke, standin.answer("POST", revoke, position="keys:4"))
    page = browser.get(f"{PAGE}/{TRAINING}")
    assert "Does its assignment end, too?" in said(page)
    done = browser.post(f"{PAGE}/{TRAINING}/revoke", reason="Left", ends="yes", override="true", key=KEY)
    assert done.status_code == 303
    assert standin.sent("POST", revoke) == {"reason": "Left", "end_assignment": True, "override": True}
    browser.post(f"{PAGE}/{TRAINING}/revoke", ends="no", override="true", key=KEY)
    assert standin.sent("POST", revoke) == {"reason": None, "end_assignment": False, "override": False}
    standin.refuses("POST", revoke, 422, "end-assignment-missing", field="end_assignment")
    page = browser.refused(f"{PAGE}/{TRAINING}/revoke", 422, reason="Left", key=KEY)
    assert (value(page, "reason"), "Say whether its assignment ends" in said(page)) == ("Left", True)


@pytest.mark.feature("KEY-12")
def test_of_an_unused_key_nothing_is_asked_and_nobody_revokes_one_that_is_being_redeemed(
    browser: Browser, standin: StandIn
) -> None:
    unused = {"person_id": None, "person_name": None, "assignment_id": None, "redeemed_at": None}
    key(standin, state="free", **unused)
    page = browser.get(f"{PAGE}/{TRAINING}")
    assert "Revoke" in said(page)
    assert "Does its assignment end" not in said(page)
    key(standin, state="reserved", assignment_id=None, redeemed_at=None)
    page = browser.get(f"{PAGE}/{TRAINING}")
    assert (page.fields, "It can be revoked when that is decided." in said(page)) == ([], True)
    browser.sign_in("auditor")
    assert "It can be revoked" not in said(browser.get(f"{PAGE}/{TRAINING}"))


@pytest.mark.feature("KEY-12")
def test_a_revoked_key_is_reopened_with_a_reason(browser: Browser, standin: StandIn) -> None:
    reopen = f"{THE_KEY}/reopen"
    key(standin, state="revoked", revoked_at="2026-10-04T08:00:00Z")
    standin.says("POST", reopen, standin.answer("POST", reopen, position="keys:4"))
    field = next(one for one in browser.get(f"{PAGE}/{TRAINING}").fields if one.get("name") == "reason")
    assert "required" in field
    done = browser.post(f"{PAGE}/{TRAINING}/reopen", reason="By mistake", key=KEY)
    assert (done.status_code, standin.sent("POST", reopen)) == (303, {"reason": "By mistake"})
    standin.refuses("POST", reopen, 422, "invalid", field="reason")
    assert "Say why." in said(browser.refused(f"{PAGE}/{TRAINING}/reopen", 422, key=KEY))


EXPORTS = f"{ONE}/exports"


@pytest.mark.feature("KEY-5")
def test_exports_are_listed_and_a_file_is_passed_on_as_it_comes(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", EXPORTS, {"items": [], "next": None})
    assert "Never exported" in said(browser.get(f"/admin/keys/{POOL}/exports"))
    made = standin.item("GET", EXPORTS, keys=23, actor_name="Oda Kern", state="free", format="xlsx")
    standin.says("GET", EXPORTS, {"items": [made], "next": None})
    page = browser.get(f"/admin/keys/{POOL}/exports")
    for word in ("Oda Kern", "23", "Free", "xlsx"):
        assert word in said(page)
    parts: list[bytes] = [b"key\r\n", SECRET.encode(), b"\r\n"]
    told = {"Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="keys-1.csv"'}

    class Passing(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield from parts

    standin.says("POST", EXPORTS, lambda _: httpx.Response(200, headers=told, stream=Passing()))
    file = browser.post(f"/admin/keys/{POOL}/exports", format="csv", state="free")
    assert (file.status_code, file.content) == (200, b"".join(parts))
    assert file.headers["Content-Disposition"] == told["Content-Disposition"]
    assert file.headers["Cache-Control"] == "no-store"
    assert standin.sent("POST", EXPORTS) == {"format": "csv", "state": "free"}
    assert "Authorization" in standin.asked[-1].headers


@pytest.mark.feature("KEY-5")
def test_an_export_that_is_refused_is_told_on_its_page(browser: Browser, standin: StandIn) -> None:
    standin.says("GET", EXPORTS, {"items": [], "next": None})
    standin.refuses("POST", EXPORTS, 503, "unavailable", detail="Too many downloads are running.")
    page = browser.refused(f"/admin/keys/{POOL}/exports", 503, format="xlsx", state="")
    assert "Too many downloads are running." in said(page)
    browser.sign_in("auditor")
    assert not browser.get(f"/admin/keys/{POOL}/exports").fields


@pytest.mark.feature("KEY-5", "KEY-10")
def test_a_key_is_found_by_what_is_written_on_it_which_is_in_no_address(browser: Browser, standin: StandIn) -> None:
    found = browser.post("/admin/keys/find", text=SECRET)
    assert (found.status_code, found.headers["Location"]) == (303, f"{PAGE}/{TRAINING}")
    assert standin.sent("POST", "/api/keys/keys/find") == {"key": SECRET}
    standin.refuses("POST", "/api/keys/keys/find", 404, "wrong", field="key")
    page = browser.refused("/admin/keys/find", 404, text=SECRET)
    assert "No key like this in your organisations." in said(page)
    assert value(page, "text") == SECRET
    assert all(SECRET not in str(one.url) for one in standin.asked)
