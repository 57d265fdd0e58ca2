"""What pages read of e-mails."""

from datetime import datetime

from services.portal.client.asking import Asking, Listed, Reply


class Caught(Reply):
    """An e-mail that the demo's catcher took."""

    id: int
    recipient: str | None = None
    to: str | None = None
    subject: str | None = None
    received_at: datetime


class Letter(Reply):
    headers: list[tuple[str, str]]
    text: str | None = None


def caught(ask: Asking, cursor: str) -> Listed[Caught]:
    return ask.listed(Caught, "/api/notifier/caught", {"cursor": cursor})


def letter(ask: Asking, id: int) -> Letter:
    return ask.one(Letter, f"/api/notifier/caught/{id}")
