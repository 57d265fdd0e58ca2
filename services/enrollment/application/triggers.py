"""Triggers: created, applied to those who match today, stopped; and stopped where they would cause one another (TRG-1 to TRG-3)."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC
from uuid import UUID, uuid4, uuid5

from pydantic import ConfigDict, JsonValue

from services.enrollment.application.assignments.commands import open_offering
from services.enrollment.application.assignments.rows import assignment_row
from services.enrollment.application.assignments.settings import AssignmentSettingsRequest
from services.enrollment.application.assignments.targets import longest_access
from services.enrollment.application.due_rules import TriggerConditionIn
from services.enrollment.application.evaluation.evaluate import flagged
from services.enrollment.application.evaluation.fan_out import enqueue_applied
from services.enrollment.application.evaluation.trigger_firing import to_trigger
from services.enrollment.application.evaluation.trigger_initialization import TriggerInitialization
from services.enrollment.application.ledger import Enrollments
from services.enrollment.domain import assignments, trigger_loops
from services.enrollment.domain import triggers as trigger_rules
from services.enrollment.domain.assignments import Target
from services.enrollment.domain.triggers import Trigger
from services.enrollment.projections import facts, offerings, triggers
from services.enrollment.projections.tables import ASSIGNMENT, TRIGGER, TriggerRow
from services.enrollment.projections.triggers import JobRoleFact
from shared import jobs
from shared.contracts.enrollment import TriggerCondition, TriggerStopped
from shared.database import Connection
from shared.errors import Conflict, Invalid, NotFound
from shared.events import Event, Meta
from shared.jobs import Job
from shared.limits import Name
from shared.store import CommandContext, Decision, Receipt, Row, command
from shared.texts import Texts


class TriggerIn(AssignmentSettingsRequest):
    """A trigger: when it acts, and the one offering or job role that it assigns (TRG-1)."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    """Unique among those that act; the name of the assignment (ASG-1)."""
    when: TriggerConditionIn
    offering_id: UUID | None = None
    job_role_id: UUID | None = None
    undo: bool = False
    """Take back what it gave when the condition ends; training that was begun stays (TRG-2)."""


class TriggerCommands:
    def __init__(self, ledger: Enrollments) -> None:
        self._ledger = ledger

    @command
    def create(self, context: CommandContext, body: TriggerIn) -> Receipt:
        """From now on; whoever fulfils the condition already is left alone until it is applied to them (TRG-2)."""
        id, texts = uuid5(context.actor, f"trigger/{context.command_id}"), Texts()
        with self._ledger.database.connection() as conn:
            self._check(conn, body, ())
            offering = open_offering(conn, body.offering_id) if body.offering_id else None
            target, now = Target("trigger", id), facts.now(conn)
            longest = longest_access(conn, [target])
            warnings: list[JsonValue] = [*flagged(conn, offering, body.due)]
        trigger = _trigger(id, body)
        events: list[Event] = [trigger_rules.create(trigger)]
        new = [Row(TRIGGER, trigger_row(trigger, context.correlation, now))]
        if offering and trigger.assignment:
            settings = body.to_settings(texts, context.actor, now.astimezone(UTC).date())
            events.append(assignments.create(trigger.assignment, offering, target, settings, longest=longest))
            row = assignment_row(
                trigger.assignment, offering, target, settings=settings, batch=context.correlation, now=now
            )
            new.append(Row(ASSIGNMENT, row))
        job = uuid4()

        def also(conn: Connection) -> None:
            others = [row for row in triggers.live(conn) if row.id != id]
            _check_name(body.name, others)
            _check_loop(conn, trigger, [to_trigger(row) for row in others])
            texts.keep(conn)
            jobs.enqueue(conn, job, TriggerInitialization.kind, {"trigger": str(id)}, context.meta())

        assignment = str(trigger.assignment) if trigger.assignment else None
        result: JsonValue = {
            "trigger_id": str(id),
            "assignment_id": assignment,
            "warnings": warnings,
            "jobs": [str(job)],
        }
        decision = Decision(tuple(events), context.meta(), inserted=tuple(new))
        return self._ledger.record(context, decision, result, also=also)

    def check(self, conn: Connection, bodies: Sequence[TriggerIn], replaced: Collection[UUID]) -> None:
        """Refuses what creating them would refuse, once the triggers `replaced` are stopped."""
        every = [to_trigger(row) for row in triggers.live(conn) if row.id not in replaced]
        for body in bodies:
            self._check(conn, body, replaced)
            if body.offering_id:
                open_offering(conn, body.offering_id)
            trigger = _trigger(uuid4(), body)
            _check_loop(conn, trigger, every)
            every.append(trigger)

    def _check(self, conn: Connection, body: TriggerIn, replaced: Collection[UUID]) -> None:
        if (body.offering_id is None) == (body.job_role_id is None):
            raise Invalid(
                "A trigger assigns either an offering or a job role: give offering_id or job_role_id.",
                field="offering_id",
            )
        if body.job_role_id and body.model_fields_set.intersection(AssignmentSettingsRequest.model_fields):
            raise Invalid(
                "A note, access days, a due date and a requirement are only for offerings; a job role's "
                "qualifications have their own settings. "
                "Leave them out.",
                field="job_role_id",
            )
        if body.job_role_id:
            check_job_role(conn, body.job_role_id)
        _check_condition(conn, body.when)
        _check_name(body.name, [row for row in triggers.live(conn, body.name) if row.id not in replaced])

    def find(self, id: UUID) -> Trigger:
        """Raises NotFound."""
        found = self._ledger.load(id, trigger_rules.evolve)
        if found is None:
            raise NotFound("There is no such trigger. GET /api/enrollment/triggers lists them.", field="trigger_id")
        return found

    def acting(self, conn: Connection, id: UUID) -> Trigger:
        """Raises NotFound; refuses one that has not begun, or acts no more."""
        found = self.find(id)
        (seen,) = triggers.triggers(conn, None, 1, id=id).items
        trigger_rules.check_live(replace(found, live=seen.state != "stopped"))
        if seen.state == "starting":
            raise Conflict("The trigger is still starting. Try again in a few seconds.", kind="trigger-starting")
        return found

    @command
    def apply(self, context: CommandContext, id: UUID, warnings: Sequence[str] = ()) -> Receipt:
        """Act on everybody of whom the condition is true already, after a preview with these warnings (TRG-2)."""
        job = uuid4()
        with self._ledger.database.connection() as conn:
            event = trigger_rules.apply(self.acting(conn, id))
            row = triggers.rows(conn, [id])[id]._replace(revision=event.originator_version)

        def also(conn: Connection) -> None:
            enqueue_applied(conn, context.meta(), id, job)

        decision = Decision((event,), context.meta(), updated=(Row(TRIGGER, row),))
        result: JsonValue = {"trigger_id": str(id), "warnings": [*warnings], "jobs": [str(job)]}
        return self._ledger.record(context, decision, result, also=also)

    @command
    def stop(self, context: CommandContext, id: UUID, *, take_back: bool, reason: str | None) -> Receipt:
        """It acts no more. What it gave stays, unless a job role is to be taken back; an offering goes with its assignment."""
        state, texts = self.find(id), Texts()
        if take_back and state.assignment:
            raise Conflict(
                "To take back what this trigger assigned, remove its assignment: POST /api/enrollment/previews "
                "with action 'remove', and confirm the preview. That also stops the trigger.",
                kind="preview-required",
                assignment_id=str(state.assignment),
            )
        event = trigger_rules.stop(state, "removed", take_back=take_back, reason=texts.ref(id, reason))
        job = uuid4()

        def also(conn: Connection) -> None:
            texts.keep(conn)
            if take_back:
                jobs.enqueue(conn, job, TriggerInitialization.kind, {"trigger": str(id)}, context.meta())

        result: JsonValue = {"trigger_id": str(id), "jobs": [str(job)] if take_back else []}
        with self._ledger.database.connection() as conn:
            row = triggers.rows(conn, [id])[id]
        return self._ledger.record(context, stopping(row, event, context.meta()), result, also=also)


class LoopCheck:
    """The job after the catalog changed what leads to what: of triggers that cause one another now, the newest stops (TRG-3)."""

    kind = "trigger-loops"

    def __init__(self, ledger: Enrollments) -> None:
        self._ledger = ledger

    def step(self, job: Job) -> None:
        """One trigger."""
        with self._ledger.database.connection() as conn:
            rows = {row.id: row for row in triggers.live(conn)}
            every = [to_trigger(row) for row in rows.values()]
            looped = next((one for one in reversed(every) if _loop(conn, every, one)), None)
            found = _loop(conn, every, looped) if looped else ()
        if looped:
            cause = job.caused_by
            context = CommandContext.system(
                f"loop/{job.id}/{looped.id}", correlation=cause.correlation, reason_code="loop"
            )
            event = trigger_rules.stop(looped, "loop", take_back=False, loop=found)
            try:
                self._ledger.record(context, stopping(rows[looped.id], event, context.meta()))
            except Conflict:
                return  # somebody was there first: the next step looks again
        with self._ledger.database.transaction() as conn:
            if looped:
                jobs.advance(conn, job, cursor={"stopped": str(looped.id)}, done=job.done + 1)
            else:
                jobs.finish(conn, job)


def stopping(row: TriggerRow, event: TriggerStopped, meta: Meta) -> Decision:
    """That a trigger acts no more, with its row."""
    row = row._replace(revision=event.originator_version, live=False, taken_back=event.take_back)
    return Decision((event,), meta, updated=(Row(TRIGGER, row),))


def _trigger(id: UUID, body: TriggerIn) -> Trigger:
    return Trigger(
        id=id,
        version=1,
        name=body.name,
        when=body.when,
        assignment=uuid5(id, "assignment") if body.offering_id else None,
        offering=body.offering_id,
        job_role=body.job_role_id,
        undo=body.undo,
    )


def _check_name(name: str, others: Sequence[TriggerRow]) -> None:
    """Under the lock too, so that two of one name that come at the same moment do not both act."""
    if existing := next((row for row in others if row.name == name), None):
        raise Conflict(
            f"A trigger named '{name}' already exists. Choose another name.",
            kind="trigger-exists",
            field="name",
            existing=str(existing.id),
        )


def _check_loop(conn: Connection, trigger: Trigger, others: Sequence[Trigger]) -> None:
    """Under the lock when it counts, so that of two that would cause each other one is refused (TRG-3)."""
    every = [*others, trigger]
    if found := _loop(conn, every, trigger):
        raise Conflict(
            f"This trigger would set itself off: {_chain(every, found)}. Change its condition, or stop one of the other triggers.",
            kind="trigger-loop",
            field="when",
            loop=[str(id) for id in found],
        )


def check_job_role(conn: Connection, id: UUID) -> JobRoleFact:
    """What the catalog says of it. Raises NotFound for one that the catalog does not have, or not any more."""
    role = triggers.job_roles(conn, [id]).get(id)
    if role is None or role.removed:
        raise NotFound("There is no such job role. GET /api/catalog/job-roles lists them.", field="job_role_id")
    return role


def _check_condition(conn: Connection, when: TriggerCondition) -> None:
    id = when.target_id
    if id is None:
        return
    if when.kind in ("organisation", "position"):
        unit = facts.units(conn, [id]).get(id)
        there = unit is not None and unit.kind == when.kind
    elif when.kind == "audience":
        there = id in facts.audiences(conn, [id])
    elif when.kind == "job-role":
        check_job_role(conn, id)
        there = True
    else:
        there = id in offerings.offerings(conn, [id])
    if not there:
        what = "offering" if when.kind == "completion" else when.kind
        raise NotFound(f"There is no such {what} for the condition.", field="when.target_id")


def _loop(conn: Connection, every: Sequence[Trigger], start: Trigger) -> tuple[UUID, ...]:
    if trigger_loops.edge(start) is None:
        return ()
    links = {id: [q.qualification_id for q in role.qualifications] for id, role in triggers.job_roles(conn).items()}
    return trigger_loops.loop(trigger_loops.edges(every, links, triggers.parts_of_offerings(conn)), start.id)


def _chain(every: Sequence[Trigger], found: Sequence[UUID]) -> str:
    names = {one.id: one.name for one in every}
    return " leads to ".join(f"'{names[id]}'" for id in (*found, found[0]))


def trigger_row(trigger: Trigger, batch: UUID, now: object) -> tuple[object, ...]:
    """The state row of a trigger."""
    when, gives = trigger.when, (trigger.assignment, trigger.offering, trigger.job_role)
    told = (when.kind, when.target_id, when.include_below, when.field, when.on_or_after, when.on_or_before)
    standing = (trigger.undo, trigger.live, trigger.taken_back, batch, now)
    return (trigger.id, trigger.version, trigger.name, *told, *gives, *standing)
