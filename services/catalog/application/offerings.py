"""Commands of the catalogue, one method each."""

from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from services.catalog import domain, projections
from services.catalog.domain import Admission, Certification, Completion, Course, Offering
from services.catalog.projections import OFFERING
from shared.contracts.catalog import Activity, Notification, Price, Step
from shared.database import Connection
from shared.errors import Conflict, Invalid, NotFound
from shared.events import Event
from shared.http import check_version
from shared.store import Context, Decision, Ledger, Receipt, Row


class _Described(BaseModel):
    """What courses and certifications have in common."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="Unique regardless of case")
    title: str = Field(min_length=1, max_length=255)
    description: str = Field(default="", max_length=10_000)
    certificate: str | None = Field(default=None, max_length=255)
    badge: str | None = Field(default=None, max_length=255)
    price: Price | None = None


class CourseIn(_Described):
    """A course, whole (CAT-1, CAT-8)."""

    kind: Literal["course"] = "course"
    activities: tuple[Activity, ...] = Field(default=(), max_length=200)
    minimum_minutes: int = Field(default=0, ge=0, le=1_000_000)
    access_days: int | None = Field(default=None, ge=1, le=36_500)
    in_order: bool = False

    def described(self) -> Course:
        return Course(**{name: getattr(self, name) for name in Course.__dataclass_fields__})


class CertificationIn(_Described):
    """A certification, whole (CAT-2). Without `minimum_minutes` it is the sum of its courses."""

    kind: Literal["certification"] = "certification"
    minimum_minutes: int | None = Field(default=None, ge=0, le=1_000_000)

    def described(self) -> Certification:
        return Certification(**{name: getattr(self, name) for name in Certification.__dataclass_fields__})


class Catalog(Ledger):
    """The events of the catalogue: one stream for each offering."""

    name = "catalog"

    def describe(
        self, context: Context, wanted: CourseIn | CertificationIn, id: UUID | None = None, expected: int | None = None
    ) -> Receipt:
        """Create an offering, or replace the description of `id` whole. Codes are unique."""
        if earlier := self.earlier(context):
            return earlier
        state = self.find(id) if id else None
        if state:
            check_version(expected, state.version)
        self._check_code(wanted.code, id)
        fresh = uuid5(context.actor, f"offering/{context.command_id}")
        return self._write(context, state, domain.describe(state, id or fresh, wanted.described()))

    def draft(
        self,
        context: Context,
        id: UUID,
        number: int,
        steps: Sequence[Step],
        expected: int | None,
        *,
        in_order: bool = False,
    ) -> Receipt:
        """Write a version of a certification; its steps name courses of this catalogue."""

        def decide(state: Offering) -> list[Event]:
            with self.database.connection() as conn:
                self._check_courses(conn, steps)
            return domain.draft(state, number, tuple(steps), in_order=in_order)

        return self._change(context, id, expected, decide)

    def publish(self, context: Context, id: UUID, number: int, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: domain.publish(state, number))

    def retire(self, context: Context, id: UUID, number: int, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: domain.retire(state, number))

    def activate(self, context: Context, id: UUID, *, active: bool, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: domain.activate(state, active=active))

    def switch(self, context: Context, id: UUID, on: frozenset[Notification], expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: domain.switch(state, on))

    def decide_drop_outs(self, context: Context, id: UUID, *, keep_begun: bool, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: domain.decide_drop_outs(state, keep_begun=keep_begun))

    def admit(self, context: Context, id: UUID, admission: Admission, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: domain.admit(state, admission))

    def decide_completion(self, context: Context, id: UUID, completion: Completion, expected: int | None) -> Receipt:
        return self._change(context, id, expected, lambda state: domain.decide_completion(state, completion))

    def find(self, id: UUID) -> Offering:
        """Raises NotFound."""
        state = self.load(id, domain.evolve)
        if state is None:
            raise NotFound("There is no such offering. GET /api/catalog/offerings lists them.", field="offering_id")
        return state

    def _change(
        self, context: Context, id: UUID, expected: int | None, decide: Callable[[Offering], list[Event]]
    ) -> Receipt:
        if earlier := self.earlier(context):
            return earlier
        state = self.find(id)
        check_version(expected, state.version)
        return self._write(context, state, decide(state))

    def _write(self, context: Context, state: Offering | None, events: list[Event]) -> Receipt:
        after = state
        for event in events:
            after = domain.evolve(after, event)
        assert after is not None
        return self.record(
            context, decision(context, state, after, events), {"id": str(after.id), "version": after.version}
        )

    def _check_code(self, code: str, id: UUID | None) -> None:
        with self.database.connection() as conn:
            known = projections.by_code(conn, [code]).get(code.lower())
        if known and known.id != id:
            raise Conflict(
                f"The code '{code}' belongs to '{known.title}'. Choose another, or edit that offering.",
                field="code",
                kind="code-taken",
                offering_id=str(known.id),
            )

    def _check_courses(self, conn: Connection, steps: Sequence[Step]) -> None:
        named = {step.course_id for step in steps if step.course_id}
        found = {id for id, row in projections.by_id(conn, named).items() if row.kind == "course"}
        if named - found:
            raise Invalid(
                "A step names a course that is not in the catalogue.",
                field="steps",
                unknown=[str(id) for id in sorted(named - found)],
            )
        if any((step.kind == "course") != (step.course_id is not None) for step in steps):
            raise Invalid("A step of kind course names its course_id, and no other step does.", field="steps")


def decision(context: Context, before: Offering | None, after: Offering, events: Sequence[Event]) -> Decision:
    """Events together with the row of the list."""
    published = after.versions[after.published].steps if after.published else ()
    row = Row(
        OFFERING,
        (
            after.id,
            after.version,
            after.kind,
            after.described.code,
            after.described.title,
            after.active,
            after.published,
            after.described.minimum_minutes,
            projections.courses_of([step.course_id for step in published]),
        ),
    )
    if not events:
        return Decision((), context.meta())
    return Decision(tuple(events), context.meta(), new=() if before else (row,), changed=(row,) if before else ())
