"""What a batch did, whether the caller can undo it, and what undoing would do (ASG-20)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.undo.plan import ALSO_TOLD, REVERSED, WHY
from services.enrollment.application.undo.planning import Planner
from services.enrollment.application.undo.within import check_within, unknown
from services.enrollment.projections import batch_records, batches, names
from services.enrollment.projections.batch_records import (
    WHAT,
    BatchItem,
    BatchQuery,
    Began,
    NumberOf,
    Undone,
    What,
)
from services.enrollment.projections.batches import Irreversible, IrreversibleKind, RecentBatch
from shared.auth import Caller, Permission
from shared.contracts.enrollment import LearnerAssigned, LearnerExcluded
from shared.database import Connection, Database
from shared.errors import Forbidden, Invalid
from shared.events import Event
from shared.readmodel import Page
from shared.store import CommandContext

WhyNot = Literal["nothing", "undone", "permission", "beyond-scope", "too-large"]

_STAYS: dict[IrreversibleKind, str] = {
    **WHY,
    "training-begun": "The training was begun, so it stays.",
    "source-left": "The source does not want the learner any more. Change it where it comes from.",
}


class BatchView(BaseModel):
    """What a batch did, and whether whoever asks can undo it. `actor_id` None: Rollbook itself."""

    id: UUID
    actor_id: UUID | None
    actor_name: str | None
    reason_code: str
    began_at: datetime
    did: list[NumberOf]
    """With its jobs, as far as they are done."""
    undo_until: datetime
    undone: Undone | None
    undoable: bool
    why_not: WhyNot | None
    why_not_text: str | None
    """What is missing, and whom to ask (SEC-4)."""


class Change(BaseModel):
    """How much undoing would change."""

    what: What
    number: int


class Stays(BaseModel):
    """How much would stay as it is, and why."""

    kind: IrreversibleKind
    why: str
    number: int


class UndoPreview(BaseModel):
    """What undoing a batch would do now."""

    would: list[Change]
    stays: list[Stays]


class BatchQueries:
    """`days`: for how long a batch is looked for; `rows_limit`: how many commands' rows one undo reverses."""

    def __init__(self, database: Database, planner: Planner, *, days: int, rows_limit: int) -> None:
        self._database = database
        self._planner = planner
        self._days = days
        self._rows_limit = rows_limit

    def commands(self, caller: Caller, query: BatchQuery, cursor: str | None, size: int) -> Page[BatchItem]:
        """Everybody's for whoever reads everything; others see their own."""
        scope = caller.scope(Permission.READ_ASSIGNMENTS)
        if not scope.everything:
            if query.actor not in (None, caller.id):
                raise scope.beyond("You asked for the commands of somebody else", "actor")
            query = query._replace(actor=caller.id)
        with self._database.connection() as conn:
            return batch_records.commands(conn, scope, query, cursor, size)

    def one(self, caller: Caller, id: UUID) -> BatchView:
        recent = RecentBatch(id, self._days)
        with self._database.connection() as conn:
            began, done = self._seen(conn, caller, recent)
            did = batch_records.numbers(conn, recent)
            undone = batch_records.undone(conn, id, began.recorded_at)
            why_not, text = self._why_not(conn, caller, recent, done, did, undone)
            scope = caller.scope(Permission.READ_ASSIGNMENTS)
            called = names.of_people(conn, scope, [began.actor] if began.actor else [])
        return BatchView(
            id=id,
            actor_id=began.actor,
            actor_name=called.get(began.actor) if began.actor else None,
            reason_code=began.reason_code,
            began_at=began.recorded_at,
            did=did,
            undo_until=began.recorded_at + timedelta(days=self._days),
            undone=undone,
            undoable=why_not is None,
            why_not=why_not,
            why_not_text=text,
        )

    def foresee(self, caller: Caller, id: UUID) -> UndoPreview:
        """Decided as undoing decides, and not recorded."""
        recent, context = RecentBatch(id, self._days), CommandContext(caller.id)
        with self._database.connection() as conn:
            _, done = self._seen(conn, caller, recent)
            if len(done) > self._rows_limit:
                raise too_large(self._rows_limit)
            plan = self._planner.plan(conn, context, done, keep_reason=lambda: None)
            lost = batches.losses(conn, recent, plan.removed, plan.kept)
        would = Counter(WHAT.get(type(event).TOPIC, "other") for event in plan.decision.events)
        would["exclusions-lifted"] += sum(isinstance(event, LearnerExcluded) for event in done)
        would["learners-unassigned"] += lost.learners
        stays = Counter(one.kind for one in plan.left)
        stays["training-begun"] += lost.begun
        stays["source-left"] += lost.dropped_out
        return UndoPreview(
            would=[Change(what=what, number=number) for what, number in would.items() if number],
            stays=[
                Stays(kind=kind, why=_STAYS.get(kind, ""), number=number) for kind, number in stays.items() if number
            ],
        )

    def irreversible(self, caller: Caller, id: UUID, cursor: str | None, size: int) -> Page[Irreversible]:
        """What undoing left as it was, as far as it lies within the scope."""
        with self._database.connection() as conn:
            left = batches.irreversible(conn, caller.scope(Permission.READ_ASSIGNMENTS), id, cursor, size)
            self._seen(conn, caller, RecentBatch(id, self._days))
            return left

    def _seen(self, conn: Connection, caller: Caller, recent: RecentBatch) -> tuple[Began, Sequence[Event]]:
        """The own ones, and those that lie within the scope. Raises NotFound for others."""
        scope = caller.scope(Permission.READ_ASSIGNMENTS)
        began = batch_records.began(conn, recent)
        if began is None:
            raise unknown(self._days)
        done = changes(conn, recent, self._rows_limit)
        if began.actor != caller.id:
            try:
                check_within(conn, scope, recent, done)
            except Forbidden as refusal:
                raise unknown(self._days) from refusal
        return began, done

    def _why_not(
        self,
        conn: Connection,
        caller: Caller,
        recent: RecentBatch,
        done: Sequence[Event],
        did: Sequence[NumberOf],
        undone: Undone | None,
    ) -> tuple[WhyNot | None, str | None]:
        """Why the caller cannot undo it, and what to do."""
        if undone:
            return "undone", "It has been undone. To have it again, undo that batch."
        if not any(isinstance(event, REVERSED) for event in done) and not _gave(did):
            return "nothing", "It changed nothing that undoing reverses."
        if len(done) > self._rows_limit:
            return "too-large", too_large(self._rows_limit).detail
        try:
            check_within(conn, caller.scope(Permission.ASSIGN), recent, done, own=True)
        except Forbidden as refusal:
            return ("beyond-scope" if caller.may(Permission.ASSIGN) else "permission"), refusal.detail
        return None, None


def changes(conn: Connection, recent: RecentBatch, limit: int) -> Sequence[Event]:
    """What undoing looks at; one more than the limit where there are more."""
    topics = [cls.TOPIC for cls in (*REVERSED, *ALSO_TOLD)]
    return list(batches.events(conn, recent, topics, limit + 1))


def too_large(limit: int) -> Invalid:
    return Invalid(
        f"The batch made more than {limit} changes (ROLLBOOK_ASSIGNMENT_ROWS_LIMIT). Undo its parts separately.",
        field="batch",
    )


def _gave(did: Sequence[NumberOf]) -> bool:
    return any(one.what == WHAT[LearnerAssigned.TOPIC] and one.number for one in did)
