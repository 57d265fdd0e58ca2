"""Undo: one command reverses what a batch did, and lists what it left as it was (ASG-20). Nothing is ever deleted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from pydantic import JsonValue

from services.enrollment.application import rows, undoing_rules
from services.enrollment.application.assigning import Assigning, Enrollments
from services.enrollment.application.expansion import enqueue
from services.enrollment.application.grouping import group_row
from services.enrollment.application.judging import offerings
from services.enrollment.application.taking_back import TakingBack
from services.enrollment.application.trigger_jobs import Following
from services.enrollment.application.undo_plan import Plan, assignment_of, group_of
from services.enrollment.domain import assignments as rules
from services.enrollment.domain import granting, groups, standing
from services.enrollment.domain.groups import Group, Membership
from services.enrollment.projections import batches, facts
from services.enrollment.projections import groups as known
from services.enrollment.projections.batches import Irreversible
from services.enrollment.projections.state import ASSIGNMENT, GROUP, MEMBER, assignments, live_targets
from shared import jobs
from shared.contracts.enrollment import (
    AccessShortened,
    AssignmentCreated,
    AssignmentRemoved,
    CertificateRevoked,
    CompletionRejected,
    CompletionTakenBack,
    DueDateSet,
    DueRuleSet,
    EnrollmentCompleted,
    ExceptionAnswered,
    GroupDescribed,
    GroupJoined,
    GroupLeft,
    JobRoleAssigned,
    JobRoleUnassigned,
    LearnerExcluded,
    PaymentReceived,
    PaymentRefunded,
    RequirementSet,
    StepCompleted,
    TrainingBegun,
    TriggerCreated,
)
from shared.database import Connection
from shared.errors import Invalid, NotFound, Refusal
from shared.events import Event
from shared.store import Context, Decision, Receipt, Row
from shared.texts import Texts

_ALSO_TOLD = (
    StepCompleted,
    TrainingBegun,
    EnrollmentCompleted,
    CompletionRejected,
    CompletionTakenBack,
    CertificateRevoked,
    PaymentReceived,
    PaymentRefunded,
    AccessShortened,
    ExceptionAnswered,
    DueDateSet,
)
_RULES = (JobRoleAssigned, JobRoleUnassigned, TriggerCreated, RequirementSet)
_REVERSED = (
    *_RULES,
    AssignmentCreated,
    AssignmentRemoved,
    DueRuleSet,
    GroupDescribed,
    GroupJoined,
    GroupLeft,
    LearnerExcluded,
)


class Undoing:
    """`days`: a batch that began longer ago is not undone. `rows_limit`: how many commands' rows one undo reverses."""

    def __init__(self, ledger: Enrollments, assigning: Assigning, *, days: int, rows_limit: int, chunk: int) -> None:
        self._ledger = ledger
        self._assigning = assigning
        self._days = days
        self._rows_limit = rows_limit
        self._chunk = chunk

    def undo(self, context: Context, batch: UUID, reason: str | None) -> Receipt:
        """Reverse the facts of a batch, as a batch of its own, and evaluate again."""
        if earlier := self._ledger.earlier(context):
            self._lift(context, batch)
            return earlier
        with self._ledger.database.connection() as conn:
            if not batches.known(conn, batch, self._days):
                raise NotFound(
                    f"There is no such batch, or it is older than {self._days} days (ROLLBOOK_UNDO_DAYS).",
                    field="batch",
                )
            topics = [cls.TOPIC for cls in (*_REVERSED, *_ALSO_TOLD)]
            done = list(batches.events(conn, batch, topics, self._days, self._rows_limit + 1))
            if len(done) > self._rows_limit:
                raise Invalid(
                    f"The batch did more than {self._rows_limit} things (ROLLBOOK_ASSIGNMENT_ROWS_LIMIT). Undo its parts.",
                    field="batch",
                )
            texts = Texts()
            plan = self._plan(conn, context, batch, done, texts, reason)
        job = uuid4()
        expansions = {offering: uuid4() for offering in plan.expanded}
        result: JsonValue = {
            "undone": str(batch),
            "assignments_removed": len(plan.removed),
            "irreversible": f"/api/enrollment/batches/{batch}/irreversible",
            "jobs": [str(id) for id in (*expansions.values(), job)],
        }
        receipt = self._ledger.record(
            context, plan.decision, result, also=self._also(context, batch, plan, texts, job, expansions)
        )
        self._lift(context, batch)
        return receipt

    def _plan(
        self, conn: Connection, context: Context, batch: UUID, done: Sequence[Event], texts: Texts, reason: str | None
    ) -> Plan:
        plan = Plan(Decision((), context.meta()))
        streams = {event.originator_id: event.originator_version for event in done}
        found = assignments(conn, [e.originator_id for e in done if isinstance(e, AssignmentCreated)])
        removing = []
        for id, row in found.items():
            if row.type == "job-role":
                plan.leave("of-job-role", row.offering, id)
            elif row.live and row.revision == streams[id]:
                removing.append(assignment_of(row))
            elif row.live:
                plan.leave("changed-since", row.offering, id)
                plan.kept.append(id)
        if removing:
            ref = texts.ref(batch, reason)
            plan.decision = plan.decision.together(self._assigning.removal(removing, ref, context, undone=True))
            plan.removed = [a.id for a in removing]
            for assignment in removing:
                plan.expand(assignment.offering, assignment.id)
        for event in done:
            if event.originator_id not in found:
                self._reverse(conn, context, plan, event)
        return plan

    def _reverse(self, conn: Connection, context: Context, plan: Plan, event: Event) -> None:
        match event:
            case AssignmentRemoved():
                self._assign_again(conn, context, plan, event)
            case DueRuleSet() | GroupDescribed():
                self._edit_back(conn, plan, event)
            case GroupJoined() | GroupLeft():
                self._membership_back(conn, plan, event)
            case JobRoleAssigned() | JobRoleUnassigned() | TriggerCreated() | RequirementSet():
                self._rule_back(conn, plan, event)
            case DueDateSet(by="rule" | "exception"):
                pass
            case _ if isinstance(event, _ALSO_TOLD):
                plan.leave("not-an-assignment", event.offering_id, None, event.person_id)

    def _assign_again(self, conn: Connection, context: Context, plan: Plan, event: AssignmentRemoved) -> None:
        """The same one is there again, as it was: whom somebody had taken out of it stays out (ASG-7)."""
        old = self._assigning.find(event.originator_id)
        target = old.target
        if live_targets(conn, [old.offering], [(target.type, target.id)]):
            plan.leave("assigned-again", old.offering, old.id)
            return
        offering = offerings(conn, [old.offering])[old.offering]
        shared = old.shared if offering.kind == "qualification" else replace(old.shared, required=None)
        longest = max(rules.ACCESS_DAYS, old.shared.access_days or 0)
        try:
            again = rules.create(old.id, offering, target, shared, longest=longest, after=old.version)
        except Refusal as refusal:
            why = Irreversible(
                kind="offering-closed",
                why=refusal.detail,
                offering_id=old.offering,
                assignment_id=old.id,
                person_id=None,
            )
            plan.left.append(why)
            return
        row = assignments(conn, [old.id])[old.id]
        row = row._replace(revision=again.originator_version, live=True, undone=False, batch=context.correlation)
        row = row._replace(created_at=facts.now(conn))
        plan.decision = plan.decision.together(Decision((again,), context.meta(), changed=(Row(ASSIGNMENT, row),)))
        plan.expand(old.offering, old.id)
        if target.type == "trigger":
            plan.triggers.append(target.id)

    def _edit_back(self, conn: Connection, plan: Plan, event: DueRuleSet | GroupDescribed) -> None:
        """Dates that have moved later stay so (DUE-3)."""
        row = assignments(conn, [event.originator_id])[event.originator_id]
        if not row.live:
            return
        if row.revision != event.originator_version:
            plan.leave("changed-since", row.offering, row.id)
            return
        if isinstance(event, DueRuleSet):
            told = (AssignmentCreated.TOPIC, DueRuleSet.TOPIC)
            earlier = batches.before(conn, row.id, event.originator_version, told)
            rule = earlier.due if isinstance(earlier, AssignmentCreated | DueRuleSet) else None
            back: Event | None = rules.set_due_rule(
                replace(assignment_of(row), shared=rules.Sharing(due=event.due)), rule
            )
            row = row._replace(due=rule.model_dump_json() if rule else None)
            changed: tuple[Row, ...] = ()
            plan.expand(row.offering, row.id)
        else:
            earlier = batches.before(conn, row.id, event.originator_version, (GroupDescribed.TOPIC,))
            assert isinstance(earlier, GroupDescribed)
            group = group_of(row, row.revision + 1, earlier)
            back = groups.describe(row.id, group.version, group)
            changed = (Row(GROUP, group_row(group)),)
        if back:
            row = row._replace(revision=back.originator_version)
            decision = Decision((back,), plan.decision.meta, changed=(Row(ASSIGNMENT, row), *changed))
            plan.decision = plan.decision.together(decision)

    def _rule_back(self, conn: Connection, plan: Plan, event: undoing_rules.Reversible) -> None:
        back = undoing_rules.reverse(conn, plan.decision.meta, event)
        person = event.person_id if isinstance(event, JobRoleAssigned | JobRoleUnassigned) else None
        if isinstance(back, str):
            plan.leave(back, None, None, person)
            return
        plan.decision = plan.decision.together(back)
        plan.marked += [person] if person else []
        if isinstance(event, TriggerCreated) and back.events:
            plan.triggers.append(event.originator_id)

    def _membership_back(self, conn: Connection, plan: Plan, event: GroupJoined | GroupLeft) -> None:
        group = known.group(conn, event.assignment_id)
        now = known.versions(conn, [event.originator_id])[event.originator_id]
        if group is None:
            return
        if now != event.originator_version:
            plan.leave("changed-since", event.offering_id, event.assignment_id, event.person_id)
            return
        of, person = Group(*group[:-1]), event.person_id
        if isinstance(event, GroupJoined):
            membership = Membership(event.originator_id, now, event.by)
            back: Event = groups.left(membership, of, person, "administrator")
            decision = Decision((back,), plan.decision.meta, gone=(Row(MEMBER, (of.assignment, person)),))
        else:
            earlier = batches.before(conn, event.originator_id, now, (GroupJoined.TOPIC,))
            assert isinstance(earlier, GroupJoined)
            back = groups.joined(Membership(event.originator_id, now), of, person, earlier.by)
            decision = Decision((back,), plan.decision.meta, new=(Row(MEMBER, (of.assignment, person, earlier.by)),))
        plan.decision = plan.decision.together(decision)
        plan.marked.append(person)

    def _also(
        self, context: Context, batch: UUID, plan: Plan, texts: Texts, job: UUID, expansions: Mapping[UUID, UUID]
    ) -> Callable[[Connection], None]:
        meta = context.meta()

        def also(conn: Connection) -> None:
            texts.keep(conn)
            for offering, ids in plan.expanded.items():
                enqueue(conn, meta, offering, ids, job=expansions[offering])
            if plan.marked:
                facts.mark(conn, plan.marked, meta)
            for trigger in plan.triggers:
                jobs.enqueue(conn, uuid4(), Following.kind, {"trigger": str(trigger)}, meta)
            first = batches.first_position(conn, self._days)
            jobs.enqueue(conn, uuid4(), undoing_rules.TakingRolesBack.kind, {"batch": str(batch), "first": first}, meta)
            jobs.enqueue(conn, job, TakingBack.kind, {}, meta)
            batches.plan_taking_back(conn, job, batch, [*plan.removed, *plan.kept], self._days, self._chunk)
            batches.list_begun(conn, batch, plan.removed, job)
            batches.list_left(conn, batch, self._days)
            batches.list_others(conn, batch, plan.left)

        return also

    def _lift(self, context: Context, batch: UUID) -> None:
        """The exclusions of the batch, each once: sent again after an interruption, the undo goes on here."""
        with self._ledger.database.connection() as conn:
            found = list(batches.events(conn, batch, [LearnerExcluded.TOPIC], self._days, self._rows_limit))
        for event in found:
            assert isinstance(event, LearnerExcluded)
            self._allow(context, event)

    def _allow(self, context: Context, event: LearnerExcluded) -> None:
        """Lift an exclusion, unless somebody has since."""
        part = replace(context, command_id=f"{context.command_id}/{event.originator_id}/{event.assignment_id}")
        state = self._ledger.load(event.originator_id, standing.evolve)
        if state is None or event.assignment_id not in state.exclusions:
            return
        change = granting.allow_again(state, event.assignment_id)

        def queue(conn: Connection) -> None:
            facts.mark(conn, [event.person_id], part.meta())

        self._ledger.record(part, rows.decision(change, part.meta()), also=queue)
