"""The catalogue as code: a file, the difference, and making it so (CAT-16)."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from services.catalog import domain, projections
from services.catalog.application.offerings import Catalog, CertificationIn, CourseIn, decision
from services.catalog.domain import Admission, Completion, Offering
from shared.contracts.catalog import NOTIFICATIONS, LearnerAccess, Notification, Step
from shared.errors import Conflict, Invalid
from shared.events import Event
from shared.store import Context, Decision, Receipt


class StepIn(BaseModel):
    """A step in a file; `course` is a code."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["course", "exam", "task"]
    title: str = Field(min_length=1, max_length=255)
    course: str | None = None
    pass_mark: int | None = Field(default=None, ge=0, le=100)


class VersionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: list[StepIn] = Field(min_length=1, max_length=200)
    state: Literal["draft", "published", "retired"] = "published"
    in_order: bool = False


class _Listed(BaseModel):
    active: bool = True
    notifications: frozenset[Notification] = NOTIFICATIONS
    keep_begun: bool = True
    access: LearnerAccess = "request"
    opens: AwareDatetime | None = None
    closes: AwareDatetime | None = None
    review: bool = False
    earlier_completions: bool = False


class ListedCourse(CourseIn, _Listed):
    kind: Literal["course"]


class ListedCertification(CertificationIn, _Listed):
    kind: Literal["certification"]
    versions: dict[int, VersionIn] = Field(default_factory=dict)


class File(BaseModel):
    """The catalogue as code. What is not in the file stays as it is."""

    model_config = ConfigDict(extra="forbid")

    offerings: list[ListedCourse | ListedCertification] = Field(max_length=2_000)


class Applying:
    """`rollbook apply`: the difference between a file and the catalogue, and making it so in one batch (CAT-16)."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def apply(self, context: Context, file: File, *, dry_run: bool) -> Receipt:
        """All or nothing. The result lists each offering as created, changed (with the events) or unchanged."""
        if not dry_run and (earlier := self._catalog.earlier(context)):
            return earlier
        with self._catalog.database.connection() as conn:
            known = projections.by_code(conn, [o.code for o in file.offerings] + _courses(file))
        self._check(file, {code for code, row in known.items() if row.kind == "course"})
        ids = {o.code.lower(): known[o.code.lower()].id if o.code.lower() in known else uuid4() for o in file.offerings}
        ids |= {code: row.id for code, row in known.items()}
        decisions: list[Decision] = []
        items: list[JsonValue] = []
        for wanted in file.offerings:
            before = self._catalog.find(ids[wanted.code.lower()]) if wanted.code.lower() in known else None
            after, events = _towards(before, ids[wanted.code.lower()], wanted, ids)
            decisions.append(decision(context, before, after, events))
            items.append(_item(wanted.code, before, events))
        result: JsonValue = {"items": items, "dry_run": dry_run}
        if dry_run:
            return Receipt(position="catalog:0", batch=context.correlation, result=result)
        whole = Decision(
            tuple(event for d in decisions for event in d.events),
            context.meta(),
            new=tuple(row for d in decisions for row in d.new),
            changed=tuple(row for d in decisions for row in d.changed),
        )
        return self._catalog.record(context, whole, result)

    def _check(self, file: File, known: set[str]) -> None:
        """`known` are the codes of the catalogue's courses."""
        codes = [o.code.lower() for o in file.offerings]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise Invalid(f"These codes stand twice in the file: {', '.join(twice)}.", field="offerings")
        courses = known.union(o.code.lower() for o in file.offerings if isinstance(o, ListedCourse))
        missing = sorted({code for code in _courses(file) if code.lower() not in courses})
        if missing:
            raise Invalid(f"Steps name courses that are nowhere: {', '.join(missing)}.", field="offerings")
        for step in _steps(file):
            if (step.kind == "course") != (step.course is not None):
                raise Invalid(
                    f"The step '{step.title}': a step of kind course names its course, and no other step does.",
                    field="offerings",
                )


def _steps(file: File) -> list[StepIn]:
    certifications = [o for o in file.offerings if isinstance(o, ListedCertification)]
    return [step for o in certifications for version in o.versions.values() for step in version.steps]


def _courses(file: File) -> list[str]:
    return [step.course for step in _steps(file) if step.course]


def _towards(
    before: Offering | None, id: UUID, wanted: ListedCourse | ListedCertification, ids: dict[str, UUID]
) -> tuple[Offering, list[Event]]:
    """The offering as the file has it, and the events that lead there."""
    events: list[Event] = []
    state = before

    def step(decided: list[Event]) -> Offering:
        nonlocal state
        for event in decided:
            events.append(event)
            state = domain.evolve(state, event)
        assert state is not None
        return state

    now = step(domain.describe(state, id, wanted.described()))
    if isinstance(wanted, ListedCertification):
        for number, version in sorted(wanted.versions.items()):
            steps = tuple(
                Step(
                    kind=s.kind,
                    title=s.title,
                    course_id=ids[s.course.lower()] if s.course else None,
                    pass_mark=s.pass_mark,
                )
                for s in version.steps
            )
            now = step(domain.draft(now, number, steps, in_order=version.in_order))
            if version.state == "published" and now.versions[number].state != "retired":
                now = step(domain.publish(now, number))
            elif version.state == "published" and number == max(wanted.versions):
                raise Conflict(
                    f"Version {number} of {wanted.code} is retired and stays so. Add version {number + 1} to the file.",
                    field="offerings",
                    kind="version-fixed",
                )
            elif version.state == "retired":
                now = step(domain.retire(now, number))
    now = step(domain.activate(now, active=wanted.active))
    now = step(domain.switch(now, wanted.notifications))
    now = step(domain.admit(now, Admission(wanted.access, wanted.opens, wanted.closes)))
    now = step(domain.decide_completion(now, Completion(wanted.review, wanted.earlier_completions)))
    return step(domain.decide_drop_outs(now, keep_begun=wanted.keep_begun)), events


def _item(code: str, before: Offering | None, events: Sequence[Event]) -> dict[str, JsonValue]:
    outcome = "unchanged" if not events else "changed" if before else "created"
    return {"code": code, "outcome": outcome, "changes": [type(event).__name__ for event in events]}
