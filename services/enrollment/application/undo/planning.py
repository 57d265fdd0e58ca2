"""Working out what undoing a batch comes to, from what the batch did and what is so now (ASG-20)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.assignments.rows import group_row, to_assignment, to_group
from services.enrollment.application.evaluation.evaluate import offerings
from services.enrollment.application.undo import rules as undo_rules
from services.enrollment.application.undo.plan import ALSO_TOLD, Plan, can_be_named, group_before
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain import groups
from services.enrollment.domain.groups import Membership
from services.enrollment.projections import batches, facts
from services.enrollment.projections import groups as group_rows
from services.enrollment.projections.batches import Irreversible
from services.enrollment.projections.tables import ASSIGNMENT, GROUP, MEMBER, assignments, live_targets
from shared.contracts.enrollment import (
    AssignmentCreated,
    AssignmentRemoved,
    DueDateSet,
    DueRuleSet,
    GroupDescribed,
    GroupJoined,
    GroupLeft,
    JobRoleAssigned,
    JobRoleUnassigned,
    RequirementSet,
    TriggerCreated,
)
from shared.database import Connection
from shared.errors import Refusal
from shared.events import Event, TextRef
from shared.folding import fold
from shared.store import CommandContext, Decision, Row


class Planner:
    """Decides, and records nothing."""

    def __init__(self, assigning: AssignmentCommands) -> None:
        self._assigning = assigning

    def plan(
        self,
        conn: Connection,
        context: CommandContext,
        done: Sequence[Event],
        *,
        keep_reason: Callable[[], TextRef | None],
    ) -> Plan:
        """`keep_reason`: among the texts, where assignments are removed; returns what their events have of it."""
        plan = Plan(Decision((), context.meta()))
        streams = {event.originator_id: event.originator_version for event in done}
        found = assignments(conn, [e.originator_id for e in done if isinstance(e, AssignmentCreated)])
        removing = []
        for id, row in found.items():
            if row.type == "job-role":
                plan.leave("from-job-role", row.offering, id)
            elif row.live and row.revision == streams[id]:
                removing.append(to_assignment(row))
            elif row.live:
                plan.leave("changed-since", row.offering, id)
                plan.kept.append(id)
        if removing:
            plan.decision = plan.decision.together(
                self._assigning.removal(removing, keep_reason(), context, undone=True)
            )
            plan.removed = [a.id for a in removing]
            for assignment in removing:
                plan.expand(assignment.offering, assignment.id)
        for event in done:
            if event.originator_id not in found:
                self._reverse(conn, context, plan, event)
        return plan

    def _reverse(self, conn: Connection, context: CommandContext, plan: Plan, event: Event) -> None:
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
            case _ if isinstance(event, ALSO_TOLD):
                plan.leave("not-an-assignment", event.offering_id, None, event.person_id)

    def _assign_again(self, conn: Connection, context: CommandContext, plan: Plan, event: AssignmentRemoved) -> None:
        """The same one is there again, as it was: whom somebody had taken out of it stays out (ASG-7)."""
        old = self._assigning.find(event.originator_id)
        target = old.target
        if live_targets(conn, [old.offering], [(target.type, target.id)]):
            plan.leave("assigned-again", old.offering, old.id)
            return
        row = assignments(conn, [old.id])[old.id]
        if target.type == "group" and not can_be_named(conn, plan, group_before(conn, row, old.version + 1)):
            return
        offering = offerings(conn, [old.offering])[old.offering]
        shared = old.shared if offering.kind == "qualification" else replace(old.shared, required=None)
        longest = max(assignment_rules.ACCESS_DAYS, old.shared.access_days or 0)
        try:
            again = assignment_rules.create(old.id, offering, target, shared, longest=longest, after=old.version)
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
        row = row._replace(revision=again.originator_version, live=True, undone=False, batch=context.correlation)
        row = row._replace(created_at=facts.now(conn))
        plan.decision = plan.decision.together(Decision((again,), context.meta(), updated=(Row(ASSIGNMENT, row),)))
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
            back: Event | None = assignment_rules.set_due_rule(to_assignment(row), rule)
            row = row._replace(due=rule.model_dump_json() if rule else None)
            changed: tuple[Row, ...] = ()
            plan.expand(row.offering, row.id)
        else:
            group = group_before(conn, row, event.originator_version)
            if fold(group.name) != fold(event.name) and not can_be_named(conn, plan, group):
                return
            back = groups.describe(row.id, group.version, group)
            changed = (Row(GROUP, group_row(group)),)
        if back:
            row = row._replace(revision=back.originator_version)
            decision = Decision((back,), plan.decision.meta, updated=(Row(ASSIGNMENT, row), *changed))
            plan.decision = plan.decision.together(decision)

    def _rule_back(self, conn: Connection, plan: Plan, event: undo_rules.Reversible) -> None:
        back = undo_rules.reverse(conn, plan.decision.meta, event)
        person = event.person_id if isinstance(event, JobRoleAssigned | JobRoleUnassigned) else None
        if isinstance(back, str):
            plan.leave(back, None, None, person)
            return
        plan.decision = plan.decision.together(back)
        plan.marked += [person] if person else []
        if isinstance(event, TriggerCreated) and back.events:
            plan.triggers.append(event.originator_id)

    def _membership_back(self, conn: Connection, plan: Plan, event: GroupJoined | GroupLeft) -> None:
        found = group_rows.group(conn, event.assignment_id)
        now = group_rows.versions(conn, [event.originator_id])[event.originator_id]
        if found is None:
            return
        if now != event.originator_version:
            plan.leave("changed-since", event.offering_id, event.assignment_id, event.person_id)
            return
        group, person = to_group(found.row), event.person_id
        if isinstance(event, GroupJoined):
            membership = Membership(event.originator_id, now, event.by)
            back: Event = groups.left(membership, group, person, "administrator")
            decision = Decision((back,), plan.decision.meta, deleted=(Row(MEMBER, (group.assignment, person)),))
        else:
            earlier = batches.before(conn, event.originator_id, now, (GroupJoined.TOPIC,))
            assert isinstance(earlier, GroupJoined)
            back = groups.joined(Membership(event.originator_id, now), group, person, earlier.by)
            decision = Decision(
                (back,), plan.decision.meta, inserted=(Row(MEMBER, (group.assignment, person, earlier.by)),)
            )
        plan.decision = plan.decision.together(decision)
        plan.marked.append(person)
