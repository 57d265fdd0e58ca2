"""Commands of the catalog, one method each."""

from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.catalog.application.contents import ActivityIn, PriceIn
from services.catalog.domain import editing
from services.catalog.domain.offering import (
    Admission,
    Approvals,
    Certification,
    Completion,
    Course,
    MailRules,
    Offering,
    Qualification,
    evolve,
)
from services.catalog.projections import offerings
from services.catalog.projections.offerings import OFFERING, OfferingRow
from shared.contracts.catalog import Notification, Step
from shared.database import Connection
from shared.errors import Conflict, Invalid, NotFound
from shared.events import Event
from shared.folding import fold
from shared.http import check_version
from shared.limits import Code, Days, Description, Line, Name
from shared.store import CommandContext, Decision, Receipt, Row, ServiceApplication, command


class Described(BaseModel):
    """What offerings of every kind have in common."""

    model_config = ConfigDict(extra="forbid")

    code: Code = Field(description="Unique regardless of case")
    title: Name
    description: Description = ""
    certificate: Line | None = None
    badge: Line | None = None
    price: PriceIn | None = None


class CourseIn(Described):
    """A course, whole (CAT-1, CAT-8)."""

    kind: Literal["course"] = "course"
    activities: tuple[ActivityIn, ...] = Field(default=(), max_length=200)
    minimum_minutes: int = Field(default=0, ge=0, le=1_000_000)
    access_days: Days | None = None
    in_order: bool = False

    def described(self) -> Course:
        return Course(**{name: getattr(self, name) for name in Course.__dataclass_fields__})


class CertificationIn(Described):
    """A certification, whole (CAT-2). Without `minimum_minutes` it is the sum of its courses."""

    kind: Literal["certification"] = "certification"
    minimum_minutes: int | None = Field(default=None, ge=0, le=1_000_000)

    def described(self) -> Certification:
        return Certification(**{name: getattr(self, name) for name in Certification.__dataclass_fields__})


class QualificationIn(Described):
    """A qualification, whole (CAT-9). `items`: the courses and certifications that earn it."""

    kind: Literal["qualification"] = "qualification"
    items: tuple[UUID, ...] = Field(min_length=1, max_length=200)

    def described(self) -> Qualification:
        return Qualification(**{name: getattr(self, name) for name in Qualification.__dataclass_fields__})


