"""Groups: made and filled by administrators; joined and left by learners (GRP-1 to GRP-7, ASG-18)."""

from collections.abc import Callable, Sequence
from uuid import UUID

from pydantic import BaseModel, JsonValue

from services.enrollment.application import judging, rows
from services.enrollment.application.assigning import (
    Assigning,
    Refused,
    assignment_id,
    assignment_row,
    open_offering,
    refused_people,
)
from services.enrollment.application.due_rules import DueRuleIn
from services.enrollment.application.enrolled import Enrolled
from services.enrollment.domain import assignments as rules
from services.enrollment.domain import granting, groups, standing
from services.enrollment.domain.assignments import Assignment, Sharing, Target
from services.enrollment.domain.coming import check_active
from services.enrollment.domain.enrollment import Enrollment, enrollment_id
from services.enrollment.domain.groups import Group, Membership, membership_id
from services.enrollment.domain.standing import Change
from services.enrollment.projections import facts, visibility
from services.enrollment.projections import groups as known
from services.enrollment.projections.state import ASSIGNMENT, GROUP, MEMBER, AssignmentRow, assignments
from shared.auth import Scope
from shared.contracts.enrollment import describe
from shared.database import Connection
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.events import Event
from shared.limits import Moment, Name, Remark
from shared.store import Context, Decision, Receipt, Row, decided_again
from shared.texts import Texts


class GroupIn(BaseModel):
    """A group, whole (GRP-1)."""

    name: Name
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


