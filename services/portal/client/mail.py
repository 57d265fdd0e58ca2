"""What pages read and command of the ledger of e-mails: why each was sent, to whom, and what became of it (NTF-4)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.portal.client.asking import Asking, Listed, Params, Receipt, Reply
from services.portal.client.people import names

LEDGER = "/api/notifier/ledger"
MESSAGES = "/api/notifier/messages"


class MailCounts(Reply):
    """How many e-mails are in each state."""

    waiting: int = 0
    held: int = 0
    sending: int = 0
    sent: int = 0
    failed: int = 0
    withdrawn: int = 0
    unknown: int = 0


class MailReason(Reply):
    """One reason for an e-mail, with what became of the e-mail."""

    number: int
    message_id: UUID
    template: str
    person_id: UUID
    offering_id: UUID | None = None
    offering_title: str | None = None
    enrollment_id: UUID | None = None
    batch: UUID
    caused_at: datetime
    recorded_at: datetime
    state: str
    reason: str | None = None
    waiting_for: str | None = None
    next_attempt_at: datetime | None = None
    attempts: int
    answer_code: int | None = None
    answer: str | None = None
    sent_at: datetime | None = None


class MailDecision(Reply):
    """What a person said about an e-mail."""

    action: str
    actor: UUID
    decided_at: datetime


class Mail(Reply):
    """One e-mail, the reasons it answers for, and what people decided about it."""

    id: UUID
    state: str
    revision: int
    rows: tuple[MailReason, ...]
    decisions: tuple[MailDecision, ...]


def counts(ask: Asking) -> MailCounts:
    return ask.one(MailCounts, "/api/notifier/counts")


def ledger(ask: Asking, asked: Params) -> Listed[MailReason]:
    """The newest first."""
    return ask.listed(MailReason, LEDGER, asked)


def mail(ask: Asking, id: UUID) -> Mail:
    return ask.one(Mail, f"{MESSAGES}/{id}")


def recipients(ask: Asking, rows: Sequence[MailReason]) -> dict[str, str]:
    """Who gets them, by name."""
    return names(ask, {str(one.person_id) for one in rows})


def people_of(ask: Asking, found: Mail) -> dict[str, str]:
    """Who gets it and who decided about it, by name."""
    return names(ask, {*(str(one.person_id) for one in found.rows), *(str(one.actor) for one in found.decisions)})


def decide(ask: Asking, id: UUID, action: str, revision: int, key: str) -> Receipt:
    """`action`: resend, retry, sent or failed; on the revision that was looked at."""
    if action in ("sent", "failed"):
        return ask.send("POST", f"{MESSAGES}/{id}/settle", {"outcome": action}, key, version=revision)
    return ask.send("POST", f"{MESSAGES}/{id}/{action}", None, key, version=revision)


def mails_of_enrollment(ask: Asking, id: UUID) -> list[MailReason]:
    """Newest first, the last 20."""
    return ask.listed(MailReason, LEDGER, {"enrollment_id": str(id), "limit": 20}).items
