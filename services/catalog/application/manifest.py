"""The catalog as code: a file, the difference, and making it so (CAT-16)."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.catalog.application import job_roles as job_role_commands
from services.catalog.application import manifest_differences
from services.catalog.application.contents import ApprovalsIn, MailIn
from services.catalog.application.job_roles import JobRoles, ListedJobRole
from services.catalog.application.offerings import Catalog, CertificationIn, CourseIn, Described, decision
from services.catalog.domain import editing
from services.catalog.domain import job_roles as job_role_rules
from services.catalog.domain.job_roles import JobRole
from services.catalog.domain.offering import Admission, Completion, Offering, Qualification, evolve
from services.catalog.projections import job_roles, offerings
from shared.contracts.catalog import NOTIFICATIONS, LearnerAccess, Notification, Reporter, Step
from shared.differences import differences
from shared.errors import Conflict, Invalid
from shared.events import Event
from shared.folding import fold
from shared.limits import Code, Moment, Name, Place
from shared.store import CommandContext, Decision, Receipt, decided_again


class StepIn(BaseModel):
    """A step in a file; `course` is a code."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["course", "exam", "task"]
    title: Name
    course: Code | None = None
    pass_mark: int | None = Field(default=None, ge=0, le=100)
    reported_by: Reporter | None = None


class VersionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: list[StepIn] = Field(min_length=1, max_length=200)
    state: Literal["draft", "published", "retired"] = "published"
    in_order: bool = False


class _Listed(BaseModel):
    active: bool = True
    notifications: frozenset[Notification] = NOTIFICATIONS
    mail: MailIn = MailIn()
    keep_begun: bool = True
    earliest_due: bool = False
    access: LearnerAccess = "request"
    opens: Moment | None = None
    closes: Moment | None = None
    audiences: frozenset[UUID] = Field(default=frozenset(), max_length=200)
    review: bool = False
    earlier_completions: bool = False
    approvals: ApprovalsIn = ApprovalsIn()


class ListedCourse(CourseIn, _Listed):
    kind: Literal["course"]


class ListedCertification(CertificationIn, _Listed):
    kind: Literal["certification"]
    versions: dict[Place, VersionIn] = Field(default_factory=dict, max_length=1_000)


class ListedQualification(Described, _Listed):
    """`items` are codes."""

    kind: Literal["qualification"]
    items: list[Code] = Field(min_length=1, max_length=200)

    def of(self, ids: dict[str, UUID]) -> Qualification:
        """`ids` by folded code."""
        items = tuple(dict.fromkeys(ids[fold(code)] for code in self.items))
        same = {name: getattr(self, name) for name in Qualification.__dataclass_fields__ if name != "items"}
        return Qualification(**same, items=items)


Listed = ListedCourse | ListedCertification | ListedQualification


class Manifest(BaseModel):
    """The catalog as code. What is not in the file stays as it is."""

    model_config = ConfigDict(extra="forbid")

    offerings: list[Listed] = Field(default_factory=list, max_length=2_000)
    job_roles: list[ListedJobRole] = Field(default_factory=list, max_length=2_000)


Pair = tuple[str, Offering | JobRole | None, Offering | JobRole]
"""A code, what there is under it, and what will be."""


class ManifestApplier:
    """`rollbook apply`: the difference between a file and the catalog, and making it so in one batch (CAT-16)."""

    def __init__(self, catalog: Catalog, job_roles: JobRoles) -> None:
        self._catalog = catalog
        self._job_roles = job_roles

    @decided_again
    def apply(self, context: CommandContext, file: Manifest, *, dry_run: bool) -> Receipt:
        """All or nothing. The result lists each as created, changed or unchanged, with the fields that differ, old and new."""
        if not dry_run and (earlier := self._catalog.find_receipt(context)):
            return earlier
        with self._catalog.database.connection() as conn:
            known = offerings.by_code(
                conn, [o.code for o in file.offerings] + _courses(file) + _items(file) + _linked(file)
            )
        self._check(file, {code: row.kind for code, row in known.items()})
        ids = {fold(o.code): known[fold(o.code)].id if fold(o.code) in known else uuid4() for o in file.offerings}
        ids |= {code: row.id for code, row in known.items()}
        decisions: list[Decision] = []
        pairs: list[Pair] = []
        for wanted in file.offerings:
            before = self._catalog.find(ids[fold(wanted.code)]) if fold(wanted.code) in known else None
            after, events = _towards(before, ids[fold(wanted.code)], wanted, ids)
            decisions.append(decision(context, before, after, events))
            pairs.append((wanted.code, before, after))
        for role in file.job_roles:
            one, pair = self._towards(context, role, ids)
            decisions.append(one)
            pairs.append(pair)
        result: JsonValue = {"items": self._items(pairs, ids), "dry_run": dry_run}
        if dry_run:
            return Receipt(position=None, batch=context.correlation, result=result)
        whole = Decision(
            tuple(event for d in decisions for event in d.events),
            context.meta(),
            inserted=tuple(row for d in decisions for row in d.inserted),
            updated=tuple(row for d in decisions for row in d.updated),
        )
        return self._catalog.record(context, whole, result)

    def _towards(self, context: CommandContext, wanted: ListedJobRole, ids: dict[str, UUID]) -> tuple[Decision, "Pair"]:
        """What makes one job role as the file has it. `ids` of offerings by code."""
        with self._catalog.database.connection() as conn:
            known = job_roles.by_code(conn, [wanted.code]).get(fold(wanted.code))
        before = self._job_roles.find(known) if known else None
        events = job_role_rules.describe(before, known or uuid4(), wanted.of(ids))
        after = job_role_commands.evolved(before, events)
        return job_role_commands.decision(context, before, after, events), (wanted.code, before, after)

    def _items(self, pairs: Sequence["Pair"], ids: dict[str, UUID]) -> list[JsonValue]:
        """What became of each, or would; offerings are called by their codes, `ids` those that the file names."""
        named = manifest_differences.named(state for _, *both in pairs for state in both)
        with self._catalog.database.connection() as conn:
            codes = {id: row.code for id, row in offerings.by_id(conn, named).items()}
        codes = {id: code.upper() for code, id in ids.items()} | codes
        return [_item(*pair, codes) for pair in pairs]

    def _check(self, file: Manifest, known: dict[str, str]) -> None:
        """`known`: kinds by code, as the catalog has them."""
        for field, codes in (("offerings", [fold(o.code) for o in file.offerings]), ("job_roles", _codes(file))):
            if twice := sorted({code for code in codes if codes.count(code) > 1}):
                raise Invalid(f"These codes appear more than once in the file: {', '.join(twice)}.", field=field)
        kinds = known | {fold(o.code): o.kind for o in file.offerings}
        missing = sorted({code for code in _courses(file) if kinds.get(fold(code)) != "course"})
        if missing:
            raise Invalid(
                f"Steps refer to courses that are not in the catalog or the file: {', '.join(missing)}.",
                field="offerings",
            )
        wrong = sorted({c for c in _items(file) if kinds.get(fold(c)) not in ("course", "certification")})
        if wrong:
            raise Invalid(
                f"The items of a qualification must be courses or certifications. These are not: {', '.join(wrong)}.",
                field="offerings",
            )
        if wrong := sorted({code for code in _linked(file) if kinds.get(fold(code)) != "qualification"}):
            raise Invalid(
                f"Job roles can link only qualifications. These are not: {', '.join(wrong)}.",
                field="job_roles",
            )
        for step in _steps(file):
            if (step.kind == "course") != (step.course is not None):
                raise Invalid(
                    f"The step '{step.title}': a step of kind course must name its course, and no other step may.",
                    field="offerings",
                )