class Grouping:
    """`rows_limit`: how many members one command may add."""

    def __init__(self, enrolled: Enrolled, assigning: Assigning, rows_limit: int) -> None:
        self._enrolled = enrolled
        self._ledger = enrolled.ledger
        self._assigning = assigning
        self._rows_limit = rows_limit

    def create(self, context: Context, offering_id: UUID, body: GroupIn) -> Receipt:
        """A group is an assignment of its own, beside others (GRP-2)."""
        if earlier := self._ledger.earlier(context):
            return earlier
        with self._ledger.database.connection() as conn:
            offering, now = open_offering(conn, offering_id), facts.now(conn)
            warnings: list[JsonValue] = [*judging.flagged(conn, offering, body.due)]
        id = assignment_id(context, offering_id, Target("group", context.correlation))
        target, sharing = Target("group", id), Sharing(due=body.due)
        group = body.group(id, 2, offering_id)
        events = (rules.create(id, offering, target, sharing), groups.describe(id, 2, group))
        row = AssignmentRow(*assignment_row(context, id, offering, target, sharing, now))._replace(revision=2)  # type: ignore[arg-type]
        decision = Decision(events, context.meta(), new=(Row(ASSIGNMENT, tuple(row)), Row(GROUP, group_row(group))))
        return self._ledger.record(context, decision, {"assignment_id": str(id), "warnings": warnings})

    def edit(self, context: Context, id: UUID, body: GroupIn) -> Receipt:
        """Replace what the group says and allows. Its due date is the assignment's, and is set there."""
        if earlier := self._ledger.earlier(context):
            return earlier
        found = self.find(id)
        if body.due is not None and body.due != found.due_rule:
            raise Invalid("A group's due date is changed at its assignment: PUT /assignments/{id}/due.", field="due")
        group = body.group(id, found.revision + 1, found.offering)
        with self._ledger.database.connection() as conn:
            row = assignments(conn, [id])[id]._replace(revision=group.version)
            on = judging.offerings(conn, [found.offering]).get(found.offering)
            warnings: list[JsonValue] = [*judging.flagged(conn, on, found.due_rule)]
        decision = Decision(
            (groups.describe(id, group.version, group),),
            context.meta(),
            changed=(Row(ASSIGNMENT, tuple(row)), Row(GROUP, group_row(group))),
        )
        return self._ledger.record(context, decision, {"assignment_id": str(id), "warnings": warnings})

    def find(self, id: UUID) -> known.GroupRow:
        """Raises NotFound for one that is not there, or not any more."""
        with self._ledger.database.connection() as conn:
            found = known.group(conn, id)
        if found is None:
            raise NotFound("There is no such group, or none that you may see.", field="assignment_id")
        return found

    @decided_again
    def add(self, context: Context, scope: Scope, id: UUID, people: Sequence[UUID]) -> Receipt:
        """Put people in, also those whom somebody had taken out; the reply says who could not be added, and why (GRP-4)."""
        if earlier := self._ledger.earlier(context):
            return earlier
        if len(people) > self._rows_limit:
            raise Invalid(
                f"One command may name {self._rows_limit} people (ROLLBOOK_ASSIGNMENT_ROWS_LIMIT). Send several.",
                field="people",
            )
        group, unique = _group(self.find(id)), list(dict.fromkeys(people))
        with self._ledger.database.connection() as conn:
            open_offering(conn, group.offering)
            refusals = dict(refused_people(conn, scope, unique))
            there = known.members_among(conn, id, unique)
            versions = known.versions(conn, [membership_id(id, person) for person in unique])
            out = known.excluded_among(conn, id, unique)
        refusals |= {p: ("member-already", "This person is in the group already.") for p in there if p not in refusals}
        joining = [person for person in unique if person not in refusals]
        decision = Decision((), context.meta())
        for person in (p for p in joining if p in out):
            decision = decision.together(rows.decision(self._allowed(person, group), context.meta()))
        events: list[Event] = []
        for person in joining:
            stream = membership_id(id, person)
            events.append(groups.joined(Membership(stream, versions.get(stream, 0)), group, person, "administrator"))
        members = tuple(Row(MEMBER, (id, person, "administrator")) for person in joining)
        decision = decision.together(Decision(tuple(events), context.meta(), new=members))
        result: JsonValue = {
            "added": [str(person) for person in joining],
            "refused": [Refused(person, group.offering, *why).json() for person, why in refusals.items()],
        }
        return self._ledger.record(context, decision, result, also=_marking(joining, context))

    def _allowed(self, person: UUID, group: Group) -> Change:
        return granting.allow_again(self._enrolled.find(enrollment_id(person, group.offering)), group.assignment)

    @decided_again
    def take_out(self, context: Context, scope: Scope, id: UUID, person: UUID, reason: str | None) -> Receipt:
        """An administrator takes a member out, also one who came alone (ASG-18); nobody comes back by that group alone (ASG-7)."""
        if earlier := self._ledger.earlier(context):
            return earlier
        self._assigning.check_person(scope, person)
        group, texts = _group(self.find(id)), Texts()
        event = groups.left(self._membership(group.assignment, person), group, person, "administrator")
        state = self._standing(person, group)
        change = None
        if id in state.grants:
            change = granting.exclude(state, id, texts.ref(person, reason))
        elif id in state.holds:
            change = granting.leave(state, id)
        return self._out(context, event, group, person, change, texts)

    @decided_again
    def join(self, context: Context, id: UUID, person: UUID, *, confirmed: bool) -> Receipt:
        """The learner enrols by this group; without the confirmation the refusal says what is to be confirmed (GRP-3, GRP-7)."""
        found = self.find(id)
        group = _group(found)
        membership = self._membership(group.assignment, person)
        if self._ledger.earlier(context) or membership.by is not None:
            return self._enrolled.settled(context, person, found.offering)
        with self._ledger.database.connection() as conn:
            if not visibility.visible(conn, person, [group.offering], closed=True):
                raise visibility.unseen()
        offering, at = self._enrolled.surroundings(group.offering)
        groups.check_joinable(group, offering, at.now)
        self._check_welcome(group, person)
        if not confirmed:
            raise _to_confirm(
                f"You will be enrolled on '{offering.title}' by the group '{group.name}'. Due: {describe(found.due_rule)}.",
                "POST this again with confirm: true.",
            )
        event, member = groups.joined(membership, group, person, "learner"), Row(MEMBER, (id, person, "learner"))
        decision = Decision((event,), context.meta(), new=(member,))
        told: JsonValue = {"assignment_id": str(id)}
        self._ledger.record(context, decision, told, also=_marking([person], context))
        return self._enrolled.settled(context, person, group.offering)

    def _check_welcome(self, group: Group, person: UUID) -> None:
        with self._ledger.database.connection() as conn:
            found = facts.people(conn, [person]).get(person)
            out = known.excluded_among(conn, group.assignment, [person])
        check_active(found is not None and found.active)
        if out:
            raise Forbidden(
                "An administrator took you out of this group. Ask an administrator to add you again.", kind="excluded"
            )

    @decided_again
    def leave(self, context: Context, id: UUID, person: UUID, *, confirmed: bool) -> Receipt:
        """The learner withdraws from an own enrolment, and from nothing else (GRP-5, GRP-6). Who has left already stays so."""
        source = self._assigning.find(id)
        membership = self._membership(id, person)
        if self._ledger.earlier(context) or _has_left(source, membership, person):
            return self._enrolled.settled(context, person, source.offering)
        offering, _ = self._enrolled.surroundings(source.offering)
        state = self._ledger.load(enrollment_id(person, source.offering), standing.evolve)
        state = state or Enrollment.unknown(person, source.offering)
        change = granting.leave(state, id)
        if source.target.type == "group":
            group = _group(self.find(id))
            event: Event = groups.left(membership, group, person, "learner")
            decision = Decision((event,), context.meta(), gone=(Row(MEMBER, (id, person)),))
        elif source.target == Target("self", person):
            decision = self._assigning.removal([source], None, context)
        else:
            raise Forbidden(
                "You can withdraw only from an enrolment of your own. Ask an administrator.", kind="not-own-enrolment"
            )
        if not confirmed:
            stays = " You stay enrolled by another assignment." if state.grants - {id} else ""
            raise _to_confirm(
                f"You will be withdrawn from '{offering.title}'.{stays} Progress and completions stay on record.",
                "POST this again with confirm: true.",
            )
        if change:
            decision = decision.together(rows.decision(change, context.meta()))
        self._ledger.record(context, decision, {"assignment_id": str(id)}, also=_marking([person], context))
        return self._enrolled.settled(context, person, source.offering)

    def _out(
        self, context: Context, event: Event, group: Group, person: UUID, change: Change | None, texts: Texts
    ) -> Receipt:
        decision = Decision((event,), context.meta(), gone=(Row(MEMBER, (group.assignment, person)),))
        if change:
            decision = decision.together(rows.decision(change, context.meta()))

        def also(conn: Connection) -> None:
            texts.keep(conn)
            facts.mark(conn, [person], context.meta())

        return self._ledger.record(context, decision, {"assignment_id": str(group.assignment)}, also=also)

    def _standing(self, person: UUID, group: Group) -> Enrollment:
        found = self._ledger.load(enrollment_id(person, group.offering), standing.evolve)
        return found or Enrollment.unknown(person, group.offering)

    def _membership(self, group: UUID, person: UUID) -> Membership:
        id = membership_id(group, person)
        return self._ledger.load(id, groups.evolve) or Membership(id)


def _has_left(source: Assignment, membership: Membership, person: UUID) -> bool:
    if source.target.type == "group":
        return bool(membership.version) and membership.by is None
    return source.target == Target("self", person) and not source.live


def _group(row: known.GroupRow) -> Group:
    return Group(*row[:-1])


def group_row(group: Group) -> tuple[object, ...]:
    """The state row of a group."""
    said = (group.name, group.description, group.allow_enrol, group.allow_withdraw, group.opens, group.closes)
    return (group.assignment, group.version, group.offering, *said)


def _marking(people: Sequence[UUID], context: Context) -> Callable[[Connection], None]:
    def queue(conn: Connection) -> None:
        facts.mark(conn, people, context.meta())

    return queue


def _to_confirm(what: str, how: str) -> Conflict:
    return Conflict(f"{what} {how}", kind="confirmation-needed", text=what)