class Catalog(ServiceApplication):
    """The events of the catalog: one stream for each offering."""

    name = "catalog"

    @command
    def describe(
        self,
        context: CommandContext,
        wanted: CourseIn | CertificationIn | QualificationIn,
        id: UUID | None = None,
        expected: int | None = None,
    ) -> Receipt:
        """Create an offering, or replace the description of `id` whole. Codes are unique."""
        state = self.find(id) if id else None
        if state:
            check_version(expected, state.version)
        self._check_code(wanted.code, id)
        items = self._items(wanted.items) if isinstance(wanted, QualificationIn) else []
        fresh = uuid5(context.actor, f"offering/{context.command_id}")
        events = editing.describe(state, id or fresh, wanted.described())
        return self._write(context, state, events, [warning for item in items if (warning := unseen(item))])

    def draft(
        self,
        context: CommandContext,
        id: UUID,
        number: int,
        steps: Sequence[Step],
        expected: int | None,
        *,
        in_order: bool = False,
    ) -> Receipt:
        """Write a version of a certification; its steps name courses of this catalog."""

        def decide(state: Offering) -> list[Event]:
            with self.database.connection() as conn:
                self._check_courses(conn, steps)
            return editing.draft(state, number, tuple(steps), in_order=in_order)

        return self._change(context, id, expected, decide)

    def publish(self, context: CommandContext, id: UUID, number: int, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: editing.publish(state, number))

    def retire(self, context: CommandContext, id: UUID, number: int, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: editing.retire(state, number))

    def activate(self, context: CommandContext, id: UUID, *, active: bool, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: editing.activate(state, active=active))

    def switch(
        self,
        context: CommandContext,
        id: UUID,
        on: frozenset[Notification],
        mail: MailRules | None,
        expected: int | None,
    ) -> Receipt:
        """Without `mail` the other e-mails stay as they are."""
        return self._change(context, id, expected, lambda state: editing.switch(state, on, mail))

    def decide_drop_outs(self, context: CommandContext, id: UUID, *, keep_begun: bool, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: editing.decide_drop_outs(state, keep_begun=keep_begun))

    def combine_due_dates(self, context: CommandContext, id: UUID, *, earliest: bool, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: editing.combine_due_dates(state, earliest=earliest))

    def admit(self, context: CommandContext, id: UUID, admission: Admission, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: editing.admit(state, admission))

    def choose_visibility(
        self, context: CommandContext, id: UUID, audiences: frozenset[UUID], expected: int | None
    ) -> Receipt:
        return self._change(context, id, expected, lambda state: editing.choose_visibility(state, audiences))

    def decide_completion(
        self, context: CommandContext, id: UUID, completion: Completion, expected: int | None
    ) -> Receipt:
        return self._change(context, id, expected, lambda state: editing.decide_completion(state, completion))

    def configure_approvals(
        self, context: CommandContext, id: UUID, approvals: Approvals, expected: int | None
    ) -> Receipt:
        return self._change(context, id, expected, lambda state: editing.configure_approvals(state, approvals))

    def find(self, id: UUID) -> Offering:
        """Raises NotFound."""
        state = self.load(id, evolve)
        if state is None:
            raise NotFound("There is no such offering. GET /api/catalog/offerings lists them.", field="offering_id")
        return state

    @command
    def _change(
        self, context: CommandContext, id: UUID, expected: int | None, decide: Callable[[Offering], list[Event]]
    ) -> Receipt:
        state = self.find(id)
        check_version(expected, state.version)
        return self._write(context, state, decide(state))

    def _write(
        self, context: CommandContext, state: Offering | None, events: list[Event], warnings: Sequence[JsonValue] = ()
    ) -> Receipt:
        after = state
        for event in events:
            after = evolve(after, event)
        assert after is not None
        result: dict[str, JsonValue] = {"id": str(after.id), "version": after.version}
        result |= {"warnings": list(warnings)} if warnings else {}
        return self.record(context, decision(context, state, after, events), result)

    def _check_code(self, code: str, id: UUID | None) -> None:
        with self.database.connection() as conn:
            known = offerings.by_code(conn, [code]).get(fold(code))
        if known and known.id != id:
            raise Conflict(
                f"The code '{code}' is already used by '{known.title}'. Choose another code, or edit that offering.",
                field="code",
                kind="code-taken",
                offering_id=str(known.id),
            )

    def _items(self, ids: Sequence[UUID]) -> list[Offering]:
        """The items of a qualification. Refuses what is not in the catalog, and other qualifications."""
        with self.database.connection() as conn:
            found = {id for id, row in offerings.by_id(conn, ids).items() if row.kind != "qualification"}
        if wrong := sorted(set(ids) - found):
            raise Invalid(
                "The items of a qualification must be courses or certifications in the catalog. These are not: "
                f"{', '.join(map(str, wrong))}.",
                field="items",
                unknown=[str(id) for id in wrong],
            )
        if len(set(ids)) < len(ids):
            raise Invalid("An item appears more than once in the list.", field="items")
        return [self.find(id) for id in ids]

    def _check_courses(self, conn: Connection, steps: Sequence[Step]) -> None:
        named = {step.course_id for step in steps if step.course_id}
        found = {id for id, row in offerings.by_id(conn, named).items() if row.kind == "course"}
        if named - found:
            raise Invalid(
                "A step refers to a course that is not in the catalog.",
                field="steps",
                unknown=[str(id) for id in sorted(named - found)],
            )
        if any((step.kind == "course") != (step.course_id is not None) for step in steps):
            raise Invalid("A step of kind course must have a course_id, and no other step may.", field="steps")


def unseen(item: Offering) -> dict[str, JsonValue] | None:
    """Why learners who are not assigned to an item do not see it, as far as the catalog knows (CAT-11)."""
    reason: str | None = "hidden" if item.admission.access == "hidden" else None
    if item.kind == "certification" and item.published is None:
        reason = "unpublished"
    if not item.active:
        reason = "inactive"
    if reason is None:
        return None
    return {"item_id": str(item.id), "code": item.described.code, "title": item.described.title, "reason": reason}


def decision(context: CommandContext, before: Offering | None, after: Offering, events: Sequence[Event]) -> Decision:
    """Events together with the row of the list."""
    steps = after.versions[after.published].steps if after.published else ()
    described = after.described
    parts = (
        described.items if isinstance(described, Qualification) else offerings.courses_of([s.course_id for s in steps])
    )
    row = Row(
        OFFERING,
        OfferingRow(
            id=after.id,
            revision=after.version,
            kind=after.kind,
            code=described.code,
            title=described.title,
            active=after.active,
            published=after.published,
            minimum_minutes=None if isinstance(described, Qualification) else described.minimum_minutes,
            courses=list(parts),
            code_folded=fold(described.code),
            title_folded=fold(described.title),
        ),
    )
    if not events:
        return Decision((), context.meta())
    return Decision(tuple(events), context.meta(), inserted=() if before else (row,), updated=(row,) if before else ())
