"""Commands that create and remove assignments, and that keep one learner away from one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4, uuid5

from pydantic import JsonValue

from services.enrollment.application import evaluator
from services.enrollment.application.expansion import enqueue
from services.enrollment.domain import assignments as rules
from services.enrollment.domain import standing
from services.enrollment.domain.assignments import Assignment, Offering, Target
from services.enrollment.projections import facts, state
from services.enrollment.projections.state import ASSIGNMENT, AssignmentRow
from shared.auth import Scope
from shared.database import Connection
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.events import Event
from shared.store import Context, Decision, Ledger, Receipt, Row
from shared.texts import Texts


class Enrollments(Ledger):
    """The events of this service: assignments and enrollments."""

    name = "enrollment"


@dataclass(frozen=True)
class Refused:
    """A row of a command that was not carried out, and why."""

    person: UUID
    offering: UUID
    kind: str
    detail: str
    assignment: UUID | None = None

    def json(self) -> dict[str, JsonValue]:
        row: dict[str, JsonValue] = {
            "person_id": str(self.person),
            "offering_id": str(self.offering),
            "kind": self.kind,
            "detail": self.detail,
        }
        return {**row, "assignment_id": str(self.assignment)} if self.assignment else row


class Assigning:
    """Assigning by administrators (ASG-1 to ASG-7)."""

    def __init__(self, ledger: Enrollments, rows_limit: int) -> None:
        self._ledger = ledger
        self._rows_limit = rows_limit

    def earlier(self, context: Context) -> Receipt | None:
        """The receipt of this command if it was carried out before (ASG-6)."""
        return self._ledger.earlier(context)

    def assign_people(
        self, context: Context, scope: Scope, offering_ids: Sequence[UUID], people: Sequence[UUID]
    ) -> Receipt:
        """One assignment for each person and offering, at once (ASG-4, ASG-8); what cannot be is refused by row (ASG-5)."""
        if earlier := self._ledger.earlier(context):
            return earlier
        self._check_size(offering_ids, people)
        with self._ledger.database.connection() as conn:
            offerings = [open_offering(conn, id) for id in dict.fromkeys(offering_ids)]
            refusals = _refused_people(conn, scope, people)
            existing = state.live_targets(
                conn, [o.id for o in offerings], [("individual", person) for person in dict.fromkeys(people)]
            )
        created: list[tuple[Offering, Target]] = []
        refused: list[Refused] = []
        for offering in offerings:
            for person in dict.fromkeys(people):
                known = existing.get((offering.id, "individual", person))
                if person in refusals:
                    refused.append(Refused(person, offering.id, *refusals[person]))
                elif known:
                    refused.append(
                        Refused(person, offering.id, "assigned-already", "This person has this assignment.", known)
                    )
                else:
                    created.append((offering, Target("individual", person)))
        return self.create(context, created, refused)

    def _check_size(self, offering_ids: Sequence[UUID], people: Sequence[UUID]) -> None:
        if not offering_ids or not people:
            raise Invalid("Name at least one offering and one person.", field="people" if offering_ids else "offerings")
        rows = len(offering_ids) * len(people)
        if rows > self._rows_limit:
            raise Invalid(
                f"One command may name {self._rows_limit} people times offerings (ROLLBOOK_ASSIGNMENT_ROWS_LIMIT), "
                f"this one names {rows}. Assign an audience or an organisation, or send several commands.",
                field="people",
            )

    def create(
        self, context: Context, wanted: Sequence[tuple[Offering, Target]], refused: Sequence[Refused] = ()
    ) -> Receipt:
        """Record these assignments as one batch, and queue their scope."""
        events: list[Event] = []
        rows: list[Row] = []
        by_offering: dict[UUID, list[UUID]] = {}
        with self._ledger.database.connection() as conn:
            now = conn.execute("SELECT clock_timestamp()").fetchone()
        for offering, target in wanted:
            id = assignment_id(context, offering.id, target)
            events.append(rules.create(id, offering, target))
            values = (id, 1, offering.id, target.type, target.id, target.include_below, True, context.correlation)
            rows.append(Row(ASSIGNMENT, (*values, now[0] if now else None)))
            by_offering.setdefault(offering.id, []).append(id)
        jobs = {offering: uuid4() for offering in by_offering}
        created: list[JsonValue] = [
            {"assignment_id": str(r.values[0]), "offering_id": str(r.values[2]), "target_id": str(r.values[4])}
            for r in rows
        ]
        result: JsonValue = {
            "created": created,
            "refused": [row.json() for row in refused],
            "jobs": [str(job) for job in jobs.values()],
        }

        def queue(conn: Connection) -> None:
            for offering, ids in by_offering.items():
                enqueue(conn, context.meta(), offering, ids, job=jobs[offering])

        return self._ledger.record(
            context, Decision(tuple(events), context.meta(), new=tuple(rows)), result, also=queue
        )

    def remove(self, context: Context, removing: Sequence[Assignment], reason: str | None) -> Receipt:
        """End these assignments of one offering as one batch, and queue whom they hold (ASG-7)."""
        texts = Texts()
        with self._ledger.database.connection() as conn:
            rows = state.assignments(conn, [a.id for a in removing])
        events = tuple(rules.remove(a, texts.ref(a.id, reason)) for a in removing)
        changed = tuple(Row(ASSIGNMENT, _ended(rows[a.id], event)) for a, event in zip(removing, events, strict=True))
        job = uuid4()

        def queue(conn: Connection) -> None:
            texts.keep(conn)
            enqueue(conn, context.meta(), removing[0].offering, [a.id for a in removing], job=job)

        result: JsonValue = {"removed": [str(a.id) for a in removing], "jobs": [str(job)]}
        return self._ledger.record(context, Decision(events, context.meta(), changed=changed), result, also=queue)

    def exclude(self, context: Context, scope: Scope, assignment: UUID, person: UUID, reason: str | None) -> Receipt:
        """Take one learner out of one assignment until somebody allows it again (ASG-7)."""
        if earlier := self._ledger.earlier(context):
            return earlier
        texts = Texts()
        change = standing.exclude(self._standing(scope, assignment, person), assignment, texts.ref(person, reason))
        result = {"enrollment_id": str(change.after.id), "status": change.after.status}
        return self._ledger.record(context, evaluator.decision(change, context.meta()), dict(result), also=texts.keep)

    def allow_again(self, context: Context, scope: Scope, assignment: UUID, person: UUID) -> Receipt:
        """Lift an exclusion; the learner comes back if the assignment's rule still says so."""
        if earlier := self._ledger.earlier(context):
            return earlier
        change = standing.allow_again(self._standing(scope, assignment, person), assignment)

        def queue(conn: Connection) -> None:
            facts.mark(conn, [person], context.meta())

        return self._ledger.record(
            context, evaluator.decision(change, context.meta()), {"enrollment_id": str(change.after.id)}, also=queue
        )

    def _standing(self, scope: Scope, assignment: UUID, person: UUID) -> standing.Enrollment:
        found = self.find(assignment)
        with self._ledger.database.connection() as conn:
            if not may_see(conn, scope, [person]):
                raise NotFound("There is no such learner, or none that you may see.", field="person_id")
        loaded = self._ledger.load(standing.enrollment_id(person, found.offering), standing.evolve)
        if loaded is None:
            raise NotFound("This learner has no enrollment on this offering.", field="person_id")
        return loaded

    def find(self, id: UUID) -> Assignment:
        """Raises NotFound."""
        found = self._ledger.load(id, rules.evolve)
        if found is None:
            raise NotFound("There is no such assignment, or none that you may see.", field="assignment_id")
        return found


