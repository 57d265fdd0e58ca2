"""The company of a demo lives: whoever signs in finds what happened, and a lab or exam is real over HTTP (OPS-1, CAT-1)."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from folders import new_folder
from running import Running, until

from services.cli.demo import ADMINISTRATOR
from services.cli.demo_history.scenario import CHAPTERS
from services.suite.demo_exams import EXAMS

PEOPLE = 300
PASSWORD = ADMINISTRATOR.password
CARDS = [
    "Learner",
    "New starter",
    "Team leader",
    "Enrollment manager",
    "Operations manager",
    "Learning manager",
    "Auditor",
    "Site administrator",
]


class Somebody:
    """Who signed in with a card of the first page, and asks as a program does."""

    def __init__(self, url: str, user: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60.0)
        answer = self.http.post("/api/directory/token", data={"username": user, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def mine(self) -> dict[str, Any]:
        """Own enrollments by title."""
        found = self.get("/api/enrollment/enrollments", person_id=self.get("/api/directory/me")["id"], limit=100)
        return {one["offering_title"]: one for one in found["items"]}

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


class Cards(HTMLParser):
    """The user names of the cards, by what stands on them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._user, self._inside = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if told.get("name") == "user_name" and told.get("type") == "hidden":
            self._user = told["value"] or ""
        self._inside = tag == "strong"

    def handle_data(self, data: str) -> None:
        if self._inside and self._user and data.strip():
            self.found[data.strip()] = self._user


@pytest.fixture(scope="module")
def suite() -> Iterator[Running]:
    """No answer waits for a job, as on a machine that is busy with something else."""
    told = {"ROLLBOOK_WAIT_LIMIT": "0.05"}
    with new_folder("rollbook-demo-") as data, Running(data, size=PEOPLE, history=True, **told) as running:
        running.sign_in(ADMINISTRATOR.user_name, PASSWORD)
        running.wait_until_filled()
        yield running


@pytest.fixture(scope="module")
def cards(suite: Running) -> dict[str, str]:
    return Cards(suite.http.get("/sign-in").text).found


@pytest.fixture
def sign_in(suite: Running, cards: dict[str, str]) -> Any:
    return lambda card: Somebody(suite.url, cards[card])


def settled(suite: Running) -> dict[str, int]:
    """E-mails by state, once none is on its way."""

    def counts() -> Any:
        found: dict[str, int] = suite.get("/api/notifier/counts")
        return found if found["sent"] and not found["waiting"] + found["sending"] else None

    return dict(until(counts, 120.0))


@pytest.mark.feature("OPS-1")
def test_the_first_page_has_a_card_for_each_kind_of_work_and_nothing_is_left_to_fill(
    suite: Running, cards: dict[str, str]
) -> None:
    assert list(cards) == CARDS
    assert suite.get("/api/demo/progress") == {"done": len(CHAPTERS), "total": len(CHAPTERS)}
    assert "being filled in" not in suite.http.get("/sign-in").text
    with httpx.Client(base_url=suite.url, headers={"Origin": suite.url}, timeout=60.0) as browser:
        for user in cards.values():
            answer = browser.post("/sign-in", data={"user_name": user, "password": PASSWORD})
            assert (answer.status_code, answer.headers["Location"] in ("/", "/admin")) == (303, True)
            browser.cookies.clear()


@pytest.mark.feature("OPS-1", "ENR-1")
def test_the_learner_has_something_of_everything(sign_in: Any) -> None:
    learner = sign_in("Learner")
    mine = {title: (one["status"], one["next_action"]) for title, one in learner.mine().items()}
    assert mine["Safe workplace"] == ("in-progress", "continue-training")
    assert mine["Ward nurse"] == ("pending-approval", None)
    assert mine["First aid"] == ("in-progress", "take-exam")
    assert mine["Defensive driving"] == ("awaiting-payment", "purchase")
    assert mine["Hand hygiene"][0] == "completed"
    safety = learner.mine()["Safe workplace"]
    assert (safety["steps"], safety["next_step"]) == ([1, 2], 3)
    assert safety["due_on"] < datetime.now(UTC).date().isoformat()


@pytest.mark.feature("OPS-1", "TRG-1", "GRP-3")
def test_the_new_starter_has_what_the_trigger_gave_and_two_groups_to_choose_from(sign_in: Any) -> None:
    starter = sign_in("New starter")
    assert {title: one["status"] for title, one in starter.mine().items()} == {"Fire safety at work": "not-started"}
    aid = next(one for one in starter.get("/api/enrollment/offerings", q="First aid")["items"])
    groups = starter.get(f"/api/enrollment/offerings/{aid['id']}/groups")
    assert sorted(group["name"] for group in groups) == ["Evening", "Morning"]


@pytest.mark.feature("OPS-1", "APR-1", "APR-3", "APR-7")
def test_the_team_leader_has_seven_requests_to_decide_and_has_decided_five(sign_in: Any) -> None:
    leader = sign_in("Team leader")
    waiting = leader.get("/api/approvals/queue", limit=100)["items"]
    assert Counter(one["kind"] for one in waiting) == {"access": 4, "completion": 2, "later-due-date": 1}
    assert leader.get("/api/approvals/counts") == {"waiting": 7}
    decided = leader.get("/api/approvals/queue", state="decided", limit=100)["items"]
    assert Counter(one["status"] for one in decided) == {"approved": 3, "denied": 2}


