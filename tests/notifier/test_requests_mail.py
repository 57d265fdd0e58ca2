"""Approvers are told of what waits for them, learners of what was decided (NTF-1, NTF-5, APR-1, APR-2, APR-5)."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from notifier.fake_smtp import FakeSmtpServer
from notifier.harness import Harness, doubled

from shared.contracts import approvals


class Request:
    """A request of Ada's for a course, as approvals tells of it; Max and Rita may decide."""

    def __init__(self, harness: Harness, kind: str = "access", language: str | None = None) -> None:
        self.harness, self.id, self.kind = harness, uuid4(), kind
        self.course = harness.course("Fire safety")
        self.ada = harness.person("ada@example.org", language=language)
        self.max, self.rita = harness.person("max@example.org"), harness.person("rita@example.org", language=language)
        self.tell(approvals.AccessRequested, stages=(), reason=None, plain=True)
        self.tell(approvals.StageOpened, stage=1, approvers=(self.max, self.rita), nobody_found=False)

    def tell(self, event: type[Any], *, plain: bool = False, **fields: Any) -> None:
        about = {"person_id": self.ada, "offering_id": self.course} | ({} if plain else {"kind": self.kind})
        self.harness.tell("approvals", (event, self.id, {**about, **fields}))
        self.harness.settle()

    def denied(self) -> None:
        decided = {"stage": 1, "approver_id": self.max, "for_id": None, "reason": None}
        self.tell(approvals.RequestDenied, **decided, enrollment_id=None, term=None)

    def rows(self) -> set[tuple[str, str, str]]:
        return {(row["template"], row["person_id"], row["state"]) for row in self.harness.rows()}


def sent(server: FakeSmtpServer) -> dict[str, str]:
    """Subject by recipient."""
    return {str(letter["To"]).partition("<")[2].rstrip(">"): str(letter["Subject"]) for letter in server.letters}


@pytest.mark.feature("NTF-1", "APR-1")
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("access", 'Ada Lovelace asks for access to the course "Fire safety".'),
        ("later-due-date", 'Ada Lovelace asks for a later due date for the course "Fire safety".'),
        ("completion", 'Ada Lovelace has completed the course "Fire safety", and somebody has to review'),
    ],
)
def test_every_approver_is_told_once_what_waits(harness: Harness, kind: str, said: str) -> None:
    request = Request(harness, kind)
    with FakeSmtpServer() as server:
        harness.send(server)
        harness.send(server)
    subject = "Ada Lovelace is waiting for your decision: Fire safety"
    assert sent(server) == {"max@example.org": subject, "rita@example.org": subject}
    assert doubled([str(letter["Message-ID"]) for letter in server.letters]) == set()
    for letter in server.letters:
        plain, html = (part.get_content() for part in letter.iter_parts())  # type: ignore[attr-defined]
        assert said in plain
        page = f"{harness.settings.base_url}/approvals/{request.id}"
        assert f": {page}\n" in plain.replace("\r", "")
        assert f'href="{page}"' in html
    assert {row["request_id"] for row in harness.rows()} == {str(request.id)}


@pytest.mark.feature("NTF-5", "APR-3")
@pytest.mark.parametrize("event", [approvals.RequestWithdrawn, approvals.RequestClosed])
def test_nobody_is_told_of_what_need_not_be_decided_any_more(harness: Harness, event: type[Any]) -> None:
    request = Request(harness)
    request.tell(event, **({"why": "hidden"} if event is approvals.RequestClosed else {}))
    with FakeSmtpServer() as server:
        harness.send(server)
    assert server.letters == []
    assert {state for _, _, state in request.rows()} == {"withdrawn"}


@pytest.mark.feature("NTF-5", "APR-4")
def test_who_was_to_decide_in_a_stage_that_is_passed_is_not_told(harness: Harness) -> None:
    request = Request(harness)
    tess = harness.person("tess@example.org")
    request.tell(approvals.StageOpened, stage=2, approvers=(tess,), nobody_found=False)
    with FakeSmtpServer() as server:
        harness.send(server)
    assert list(sent(server)) == ["tess@example.org"]


@pytest.mark.feature("NTF-1", "APR-2")
def test_the_learner_is_told_of_a_denial_and_not_in_the_approvers_words(harness: Harness) -> None:
    request = Request(harness, language="de")
    with FakeSmtpServer() as server:
        harness.send(server)
        request.denied()
        harness.send(server)
    assert sent(server)["rita@example.org"] == "Ada Lovelace wartet auf Ihre Entscheidung: Fire safety"
    assert sent(server)["ada@example.org"] == "Ihre Anfrage wurde abgelehnt: Fire safety"
    assert ("request-denied", str(request.ada), "sent") in request.rows()
    denial = next(one for one in server.letters if "abgelehnt" in one["Subject"])
    for part in denial.iter_parts():  # type: ignore[attr-defined]
        assert f"{harness.settings.base_url}/requests" in part.get_content()
        assert str(request.id) not in part.get_content()


@pytest.mark.feature("NTF-1", "DUE-9")
def test_the_learner_is_told_of_the_later_date(harness: Harness) -> None:
    request = Request(harness, "later-due-date")
    told: dict[str, Any] = {"enrollment_id": uuid4(), "due_on": "2027-03-01", "term": None, "reason": None}
    request.tell(approvals.RequestApproved, **told)
    with FakeSmtpServer() as server:
        harness.send(server)
    assert sent(server) == {"ada@example.org": "Your due date has been moved: Fire safety"}
    assert "is now due on 1 March 2027." in server.letters[0].get_body(("plain",)).get_content()  # type: ignore[attr-defined]


@pytest.mark.feature("NTF-1", "APR-5")
def test_site_administrators_are_told_that_nobody_decided(harness: Harness) -> None:
    request = Request(harness)
    sina = harness.person("sina@example.org")
    request.tell(approvals.RequestEscalated, stage=1, approvers=(sina,))
    with FakeSmtpServer() as server:
        harness.send(server)
    assert sent(server)["sina@example.org"] == "Nobody has decided yet: Fire safety"
    assert len(server.letters) == 3


@pytest.mark.feature("APR-2", "NTF-1")
def test_access_that_is_approved_is_told_of_by_the_assignment_alone(harness: Harness) -> None:
    request = Request(harness)
    told: dict[str, UUID | None] = dict.fromkeys(("enrollment_id", "due_on", "term", "reason"))
    request.tell(approvals.RequestApproved, **told)
    harness.assign(request.course, request.ada)
    with FakeSmtpServer() as server:
        harness.send(server)
    assert list(sent(server)) == ["ada@example.org"]
    assert {(template, state) for template, _, state in request.rows()} == {
        ("approval-needed", "withdrawn"),
        ("assigned", "sent"),
    }