def assignment_id(context: Context, offering: UUID, target: Target) -> UUID:
    """The same command makes the same assignment, however often it is tried."""
    return uuid5(offering, f"{context.actor}/{context.command_id}/{target.type}/{target.id}")


def open_offering(conn: Connection, id: UUID) -> Offering:
    """Raises NotFound; refuses one that is inactive or unpublished."""
    fact = facts.offerings(conn, [id]).get(id)
    if fact is None:
        raise NotFound(
            "There is no such offering. The catalogue lists them: GET /api/catalog/offerings.", field="offering_id"
        )
    found = evaluator.offering(fact)
    rules.check_open(found)
    return found


def may_see(conn: Connection, scope: Scope, ids: Sequence[UUID]) -> bool:
    """All these people or organisations are within the scope (SEC-2)."""
    return scope.everything or facts.within(conn, ids, scope.organisations) == set(ids)


def check_target(conn: Connection, scope: Scope, target: Target, *, allow_empty: bool = False) -> None:
    """Refuses a target that is unknown, empty, or beyond the caller's organisations."""
    match target.type:
        case "organisation" | "position":
            unit = facts.units(conn, [target.id]).get(target.id)
            known = unit is not None and unit.kind == target.type
        case "audience":
            audience = facts.audiences(conn, [target.id]).get(target.id)
            known = audience is not None
            if audience and not audience[1] and not allow_empty:
                raise Conflict(
                    f"The audience '{audience[0]}' has no members, so nobody would be assigned. Add members first, or send "
                    "allow_empty: true to assign those who join later.",
                    field="targets",
                    kind="empty-audience",
                )
        case _:
            known = target.id in facts.people(conn, [target.id])
    visible = known and (target.type in ("audience", "position") or may_see(conn, scope, [target.id]))
    if not visible:
        raise NotFound(
            f"There is no such {target.type}, or none that you may see.", field="targets", target_id=target.id
        )
    if not scope.everything and target.type in ("audience", "position", "manager"):
        raise Forbidden(
            f"Assigning to {'an' if target.type == 'audience' else 'a'} {target.type} can reach people of any organisation, "
            "so the permission 'assign' is needed for everything. Assign an organisation, or ask a site administrator.",
            field="targets",
            permission="assign",
        )


def _refused_people(conn: Connection, scope: Scope, people: Sequence[UUID]) -> Mapping[UUID, tuple[str, str]]:
    known = facts.people(conn, people)
    visible = set(known) if scope.everything else facts.within(conn, list(known), scope.organisations)
    refused = {}
    for person in people:
        if person not in visible:
            refused[person] = ("unknown-person", "There is no such person, or none that you may see.")
        elif not known[person].active:
            refused[person] = ("inactive-person", "This person is not active. Reactivate the person first.")
    return refused


def _ended(row: AssignmentRow, event: Event) -> tuple[object, ...]:
    return row._replace(revision=event.originator_version, live=False)