@pytest.mark.feature("OPS-1", "SEC-2")
def test_the_managers_see_what_is_theirs(sign_in: Any) -> None:
    manager = sign_in("Enrollment manager")
    open_cases = manager.get("/api/enrollment/exceptions", state="open", limit=100)["items"]
    assert 1 <= len(open_cases) <= 4
    rules = manager.get("/api/enrollment/assignments", limit=100)["items"]
    assert {"organisation", "individual"} <= {one["type"] for one in rules}
    pools = {one["name"]: one["keys"] for one in sign_in("Operations manager").get("/api/keys/pools")["items"]}
    autumn = pools["First aid, autumn"]
    assert (autumn["free"], autumn["sent"], autumn["redeemed"]) == (37, 1, 2)
    catalog = sign_in("Learning manager").get("/api/catalog/offerings", limit=100)["items"]
    assert {"CERT-LEAD", "WARD-READY", "WINTER-DRIVER"} <= {one["code"] for one in catalog}
    rows = sign_in("Auditor").get("/api/reporting/membership/count")["total"]
    assert rows > PEOPLE / 2


@pytest.mark.feature("OPS-1", "ASG-20", "ASG-21", "DUE-4", "NTF-4", "ENR-2")
def test_the_site_administrator_has_exceptions_a_held_change_and_e_mails_that_arrived_nowhere(suite: Running) -> None:
    cases = suite.every("/api/enrollment/exceptions")
    kinds = Counter(kind for one in cases if one["state"] == "open" for kind in one["kinds"])
    assert kinds == {"time-allowance": 2, "already-assigned": 1, "completion-time-unknown": 1}
    assert Counter(one["state"] for one in cases if one["state"] != "open") == {"assigned": 6, "realistic-date": 1}
    (held,) = suite.every("/api/enrollment/held-changes")
    assert (held["enrolled"], held["withdrawn"]) == (round(318 * PEOPLE / 5_000), 0)
    listed = suite.every("/api/enrollment/enrollments")
    assert Counter(one["status"] for one in listed)["awaiting-payment"] == 5
    hygiene = Counter(one["status"] for one in listed if one["offering_title"] == "Hand hygiene")
    assert (hygiene["in-progress"], hygiene["withdrawn"] > 50) == (1, True)
    mails = settled(suite)
    assert mails["sent"] > 100
    (batch,) = suite.every("/api/notifier/held")
    assert (batch["emails"], batch["offering_title"]) == (mails["held"], "Patient transport driver")
    assert mails["held"] > 0
    assert mails["failed"] >= 1
    assert mails["unknown"] >= 2
    contacts = [
        suite.get(f"/api/directory/units/{unit['id']}/profile")["set"]["contact"]
        for unit in suite.every("/api/directory/units", kind="organisation")
        if re.fullmatch(r"L-\d", unit["external_id"])
    ]
    assert len({contact["email"] for contact in contacts}) == 6


@pytest.mark.feature("OPS-1", "RPT-3")
def test_a_saved_report_is_shared_with_those_who_manage_enrollments(suite: Running, sign_in: Any) -> None:
    mine = {one["name"]: one for one in suite.every("/api/reporting/saved-reports")}
    assert set(mine) == {"Overdue", "Certified on Safe workplace"}
    (shared,) = sign_in("Enrollment manager").get("/api/reporting/saved-reports")["items"]
    assert shared["name"] == "Overdue"
    assert suite.post("/api/reporting/completion/count", {"overdue": shared["question"]["overdue"]})["total"] > 0


@pytest.mark.feature("CAT-1", "ENR-4", "SEC-5")
def test_an_exam_is_taken_on_the_learning_systems_page_and_the_training_is_completed(sign_in: Any) -> None:
    learner = sign_in("Learner")
    aid = learner.mine()["First aid"]
    launched = learner.post(f"/api/enrollment/enrollments/{aid['id']}/steps/3/launch")["result"]["address"]
    assert (
        learner.http.post(f"/api/enrollment/enrollments/{aid['id']}/steps/3/attempts", json={"score": 100}).status_code
        == 403
    )
    with httpx.Client(timeout=60.0) as browser:
        page = browser.get(launched)
        assert (page.status_code, "First aid exam" in page.text, "<script" in page.text) == (200, True, False)
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert browser.get(launched.replace("step=3", "step=2")).status_code == 404
        (key,) = re.findall(r'name="key" value="([^"]+)"', page.text)
        right = {f"q{n}": question.answers[0] for n, question in enumerate(EXAMS["first-aid-exam"])}
        failed = browser.post(launched, data={**right, "q0": "", "q1": "", "key": "another"})
        assert "Not passed" in failed.text
        assert learner.mine()["First aid"]["status"] == "in-progress"
        for _ in range(2):  # the button is pressed twice
            passed = browser.post(launched, data={**right, "key": key})
            assert (passed.status_code, "100 %" in passed.text) == (200, True)
        assert f'href="/offerings/{aid["offering_id"]}"' in passed.text
    assert learner.mine()["First aid"]["status"] == "completed"
    exam = learner.get(f"/api/enrollment/enrollments/{aid['id']}/steps")[2]
    assert [attempt["score"] for attempt in exam["attempts"]] == [100, 60]


@pytest.mark.feature("OPS-1")
def test_a_second_start_does_nothing_to_the_history(suite: Running) -> None:
    before = suite.get("/api/reporting/membership/count")
    assert suite.stop() == 0
    suite.start()
    suite.sign_in(ADMINISTRATOR.user_name, PASSWORD)
    assert suite.get("/api/reporting/membership/count") == before
    assert not any("being filled in" in line for line in suite.said)