def _steps(file: Manifest) -> list[StepIn]:
    certifications = [o for o in file.offerings if isinstance(o, ListedCertification)]
    return [step for o in certifications for version in o.versions.values() for step in version.steps]


def _courses(file: Manifest) -> list[str]:
    return [step.course for step in _steps(file) if step.course]


def _items(file: Manifest) -> list[str]:
    return [code for o in file.offerings if isinstance(o, ListedQualification) for code in o.items]


def _codes(file: Manifest) -> list[str]:
    return [fold(role.code) for role in file.job_roles]


def _linked(file: Manifest) -> list[str]:
    return [link.qualification for role in file.job_roles for link in role.qualifications]


def _towards(before: Offering | None, id: UUID, wanted: Listed, ids: dict[str, UUID]) -> tuple[Offering, list[Event]]:
    """The offering as the file has it, and the events that lead there."""
    events: list[Event] = []
    state = before

    def step(decided: list[Event]) -> Offering:
        nonlocal state
        for event in decided:
            events.append(event)
            state = evolve(state, event)
        assert state is not None
        return state

    described = wanted.of(ids) if isinstance(wanted, ListedQualification) else wanted.described()
    now = step(editing.describe(state, id, described))
    if isinstance(wanted, ListedCertification):
        for number, version in sorted(wanted.versions.items()):
            steps = tuple(
                Step(
                    kind=s.kind,
                    title=s.title,
                    course_id=ids[fold(s.course)] if s.course else None,
                    pass_mark=s.pass_mark,
                    reported_by=s.reported_by,
                )
                for s in version.steps
            )
            now = step(editing.draft(now, number, steps, in_order=version.in_order))
            if version.state == "published" and now.versions[number].state != "retired":
                now = step(editing.publish(now, number))
            elif version.state == "published" and number == max(wanted.versions):
                raise Conflict(
                    f"Version {number} of {wanted.code} is retired and cannot be changed. Add version {number + 1} to the file.",
                    field="offerings",
                    kind="version-not-editable",
                )
            elif version.state == "retired":
                now = step(editing.retire(now, number))
    now = step(editing.activate(now, active=wanted.active))
    now = step(editing.switch(now, wanted.notifications, wanted.mail.rules()))
    now = step(editing.admit(now, Admission(wanted.access, wanted.opens, wanted.closes)))
    now = step(editing.choose_visibility(now, wanted.audiences))
    now = step(editing.decide_completion(now, Completion(wanted.review, wanted.earlier_completions)))
    now = step(editing.configure_approvals(now, wanted.approvals.approvals()))
    now = step(editing.combine_due_dates(now, earliest=wanted.earliest_due))
    return step(editing.decide_drop_outs(now, keep_begun=wanted.keep_begun)), events


def _item(
    code: str, before: Offering | JobRole | None, after: Offering | JobRole, codes: manifest_differences.Codes
) -> dict[str, JsonValue]:
    outcome = "unchanged" if before == after else "changed" if before else "created"
    if isinstance(after, JobRole):
        old = manifest_differences.job_role(before, codes) if isinstance(before, JobRole) else None
        changes = differences(old, manifest_differences.job_role(after, codes))
        return {"kind": "job-role", "code": code, "outcome": outcome, "changes": changes}
    old = manifest_differences.offering(before, codes) if isinstance(before, Offering) else None
    return {
        "kind": after.kind,
        "code": code,
        "outcome": outcome,
        "changes": differences(old, manifest_differences.offering(after, codes)),
    }
