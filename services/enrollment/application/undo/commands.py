"""Undo: one command reverses what a batch did, and lists what it left as it was (ASG-20). Nothing is ever deleted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID, uuid4

from pydantic import JsonValue

from services.enrollment.application.evaluation import state_rows
from services.enrollment.application.evaluation.fan_out import enqueue
from services.enrollment.application.evaluation.trigger_initialization import TriggerInitialization
from services.enrollment.application.group_names import check_name
from services.enrollment.application.ledger import Enrollments
from services.enrollment.application.undo import rules as undo_rules
from services.enrollment.application.undo.plan import Plan
from services.enrollment.application.undo.planning import Planner
from services.enrollment.application.undo.queries import changes, too_large
from services.enrollment.application.undo.revocation import RevokeGrants
from services.enrollment.application.undo.within import check_within, unknown
from services.enrollment.domain import grants
from services.enrollment.domain.enrollment import evolve
from services.enrollment.projections import batch_records, batches, facts
from services.enrollment.projections.batches import RecentBatch
from shared import jobs
from shared.auth import Scope
from shared.contracts.enrollment import (
    LearnerExcluded,
)
from shared.database import Connection
from shared.store import CommandContext, Receipt
from shared.texts import Texts


class Undo:
    """`days`: a batch that began longer ago is not undone. `rows_limit`: how many commands' rows one undo reverses."""

    def __init__(self, ledger: Enrollments, planner: Planner, *, days: int, rows_limit: int, chunk: int) -> None:
        self._ledger = ledger
        self._planner = planner
        self._days = days
        self._rows_limit = rows_limit
        self._chunk = chunk

    def undo(self, context: CommandContext, scope: Scope, batch: UUID, reason: str | None) -> Receipt:
        """Reverse the facts of a batch that lies within the scope, as a batch of its own, and evaluate again."""
        if earlier := self._ledger.find_receipt(context):
            self._lift(context, batch)
            return earlier
        recent = RecentBatch(batch, self._days)
        with self._ledger.database.connection() as conn:
            began = batch_records.began(conn, recent)
            if began is None:
                raise unknown(self._days)
            done = changes(conn, recent, self._rows_limit)
            check_within(conn, scope, recent, done, own=began.actor == context.actor)
            if len(done) > self._rows_limit:
                raise too_large(self._rows_limit)
            texts = Texts()
            plan = self._planner.plan(conn, context, done, keep_reason=lambda: texts.ref(batch, reason))
        job = uuid4()
        expansions = {offering: uuid4() for offering in plan.expanded}
        result: JsonValue = {
            "undone": str(batch),
            "assignments_removed": len(plan.removed),
            "irreversible": f"/api/enrollment/batches/{batch}/irreversible",
            "jobs": [str(id) for id in (*expansions.values(), job)],
        }
        also = self._also(context, recent, plan, texts=texts, job=job, expansions=expansions)
        receipt = self._ledger.record(context, plan.decision, result, also=also)
        self._lift(context, batch)
        return receipt

    def _also(
        self,
        context: CommandContext,
        batch: RecentBatch,
        plan: Plan,
        *,
        texts: Texts,
        job: UUID,
        expansions: Mapping[UUID, UUID],
    ) -> Callable[[Connection], None]:
        meta = context.meta()

        def also(conn: Connection) -> None:
            for group in plan.named:
                check_name(conn, group)
            texts.keep(conn)
            for offering, ids in plan.expanded.items():
                enqueue(conn, meta, offering, ids, job=expansions[offering])
            facts.enqueue(conn, plan.marked, meta)
            for trigger in plan.triggers:
                jobs.enqueue(conn, uuid4(), TriggerInitialization.kind, {"trigger": str(trigger)}, meta)
            first = batches.first_position(conn, batch.days)
            jobs.enqueue(conn, uuid4(), undo_rules.RevokeJobRoles.kind, {"batch": str(batch.id), "first": first}, meta)
            jobs.enqueue(conn, job, RevokeGrants.kind, {}, meta)
            without = [*plan.removed, *plan.kept]
            batches.plan_taking_back(conn, batch, job=job, without=without, size=self._chunk)
            batches.list_begun(conn, batch.id, plan.removed, job)
            batches.list_left(conn, batch)
            batches.list_others(conn, batch.id, plan.left)

        return also

    def _lift(self, context: CommandContext, batch: UUID) -> None:
        """The exclusions of the batch, each once: sent again after an interruption, the undo goes on here."""
        with self._ledger.database.connection() as conn:
            recent = RecentBatch(batch, self._days)
            found = list(batches.events(conn, recent, [LearnerExcluded.TOPIC], self._rows_limit))
        for event in found:
            assert isinstance(event, LearnerExcluded)
            self._allow(context, event)

    def _allow(self, context: CommandContext, event: LearnerExcluded) -> None:
        """Lift an exclusion, unless somebody has since."""
        part = replace(context, command_id=f"{context.command_id}/{event.originator_id}/{event.assignment_id}")
        state = self._ledger.load(event.originator_id, evolve)
        if state is None or event.assignment_id not in state.exclusions:
            return
        change = grants.allow_again(state, event.assignment_id)

        def queue(conn: Connection) -> None:
            facts.enqueue(conn, [event.person_id], part.meta())

        self._ledger.record(part, state_rows.decision(change, part.meta()), also=queue)
