"""The values of placeholders, as an e-mail's particulars give them."""

from datetime import date
from uuid import UUID

from services.notifier.domain import unbroken
from services.notifier.mailer.about import EmailData
from services.notifier.own_texts import SAMPLE_NUMBERS, SAMPLES, Value
from shared.page_addresses import Pages

_KINDS = {"de": {"course": "Kurs", "certification": "Zertifizierung", "qualification": "Qualifikation"}}
_COUNTS = {
    "learners": "learners",
    "too_little_time": "time-allowance",
    "already_enrolled": "already-assigned",
    "date_unknown": "completion-time-unknown",
}
"""Of a notice of exceptions: the placeholder of each number."""


def values_of(about: EmailData, language: str, pages: Pages) -> dict[str, Value]:
    """By the names of placeholders."""
    counts = about.counts or {}
    values: dict[str, Value] = {
        "title": unbroken(about.title),
        "kind": _KINDS.get(language, {}).get(about.kind, about.kind),
        "due": due(language, about.due_on, about.due_time),
        "learner": unbroken(about.learner or ""),
        "badge": unbroken(about.badge or ""),
        "job_role": unbroken(about.job_role or ""),
        "pool": unbroken(about.pool or ""),
        "expires": about.expires or "",
        "request_kind": about.request_kind or "",
        "many": about.many or 0,
        **{name: counts.get(kind, 0) for name, kind in _COUNTS.items()},
    }
    if about.sample:
        values |= {**SAMPLES.get(language, SAMPLES["en"]), **SAMPLE_NUMBERS}
    serial = about.serial or ("SAMPLE" if about.sample else None)
    return {
        **values,
        "name": unbroken(f"{about.first_name} {about.last_name}"),
        "certificate": pages.certificate(serial) if serial else "",
        "link": about.link or _link(about, pages),
    }


def _link(about: EmailData, pages: Pages) -> str:
    """The page of what it is about."""
    offering = about.offering_id or UUID(int=0)
    match about.template.removesuffix("-copy"):
        case "job-role-assigned":
            return pages.qualifications
        case "approvals-digest":
            return pages.approvals
        case "approval-needed" | "approval-escalated":
            return pages.approval(about.request_id or UUID(int=0))
        case "request-approved" | "request-denied":
            return pages.requests
        case "exceptions":
            return pages.exceptions(offering)
        case _:
            return pages.offering(offering)


def due(language: str, day: date | None, time: str | None) -> str:
    """A day, and when on that day if that is said, as the language writes them."""
    if day is None:
        return ""
    if language == "de":
        return f"{day:%d.%m.%Y}" + (f" um {time} Uhr" if time else "")
    return f"{day.day} {day:%B %Y}" + (f" at {time}" if time else "")
