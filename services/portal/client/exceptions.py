"""What pages read and command of exceptions (DUE-4 to DUE-7)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Params, Reply

EXCEPTIONS = "/api/enrollment/exceptions"


class HeldSource(Reply):
    """An assignment that waits."""

    type: str
    name: str | None = None


class OtherOffering(Reply):
    offering_id: UUID
    title: str


class Facts(Reply):
    """What makes it an exception, and the day that each answer would set."""

    sources: tuple[HeldSource, ...] = ()
    minimum_minutes: int = 0
    due_on: date | None = None
    due_at: str | None = None
    realistic_on: date | None = None
    realistic_at: str | None = None
    others: tuple[OtherOffering, ...] = ()
    empty: tuple[str, ...] = ()


class HeldBack(Reply):
    """One exception of one learner on one offering. `facts`: of one that waits."""

    enrollment_id: UUID
    person_id: UUID
    offering_id: UUID
    offering_title: str
    offering_kind: str
    state: str
    kinds: tuple[str, ...]
    raised_at: datetime
    changed_at: datetime
    changed_by: UUID
    reason: str | None = None
    facts: Facts | None = None


class Count(Reply):
    value: str
    name: str | None = None
    count: int


class Counts(Reply):
    """How many wait, and how many there are of each state, kind and offering."""

    waiting: int
    states: tuple[Count, ...]
    kinds: tuple[Count, ...]
    offerings: tuple[Count, ...]


class Answered(Reply):
    """What came of one of many: the status afterwards, or why it was refused."""

    enrollment_id: UUID
    status: str | None = None
    refused: str | None = None


class Answers(Reply):
    """`more`: there are more than one command answers."""

    answered: tuple[Answered, ...]
    more: bool


def exceptions(ask: Asking, asked: Params) -> Listed[HeldBack]:
    return ask.listed(HeldBack, EXCEPTIONS, asked)


def counts(ask: Asking, offering: str, kind: str) -> Counts:
    return ask.one(Counts, f"{EXCEPTIONS}/counts", {"offering_id": offering, "kind": kind})


def answer_many(
    ask: Asking, chosen: Sequence[UUID], every: Mapping[str, str], resolution: str, reason: str, key: str
) -> Answers:
    """These, or `every` one of a kind and an offering."""
    body: dict[str, JsonValue] = {"resolution": resolution or None, "reason": reason or None}
    if every:
        body |= {name: value or None for name, value in every.items()}
    else:
        body["enrollments"] = [str(id) for id in chosen]
    return ask.post(Answers, f"{EXCEPTIONS}/answer", body, key)
