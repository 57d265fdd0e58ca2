"""Groups: made and filled by administrators; joined and left by learners (GRP-1 to GRP-7, ASG-18)."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from pydantic import BaseModel, JsonValue

from services.enrollment.application.assignments.commands import (
    AssignmentCommands,
    Refused,
    assignment_id,
    open_offering,
    refused_people,
)
from services.enrollment.application.assignments.rows import assignment_row, group_row, to_group
from services.enrollment.application.due_rules import DueRuleIn
from services.enrollment.application.enrollments.base import EnrollmentCommands
from services.enrollment.application.evaluation import evaluate, state_rows
from services.enrollment.application.group_names import check_name
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain import grants, groups
from services.enrollment.domain.assignments import Assignment, AssignmentSettings, Target
from services.enrollment.domain.enrollment import Enrollment, evolve
from services.enrollment.domain.enrollment_ids import enrollment_id
from services.enrollment.domain.groups import Group, Membership, membership_id
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.self_enrollment import check_active
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections import facts, names, visibility
from services.enrollment.projections import groups as group_rows
from services.enrollment.projections.tables import ASSIGNMENT, GROUP, MEMBER, assignments
from shared.auth import Scope
from shared.contracts.enrollment import describe
from shared.database import Connection
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.events import Event
from shared.folding import fold
from shared.limits import Moment, Name, Remark
from shared.store import CommandContext, Decision, Receipt, Row, command, decided_again
from shared.texts import Texts


class GroupIn(BaseModel):
    """A group, whole (GRP-1)."""

    name: Name
    """Unique on its offering regardless of case."""
    description: Remark = ""
    """What learners read before they enrol."""
    allow_enrol: bool = False
    allow_withdraw: bool = False
    due: DueRuleIn | None = None
    opens: Moment | None = None
    closes: Moment | None = None

    def group(self, id: UUID, version: int, offering: UUID) -> Group:
        told = self.model_dump(exclude={"due"})
        return Group(id, version, offering, **told)


class GroupCommands:
    """`rows_limit`: how many members one command may add."""

    def __init__(self, enrolled: EnrollmentCommands, assigning: AssignmentCommands, rows_limit: int) -> None:
        self._enrolled = enrolled
        self._ledger = enrolled.ledger
        self._assigning = assigning
        self._rows_limit = rows_limit

    @command
    def create(self, context: CommandContext, offering_id: UUID, body: GroupIn) -> Receipt:
        """A group is an assignment of its own, beside others (GRP-2)."""
        with self._ledger.database.connection() as conn:
            offering, now = open_offering(conn, offering_id), facts.now(conn)
            warnings: list[JsonValue] = [*evaluate.flagged(conn, offering, body.due)]
        id = assignment_id(context, offering_id, Target("group", context.correlation))
        target, settings = Target("group", id), AssignmentSettings(due=body.due)
        group = body.group(id, 2, offering_id)
        events = (assignment_rules.create(id, offering, target, settings), groups.describe(id, 2, group))
        row = assignment_row(id, offering, target, settings=settings, batch=context.correlation, now=now)
        inserted = (Row(ASSIGNMENT, row._replace(revision=2)), Row(GROUP, group_row(group)))
        decision = Decision(events, context.meta(), inserted=inserted)
        result: JsonValue = {"assignment_id": str(id), "warnings": warnings}
        return self._ledger.record(context, decision, result, also=lambda conn: check_name(conn, group))

    @command
    def edit(self, context: CommandContext, id: UUID, body: GroupIn) -> Receipt:
        """Replace what the group says and allows. Its due date is the assignment's, and is set there."""
        found = self.find(id)
        if body.due is not None and body.due != found.due_rule:
            raise Invalid(
                "To change a group's due date, change its assignment: PUT /assignments/{id}/due.", field="due"
            )
        before = found.row
        group = body.group(id, before.revision + 1, before.offering)
        with self._ledger.database.connection() as conn:
            row = assignments(conn, [id])[id]._replace(revision=group.version)
            on = evaluate.offerings(conn, [before.offering]).get(before.offering)
            warnings: list[JsonValue] = [*evaluate.flagged(conn, on, found.due_rule)]
        decision = Decision(
            (groups.describe(id, group.version, group),),
            context.meta(),
            updated=(Row(ASSIGNMENT, row), Row(GROUP, group_row(group))),
        )
        also = (lambda conn: check_name(conn, group)) if fold(group.name) != fold(before.name) else None
        return self._ledger.record(context, decision, {"assignment_id": str(id), "warnings": warnings}, also=also)

    def find(self, id: UUID) -> group_rows.LiveGroup:
        """Raises NotFound for one that is not there, or not any more."""
        with self._ledger.database.connection() as conn:
            found = group_rows.group(conn, id)
        if found is None:
            raise NotFound("There is no such group, or none that you may see.", field="assignment_id")
        return found

    @decided_again
    @command
    def add(self, context: CommandContext, scope: Scope, id: UUID, people: Sequence[UUID]) -> Receipt:
        """Put people in, also those whom somebody had taken out; the reply says who could not be added, and why (GRP-4)."""
        if len(people) > self._rows_limit:
            raise Invalid(
                f"One command can have at most {self._rows_limit} people (ROLLBOOK_ASSIGNMENT_ROWS_LIMIT). Send several commands.",
                field="people",
            )
        group, unique = to_group(self.find(id).row), list(dict.fromkeys(people))
        with self._ledger.database.connection() as conn:
            open_offering(conn, group.offering)
            refusals = dict(refused_people(conn, scope, unique))
            there = group_rows.members_among(conn, id, unique)
            versions = group_rows.versions(conn, [membership_id(id, person) for person in unique])
            out = group_rows.excluded_among(conn, id, unique)
        refusals |= {p: ("member-already", "This person is already in the group.") for p in there if p not in refusals}
        joining = [person for person in unique if person not in refusals]
        decision = Decision((), context.meta())
        for person in (p for p in joining if p in out):
            decision = decision.together(state_rows.decision(self._allowed(person, group), context.meta()))
        events: list[Event] = []
        for person in joining:
            stream = membership_id(id, person)
            events.append(groups.joined(Membership(stream, versions.get(stream, 0)), group, person, "administrator"))
        members = tuple(Row(MEMBER, (id, person, "administrator")) for person in joining)
        decision = decision.together(Decision(tuple(events), context.meta(), inserted=members))
        result: JsonValue = {
            "added": [str(person) for person in joining],
            "refused": [Refused(person, group.offering, *why).json() for person, why in refusals.items()],
        }
        return self._ledger.record(context, decision, result, also=_marking(joining, context))

    def _allowed(self, person: UUID, group: Group) -> Transition:
        return grants.allow_again(self._enrolled.find(enrollment_id(person, group.offering)), group.assignment)

    @decided_again
    @command
    def take_out(self, context: CommandContext, scope: Scope, id: UUID, person: UUID, *, reason: str | None) -> Receipt:
        """An administrator takes a member out, also one who came alone (ASG-18); nobody comes back by that group alone (ASG-7)."""
        self._assigning.check_person(scope, person)
        group, texts = to_group(self.find(id).row), Texts()
        event = groups.left(self._membership(group.assignment, person), group, person, "administrator")
        state = self._standing(person, group)
        change = None
        if id in state.grants:
            change = grants.exclude(state, id, texts.ref(person, reason))
        elif id in state.holds:
            change = grants.leave(state, id)
        return self._out(context, event, group, person, change=change, texts=texts)

    @decided_again
    def join(self, context: CommandContext, id: UUID, person: UUID, *, confirmed: bool) -> Receipt:
        """The learner enrols by this group; without the confirmation the refusal says what is to be confirmed (GRP-3, GRP-7)."""
        found = self.find(id)
        group = to_group(found.row)
        membership = self._membership(group.assignment, person)
        if self._ledger.find_receipt(context) or membership.by is not None:
            return self._enrolled.settled(context, person, group.offering)
        with self._ledger.database.connection() as conn:
            if not visibility.visible(conn, person, [group.offering], closed=True):
                raise visibility.unseen()
        offering, moment = self._enrolled.surroundings(group.offering)
        groups.check_joinable(group, offering, moment.now)
        self._check_welcome(group, person)
        if not confirmed:
            raise _to_confirm(
                f"You will be enrolled in '{offering.title}' through the group '{group.name}'. Due: {describe(found.due_rule)}."
            )
        event, member = groups.joined(membership, group, person, "learner"), Row(MEMBER, (id, person, "learner"))
        decision = Decision((event,), context.meta(), inserted=(member,))
        told: JsonValue = {"assignment_id": str(id)}
        self._ledger.record(context, decision, told, also=_marking([person], context))
        return self._enrolled.settled(context, person, group.offering)

    def _check_welcome(self, group: Group, person: UUID) -> None:
        with self._ledger.database.connection() as conn:
            found = facts.people(conn, [person]).get(person)
            out = group_rows.excluded_among(conn, group.assignment, [person])
        check_active(found is not None and found.active)
        if out:
            raise Forbidden(
                "An administrator removed you from this group. Ask an administrator to add you again.", kind="excluded"
            )

    @decided_again
    def leave(self, context: CommandContext, id: UUID, person: UUID, *, confirmed: bool) -> Receipt:
        """The learner withdraws from an own enrollment, and from nothing else (GRP-5, GRP-6). Who has left already stays so."""
        source = self._assigning.find(id)
        membership = self._membership(id, person)
        if self._ledger.find_receipt(context) or _has_left(source, membership, person):
            return self._enrolled.settled(context, person, source.offering)
        offering, _ = self._enrolled.surroundings(source.offering)
        state = self._ledger.load(enrollment_id(person, source.offering), evolve)
        state = state or Enrollment.unknown(person, source.offering)
        change = grants.leave(state, id)
        if source.target.type == "group":
            group = to_group(self.find(id).row)
            event: Event = groups.left(membership, group, person, "learner")
            decision = Decision((event,), context.meta(), deleted=(Row(MEMBER, (id, person)),))
        elif source.target == Target("self", person):
            decision = self._assigning.removal([source], None, context)
        else:
            raise groups.not_own()
        if not confirmed:
            raise self._leaving(offering, source, state)
        if change:
            decision = decision.together(state_rows.decision(change, context.meta()))
        self._ledger.record(context, decision, {"assignment_id": str(id)}, also=_marking([person], context))
        return self._enrolled.settled(context, person, source.offering)

    def _leaving(self, offering: Offering, source: Assignment, state: Enrollment) -> Conflict:
        """What withdrawing does: the group, and what stays (GRP-5, GRP-6); as a text, and as values for pages in other words."""
        others = state.grants - {source.id}
        with self._ledger.database.connection() as conn:
            called = names.of_assignments(conn, [source.id, *others])
            types = {id: row.type for id, row in assignments(conn, others).items()}
        group = called[source.id] if source.target.type == "group" else None
        left = f"the group '{group}' of " if group else ""
        kept = sorted((called[id] or "", types[id]) for id in others)
        stays = ", ".join(f"{name or 'unnamed'} ({type.replace('-', ' ')})" for name, type in kept)
        then = (
            f"Your other assignments stay: {stays}." if stays else f"You will not be on this {offering.kind} any more."
        )
        within = bool(state.via and not stays)
        if within:
            then = "You stay on this course as a part of a certification."
        return _to_confirm(
            f"You will be withdrawn from {left}'{offering.title}'. {then} What you have completed stays.",
            {
                "group": group,
                "stays": [{"type": type, "name": name or None} for name, type in kept],
                "within_certification": within,
            },
        )

    def _out(
        self,
        context: CommandContext,
        event: Event,
        group: Group,
        person: UUID,
        *,
        change: Transition | None,
        texts: Texts,
    ) -> Receipt:
        decision = Decision((event,), context.meta(), deleted=(Row(MEMBER, (group.assignment, person)),))
        if change:
            decision = decision.together(state_rows.decision(change, context.meta()))

        def also(conn: Connection) -> None:
            texts.keep(conn)
            facts.enqueue(conn, [person], context.meta())

        return self._ledger.record(context, decision, {"assignment_id": str(group.assignment)}, also=also)

    def _standing(self, person: UUID, group: Group) -> Enrollment:
        found = self._ledger.load(enrollment_id(person, group.offering), evolve)
        return found or Enrollment.unknown(person, group.offering)

    def _membership(self, group: UUID, person: UUID) -> Membership:
        id = membership_id(group, person)
        return self._ledger.load(id, groups.evolve) or Membership(id)


def _has_left(source: Assignment, membership: Membership, person: UUID) -> bool:
    if source.target.type == "group":
        return bool(membership.version) and membership.by is None
    return source.target == Target("self", person) and not source.live


def _marking(people: Sequence[UUID], context: CommandContext) -> Callable[[Connection], None]:
    def queue(conn: Connection) -> None:
        facts.enqueue(conn, people, context.meta())

    return queue


def _to_confirm(what: str, told: Mapping[str, JsonValue] | None = None) -> Conflict:
    refusal = Conflict(f"{what} To confirm, POST this again with confirm: true.", kind="confirmation-required")
    refusal.extra = {"text": what, **(told or {})}
    return refusal
