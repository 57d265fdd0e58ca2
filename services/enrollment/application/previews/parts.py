"""Previews of a selection: begun at once, counted in parts; each part as a smaller preview would be (ASG-4, ASG-9)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from services.enrollment.application.assignments.commands import open_offering
from services.enrollment.application.assignments.settings import days_of_access
from services.enrollment.application.previews.impact import measure
from services.enrollment.application.previews.people import resolve_some
from services.enrollment.application.previews.requests import SUMMED, AssignPeople, Emails, Preview, Summary
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.projections import facts
from services.enrollment.projections.learning_items import ItemWarning
from shared.auth import Scope
from shared.database import Connection


class CountedPart(NamedTuple):
    """`summary` None: nobody of them can be assigned. `rows`: what would become of whom."""

    summary: Summary | None
    refused: int
    digest: str
    rows: dict[UUID, str]


def begin(conn: Connection, request: AssignPeople, id: UUID) -> Preview:
    """Nobody is counted yet. Raises for what is wrong whoever is in the selection."""
    chosen = [open_offering(conn, one) for one in dict.fromkeys(request.offerings)]
    days_of_access(request.access_days, request.access_until, facts.today(conn))
    if request.required is not None:
        for one in chosen:
            assignment_rules.check_requirement(one)
    (only, *others) = chosen
    return Preview(
        id=id,
        action=request.action,
        digest="",
        created_at=datetime.now(UTC),
        state="counting",
        job=uuid4(),
        offering_id=None if others else only.id,
        kind="offerings" if others else only.kind,
        title=", ".join(one.title for one in chosen),
        text="",
        assignments=0,
        offerings=len(chosen),
        people=0,
        emails=Emails(count=0, notifications=[]),
    )


def count(conn: Connection, scope: Scope, request: AssignPeople, people: Sequence[UUID], chunk: int) -> CountedPart:
    """On the snapshot of `conn`."""
    rows: dict[UUID, str] = {}
    resolved, refused = resolve_some(conn, scope, request, people)
    if not resolved:
        return CountedPart(None, refused, "", rows)
    impact = measure(conn, resolved, chunk, rows.setdefault)
    return CountedPart(impact.summary, refused, impact.digest, rows)


def grown(before: Preview, part: CountedPart, people: int) -> Preview:
    """With the numbers of one more part, of so many people. Nobody is in two parts, so that numbers add up."""
    told = before.model_copy(update={"counted": before.counted + people})
    if part.summary is None:
        return told.model_copy(update={"refused": before.refused + part.refused})
    more, last = part.summary, [day for day in (before.access_until, part.summary.access_until) if day]
    numbers = {name: getattr(before, name) + getattr(more, name) for name in (*SUMMED, "people")}
    emails = Emails(
        count=before.emails.count + more.emails.count,
        notifications=sorted({*before.emails.notifications, *more.emails.notifications}),
    )
    return told.model_copy(
        update={
            **numbers,
            "text": _text(before, numbers["people"], numbers["assignments"]),
            "emails": emails,
            "access_until": max(last, default=None),
            "warnings": list(dict.fromkeys((*before.warnings, *more.warnings))),
            "item_warnings": _together(before.item_warnings, more.item_warnings),
        }
    )


def _text(preview: Preview, people: int, assignments: int) -> str:
    if preview.offering_id is None:
        return assignment_rules.adding_to_several_text(people, preview.offerings)
    return assignment_rules.adding_text(preview.kind, people, assignments)


def _together(before: Sequence[ItemWarning], more: Sequence[ItemWarning]) -> list[ItemWarning]:
    found = {(one.item_id, one.reason): one for one in before}
    for one in more:
        known = found.get((one.item_id, one.reason))
        learners = one.learners + (known.learners if known else 0)
        found[one.item_id, one.reason] = one.model_copy(update={"learners": learners})
    return list(found.values())
