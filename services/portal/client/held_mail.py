"""What pages read and command of e-mails that are held, and which ones a command would cause (NTF-3)."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from services.portal.client.asking import Asking, Listed, Params, Receipt, Reply
from services.portal.client.people import names
from services.portal.client.rules import Preview

HELD = "/api/notifier/held"
FORECAST = "/api/notifier/forecast"


class HeldOccasion(Reply):
    template: str
    emails: int


class HeldBatch(Reply):
    """What is held of what one command caused. `ordered`: what is being done about it."""

    batch: UUID
    since: datetime
    held_by: UUID | None = None
    emails: int
    occasions: tuple[HeldOccasion, ...]
    offering_id: UUID | None = None
    offering_title: str | None = None
    ordered: str | None = None


class ForecastItem(Reply):
    """One kind of e-mail that would go to `emails` at most. `off`: by whom it is; `days`, `on`: of a reminder."""

    occasion: str
    to: str
    emails: int
    off: str | None = None
    fewer: bool = False
    days: tuple[int, ...] = ()
    on: tuple[date, ...] = ()


def held_batches(ask: Asking, cursor: str) -> Listed[HeldBatch]:
    """The newest first."""
    return ask.listed(HeldBatch, HELD, {"cursor": cursor})


def held_batch(ask: Asking, id: UUID) -> HeldBatch:
    return ask.one(HeldBatch, f"{HELD}/{id}")


def holders(ask: Asking, found: Sequence[HeldBatch]) -> dict[str, str]:
    """Who asked that they are held, by name."""
    return names(ask, {str(one.held_by) for one in found if one.held_by})


def order(ask: Asking, id: UUID, action: str, key: str) -> Receipt:
    """`action`: release or drop."""
    return ask.send("POST", f"{HELD}/{id}/{action}", None, key)


def forecast(ask: Asking, preview: Preview) -> list[ForecastItem]:
    """Which e-mails confirming it would cause."""
    asked: Params = {
        "offering_id": str(preview.offering_id) if preview.offering_id else None,
        "assigned": preview.enrolled,
        "withdrawn": preview.withdrawn,
        "held": preview.held_by_exceptions,
        "moved": preview.dates_moved,
        "access_until": f"{preview.access_until}" if preview.access_until else None,
    }
    return ask.every(ForecastItem, FORECAST, asked)


def forecast_withdrawing(ask: Asking, learners: int) -> list[ForecastItem]:
    """Which e-mails would go if so many learners were withdrawn, from whatever it is."""
    return ask.every(ForecastItem, FORECAST, {"withdrawn": learners})
