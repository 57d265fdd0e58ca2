"""What pages read and command of keys that are sent by e-mail (KEY-11)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Receipt, Reply
from services.portal.client.keys import POOLS


class MailText(Reply):
    """`title` and `contact`: the sender's, for the end of the e-mail."""

    subject: str
    text: str
    title: str = ""
    contact: str = ""


class MailTexts(Reply):
    """By language."""

    en: MailText | None = None
    de: MailText | None = None


class MailTemplate(Reply):
    """The texts that go with the keys of a pool. `version` 0: those that come with Rollbook."""

    version: int
    texts: MailTexts
    placeholders: tuple[str, ...] = ()


class Recipient(Reply):
    """Somebody who was sent a key, what became of the e-mail, and of the key."""

    id: UUID
    mailing_id: UUID
    key_id: UUID
    key_state: str
    person_id: UUID | None = None
    person_name: str | None = None
    email: str | None = None
    sent_at: datetime
    reminded_at: datetime | None = None
    reminders: int = 0
    ended_at: datetime | None = None
    redeemed_at: datetime | None = None
    mail_state: str
    mail_answer_code: int | None = None

    @property
    def waits(self) -> bool:
        """It can be reminded of, and taken back."""
        return self.ended_at is None and self.key_state == "sent"


class RecipientResult(Reply):
    """What becomes of a person, or of a line of addresses; the first one is 1."""

    person_id: UUID | None = None
    line: int | None = None
    outcome: str


class MailingPreview(Reply):
    """What sending would do, and what the first recipient would read in each language."""

    free: int
    needed: int
    results: tuple[RecipientResult, ...]
    texts: dict[str, MailText]


class Mailing(Reply):
    """`results` None: its job has not done it."""

    id: UUID
    at: datetime
    results: tuple[RecipientResult, ...] | None = None


class Sent(Reply):
    """Where the results of a mailing are; those of a large one, when its job is over."""

    mailing_id: UUID
    job_id: UUID | None = None


class _Outcome(Reply):
    outcome: str
    may_be_known: bool = False


class _Changed(Reply):
    recipients: dict[UUID, _Outcome]


class Changed(Reply):
    """How many recipients have each outcome; `known`: of how many somebody may know the key."""

    outcomes: dict[str, int]
    known: int


def mail_template(ask: Asking, pool: UUID) -> MailTemplate:
    return ask.one(MailTemplate, f"{POOLS}/{pool}/mail-template")


def save_template(ask: Asking, pool: UUID, texts: Mapping[str, JsonValue], version: int, key: str) -> Receipt:
    return ask.send("PUT", f"{POOLS}/{pool}/mail-template", texts, key, version=version)


def recipients(ask: Asking, pool: UUID, cursor: str) -> Listed[Recipient]:
    """The newest first."""
    return ask.listed(Recipient, f"{POOLS}/{pool}/mailings", {"cursor": cursor})


def mailing(ask: Asking, pool: UUID, id: UUID) -> Mailing:
    return ask.one(Mailing, f"{POOLS}/{pool}/mailings/{id}")


def preview(ask: Asking, pool: UUID, body: Mapping[str, JsonValue]) -> MailingPreview:
    return ask.post(MailingPreview, f"{POOLS}/{pool}/mailings", {**body, "dry_run": True})


def send(ask: Asking, pool: UUID, body: Mapping[str, JsonValue], key: str) -> Sent:
    return Sent.model_validate(ask.send("POST", f"{POOLS}/{pool}/mailings", body, key).result)


def remind(ask: Asking, pool: UUID, ids: Sequence[str], key: str) -> Changed:
    """Those, or everybody who may be reminded now."""
    body: dict[str, JsonValue] = {"recipients": list(ids) or None}
    return _changed(ask.send("POST", f"{POOLS}/{pool}/mailings/remind", body, key))


def take_back(ask: Asking, pool: UUID, ids: Sequence[str], then: str, key: str) -> Changed:
    body: dict[str, JsonValue] = {"recipients": list(ids), "then": then}
    return _changed(ask.send("POST", f"{POOLS}/{pool}/mailings/take-back", body, key))


def forget_address(ask: Asking, pool: UUID, recipient: UUID, key: str) -> Receipt:
    return ask.send("DELETE", f"{POOLS}/{pool}/recipients/{recipient}/address", None, key)


def _changed(receipt: Receipt) -> Changed:
    found = _Changed.model_validate(receipt.result).recipients.values()
    return Changed(
        outcomes=dict(Counter(one.outcome for one in found)),
        known=sum(one.may_be_known and one.outcome == "free" for one in found),
    )
