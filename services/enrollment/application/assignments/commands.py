"""Commands that create and remove assignments, and that keep one learner away from one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4, uuid5

from pydantic import JsonValue

from services.enrollment.application.assignments.rows import assignment_row
from services.enrollment.application.assignments.settings import AssignmentSettingsRequest
from services.enrollment.application.assignments.targets import longest_access, may_see
from services.enrollment.application.evaluation import evaluate
from services.enrollment.application.evaluation.fan_out import enqueue
from services.enrollment.application.ledger import Enrollments
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain.assignments import ACCESS_DAYS, DEFAULT_SETTINGS, Assignment, AssignmentSettings, Target
from services.enrollment.domain.offerings import Offering, check_open
from services.enrollment.projections import facts, learning_items, tables
from services.enrollment.projections.tables import ASSIGNMENT, AssignmentRow
from shared.auth import Scope
from shared.database import Connection, Database, scalar
from shared.errors import Invalid, NotFound
from shared.events import Event, TextRef
from shared.store import CommandContext, Decision, Receipt, Row, command, decided_again
from shared.texts import Texts


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


class AssignmentCommands:
    """Assigning by administrators (ASG-1 to ASG-7)."""

    def __init__(self, ledger: Enrollments, rows_limit: int) -> None:
        self._ledger = ledger
        self._rows_limit = rows_limit

    @property
    def database(self) -> Database:
        return self._ledger.database

    def find_receipt(self, context: CommandContext) -> Receipt | None:
        """The receipt of this command if it was carried out before (ASG-6)."""
        return self._ledger.find_receipt(context)

    @decided_again
    @command
    def assign_people(
        self,
        context: CommandContext,
        scope: Scope,
        offering_ids: Sequence[UUID],
        people: Sequence[UUID],
        *,
        settings: AssignmentSettingsRequest,
    ) -> Receipt:
        """One assignment for each person and offering, at once (ASG-4, ASG-8); what cannot be is refused by row (ASG-5)."""
        self.check_size(offering_ids, people)
        created, refused = self.judge(scope, offering_ids, people)
        texts = Texts()
        kept = settings.to_settings(texts, context.actor, self._today())
        return self.create(context, created, refused, settings=kept, texts=texts, unseen=self.unseen(created))

    def _today(self) -> date:
        with self._ledger.database.connection() as conn:
            return facts.today(conn)

    def unseen(self, created: Sequence[tuple[Offering, Target]]) -> list[JsonValue]:
        """Items of the qualifications that these people do not see (CAT-11)."""
        people: dict[UUID, list[UUID]] = {}
        for offering, target in created:
            if offering.kind == "qualification":
                people.setdefault(offering.id, []).append(target.id)
        with self._ledger.database.connection() as conn:
            found = {id: learning_items.warnings_for(conn, id, learners) for id, learners in people.items()}
        return [
            {"offering_id": str(id), **warning.model_dump(mode="json")}
            for id, warnings in found.items()
            for warning in warnings
        ]

    def judge(
        self, scope: Scope, offering_ids: Sequence[UUID], people: Sequence[UUID]
    ) -> tuple[list[tuple[Offering, Target]], list[Refused]]:
        """Which assignments of one person each would be new, and what cannot be. Raises for an offering that is not open."""
        with self._ledger.database.connection() as conn:
            return judge(conn, scope, offering_ids, people)

    def qualifications(self, offering_ids: Sequence[UUID]) -> bool:
        """All of these are qualifications."""
        with self._ledger.database.connection() as conn:
            known = evaluate.offerings(conn, offering_ids)
        return set(known) == set(offering_ids) and all(one.kind == "qualification" for one in known.values())

    def check_size(self, offering_ids: Sequence[UUID], people: Sequence[UUID]) -> None:
        """Refuses more people times offerings than one command can have."""
        if not offering_ids or not people:
            raise Invalid("Name at least one offering and one person.", field="people" if offering_ids else "offerings")
        rows = len(offering_ids) * len(people)
        if rows > self._rows_limit:
            raise Invalid(
                f"One command can have at most {self._rows_limit} people times offerings (ROLLBOOK_ASSIGNMENT_ROWS_LIMIT); "
                f"this one has {rows}. Assign an audience or an organisation, or send several commands.",
                field="people",
            )

    def create(
        self,
        context: CommandContext,
        wanted: Sequence[tuple[Offering, Target]],
        refused: Sequence[Refused] = (),
        *,
        settings: AssignmentSettings = DEFAULT_SETTINGS,
        texts: Texts | None = None,
        report: Mapping[str, JsonValue] | None = None,
        unseen: Sequence[JsonValue] = (),
    ) -> Receipt:
        """Record these assignments as one batch, and queue their scope. `texts` holds the note of `settings`.

        The result lists what was created and refused, or is `report` instead; and it names the jobs. Of qualifications it has the
        `unseen` items, and where these are listed for all learners.
        """
        events: list[Event] = []
        rows: list[AssignmentRow] = []
        by_offering: dict[UUID, list[UUID]] = {}
        with self._ledger.database.connection() as conn:
            now = scalar(conn, "SELECT clock_timestamp()", datetime)
            longest = ACCESS_DAYS
            if settings.access_days is not None:
                longest = longest_access(conn, [target for _, target in wanted])
            warnings = _flagged(conn, {offering.id: offering for offering, _ in wanted}.values(), settings)
        for offering, target in wanted:
            id = assignment_id(context, offering.id, target)
            events.append(assignment_rules.create(id, offering, target, settings, longest=longest))
            row = assignment_row(id, offering, target, settings=settings, batch=context.correlation, now=now)
            rows.append(row)
            by_offering.setdefault(offering.id, []).append(id)
        jobs = {offering: uuid4() for offering in by_offering}
        created: list[JsonValue] = [
            {"assignment_id": str(row.id), "offering_id": str(row.offering), "target_id": str(row.target)}
            for row in rows
        ]
        if report is None:
            report = {"created": created, "refused": [row.json() for row in refused], "warnings": warnings}
        qualifications = {offering.id for offering, _ in wanted if offering.kind == "qualification"}
        if qualifications:
            where: list[JsonValue] = [learning_items.where_warnings(id) for id in sorted(qualifications)]
            report = {**report, "item_warnings": [*unseen], "item_warnings_at": where}
        result: JsonValue = {**report, "jobs": [str(job) for job in jobs.values()]}

        def queue(conn: Connection) -> None:
            if texts:
                texts.keep(conn)
            for offering, ids in by_offering.items():
                enqueue(conn, context.meta(), offering, ids, job=jobs[offering])

        inserted = tuple(Row(ASSIGNMENT, row) for row in rows)
        return self._ledger.record(
            context, Decision(tuple(events), context.meta(), inserted=inserted), result, also=queue
        )

    def remove(self, context: CommandContext, removing: Sequence[Assignment], reason: str | None) -> Receipt:
        """End these assignments of one offering as one batch, and queue whom they hold (ASG-7)."""
        texts = Texts()
        decision = self.removal(removing, texts.ref(removing[0].id, reason), context)
        job = uuid4()

        def queue(conn: Connection) -> None:
            texts.keep(conn)
            enqueue(conn, context.meta(), removing[0].offering, [a.id for a in removing], job=job)

        result: JsonValue = {"removed": [str(a.id) for a in removing], "jobs": [str(job)]}
        return self._ledger.record(context, decision, result, also=queue)

    def removal(
        self, removing: Sequence[Assignment], reason: TextRef | None, context: CommandContext, *, undone: bool = False
    ) -> Decision:
        """That these assignments end, with their rows."""
        with self._ledger.database.connection() as conn:
            known = tables.assignments(conn, [a.id for a in removing])
        events = tuple(assignment_rules.remove(a, reason, undone=undone) for a in removing)
        changed = tuple(
            Row(ASSIGNMENT, known[a.id]._replace(revision=event.originator_version, live=False, undone=undone))
            for a, event in zip(removing, events, strict=True)
        )
        return Decision(events, context.meta(), updated=changed)

    def visible(self, scope: Scope, person: UUID) -> bool:
        """Whether there is such a person within the scope (SEC-2)."""
        with self._ledger.database.connection() as conn:
            return person in facts.people(conn, [person]) and may_see(conn, scope, [person])

    def check_person(self, scope: Scope, person: UUID) -> None:
        """Raises NotFound for one that is unknown, or outside the scope."""
        if not self.visible(scope, person):
            raise NotFound("There is no such person, or none that you may see.", field="person_id")

    def find(self, id: UUID) -> Assignment:
        """Raises NotFound."""
        found = self._ledger.load(id, assignment_rules.evolve)
        if found is None:
            raise NotFound("There is no such assignment, or none that you may see.", field="assignment_id")
        return found


def judge(
    conn: Connection, scope: Scope, offering_ids: Sequence[UUID], people: Sequence[UUID]
) -> tuple[list[tuple[Offering, Target]], list[Refused]]:
    """Which assignments of one person each would be new, and what cannot be. Raises for an offering that is not open."""
    chosen = [open_offering(conn, id) for id in dict.fromkeys(offering_ids)]
    refusals = refused_people(conn, scope, people)
    existing = tables.live_targets(
        conn, [o.id for o in chosen], [("individual", person) for person in dict.fromkeys(people)]
    )
    created: list[tuple[Offering, Target]] = []
    refused: list[Refused] = []
    for offering in chosen:
        for person in dict.fromkeys(people):
            known = existing.get((offering.id, "individual", person))
            if person in refusals:
                refused.append(Refused(person, offering.id, *refusals[person]))
            elif known:
                refused.append(
                    Refused(
                        person=person,
                        offering=offering.id,
                        kind="already-assigned",
                        detail="This person already has this assignment.",
                        assignment=known,
                    )
                )
            else:
                created.append((offering, Target("individual", person)))
    return created, refused


def assignment_id(context: CommandContext, offering: UUID, target: Target) -> UUID:
    """The same command makes the same assignment, however often it is tried."""
    return uuid5(offering, f"{context.actor}/{context.command_id}/{target.type}/{target.id}")


def _flagged(conn: Connection, offerings: Collection[Offering], settings: AssignmentSettings) -> list[JsonValue]:
    """Due rules that can never be met; of several offerings, with the title (DUE-4)."""
    told = [(one.title, text) for one in offerings for text in evaluate.flagged(conn, one, settings.due)]
    return [f"{title}: {text}" if len(offerings) > 1 else text for title, text in told]


def open_offering(conn: Connection, id: UUID) -> Offering:
    """Raises NotFound; refuses one that is inactive or unpublished."""
    found = evaluate.offerings(conn, [id]).get(id)
    if found is None:
        raise NotFound("There is no such offering. GET /api/catalog/offerings lists them.", field="offering_id")
    check_open(found)
    return found


def refused_people(conn: Connection, scope: Scope, people: Sequence[UUID]) -> Mapping[UUID, tuple[str, str]]:
    """Those who cannot be assigned: the kind of refusal, and why."""
    known = facts.people(conn, people)
    visible = set(known) if scope.everything else facts.within(conn, list(known), scope.organisations)
    refused = {}
    for person in people:
        if person not in visible:
            refused[person] = ("unknown-person", "There is no such person, or none that you may see.")
        elif not known[person].active:
            refused[person] = ("inactive-person", "This person is not active. Reactivate the person first.")
    return refused
