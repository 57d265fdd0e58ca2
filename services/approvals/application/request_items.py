"""Requests in lists, with the names that they are read by (APR-1)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.approvals.projections import facts, learners, queue, tables
from services.approvals.projections.tables import Before, RequestRow
from shared import texts
from shared.contracts.approvals import RequestKind
from shared.database import Connection


class RequestItem(BaseModel):
    """A request in a list. Names are None where the directory has not told them yet."""

    id: UUID
    kind: RequestKind
    status: str
    """open, approved, denied, withdrawn or closed."""
    outcome: str
    """Of an approved one: pending, fulfilled, refused or ended."""
    stage: int
    stages: int
    person_id: UUID
    person: str | None
    offering_id: UUID
    offering: str | None
    enrollment_id: UUID | None
    assignment_id: UUID | None
    due_on: date | None
    """Of a later due date: the day that was asked for."""
    reason: str | None
    asked_at: datetime
    decided_at: datetime | None
    escalates_at: datetime | None
    escalated: bool
    nobody_found: bool
    """None of the approvers that were named is there, so site administrators decide."""
    asked_before: int
    """Earlier requests of the learner for the same."""
    denied_before: int
    """How many of these were denied."""
    current_due_on: date | None
    """The due date as it is, where the learner has one on the offering."""
    approvers: list[str]
    """Who may decide on it now, by name; those to whom they delegate apart."""
    for_people: list[str]
    """Whose decision it is where somebody delegated it to the caller (APR-5)."""


class _Names(NamedTuple):
    """What is found for many rows at once."""

    people: Mapping[UUID, str]
    titles: Mapping[UUID, str]
    words: Mapping[UUID, str]
    deciding: Mapping[UUID, set[UUID]]
    behind: Mapping[UUID, set[UUID]]
    before: Mapping[UUID, Before]
    due: Mapping[tuple[UUID, UUID], date | None]

    def of(self, people: Iterable[UUID]) -> list[str]:
        return sorted(self.people[id] for id in people if id in self.people)


def items(conn: Connection, caller: UUID, rows: Sequence[RequestRow]) -> list[RequestItem]:
    """Rows with the names that they are read by."""
    ids = [row.id for row in rows]
    deciding = _grouped(queue.approvers(conn, ids))
    behind = _grouped((one.request, one.for_person) for one in queue.acting(conn, caller, ids) if one.for_person)
    learner_ids, offerings = [row.person for row in rows], [row.offering for row in rows]
    names = _Names(
        people=facts.names(conn, set(learner_ids).union(*behind.values(), *deciding.values())),
        titles={id: fact.title for id, fact in facts.offerings(conn, set(offerings)).items()},
        words=texts.read(conn, [row.reason for row in rows if row.reason]),
        deciding=deciding,
        behind=behind,
        before=tables.before(conn, ids),
        due=learners.due_days(conn, learner_ids, offerings),
    )
    return [_item(row, names) for row in rows]


def _grouped(found: Iterable[tuple[UUID, UUID]]) -> dict[UUID, set[UUID]]:
    grouped: dict[UUID, set[UUID]] = {}
    for request, person in found:
        grouped.setdefault(request, set()).add(person)
    return grouped


def _item(row: RequestRow, names: _Names) -> RequestItem:
    before = names.before.get(row.id)
    return RequestItem(
        id=row.id,
        kind=row.kind,
        status=row.status,
        outcome=row.outcome,
        stage=row.stage,
        stages=row.stages,
        person_id=row.person,
        person=names.people.get(row.person),
        offering_id=row.offering,
        offering=names.titles.get(row.offering),
        enrollment_id=row.enrollment,
        assignment_id=row.assignment,
        due_on=row.due_on,
        reason=names.words.get(row.reason) if row.reason else None,
        asked_at=row.asked_at,
        decided_at=row.decided_at,
        escalates_at=row.escalates_at,
        escalated=row.escalated,
        nobody_found=row.nobody_found,
        asked_before=before.asked if before else 0,
        denied_before=before.denied if before else 0,
        current_due_on=names.due.get((row.person, row.offering)),
        approvers=names.of(names.deciding.get(row.id, ())),
        for_people=names.of(names.behind.get(row.id, ())),
    )
