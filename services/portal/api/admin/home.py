"""Where whoever holds a permission role begins: what needs them, what runs, where to go (ADM-4)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from fastapi import APIRouter, Response

from services.portal.api.visitor import Ask, ShowDep, SignedIn
from services.portal.client import jobs, mail
from services.portal.client.asking import Missing
from services.portal.client.jobs import Counts, Job, Overview
from services.portal.client.mail import MailCounts
from shared.auth import Permission

router = APIRouter(prefix="/admin")

_SHOWN = 3
"""Jobs that are listed here."""


@dataclass(frozen=True)
class HomeView:
    """None: not for whoever looks; Missing: not known now."""

    template: ClassVar[str] = "admin/home.html"
    counts: Counts | Missing | None
    mails: MailCounts | Missing | None
    running: list[Job] | Missing
    now: datetime


@dataclass(frozen=True)
class NumbersView:
    template: ClassVar[str] = "admin/numbers.html"
    numbers: Overview


@router.get("/numbers")
def numbers(ask: Ask, show: ShowDep) -> Response:
    """Counted over everybody, so the start page does not wait for it: the script asks for it then."""
    return show(NumbersView(jobs.overview(ask)))


@router.get("")
def home(ask: Ask, session: SignedIn, show: ShowDep) -> Response:
    reads = Permission.READ_ASSIGNMENTS in session.permissions
    counts = ask.part(lambda: jobs.counts(ask)) if reads else None
    running = ask.part(lambda: jobs.jobs(ask, state="open", limit=_SHOWN).items) if reads else None
    mails = ask.part(lambda: mail.counts(ask)) if Permission.READ_MAIL in session.permissions else None
    return show(
        HomeView(
            counts.result() if counts else None,
            mails.result() if mails else None,
            running.result() if running else [],
            datetime.now(UTC),
        )
    )
