"""Assignments: the sources that bring learners to offerings, and when a new one is refused."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from services.enrollment.domain.offerings import Offering, check_open
from shared.contracts.enrollment import (
    OF_ONE_PERSON,
    AssignmentCreated,
    AssignmentRemoved,
    AssignmentType,
    DueRule,
    DueRuleSet,
    GroupDescribed,
    RequirementSet,
)
from shared.errors import Conflict, Invalid
from shared.events import Event, TextRef

ACCESS_DAYS = 180
"""Of a course that says nothing else, in an organisation that does not either (ASG-14)."""


@dataclass(frozen=True)
class Target:
    """Whom an assignment is for."""

    type: AssignmentType
    id: UUID
    include_below: bool = False

    @property
    def one_person(self) -> bool:
        """Nobody else can ever be held by it."""
        return self.type in OF_ONE_PERSON


@dataclass(frozen=True)
class AssignmentSettings:
    """What an assignment gives to everybody whom it holds: an access period shorter than the course's, in days, a note,
    a due date, and whether a qualification is required of them: it is optional unless that is said (ASG-11)."""

    access_days: int | None = None
    note: TextRef | None = None
    important: bool = False
    due: DueRule | None = None
    required: bool | None = None
    last_day: date | None = None
    """The last day of access, where the period was given so."""
    reason: TextRef | None = None
    """Why, in a person's words (LRN-8)."""


DEFAULT_SETTINGS = AssignmentSettings()


@dataclass(frozen=True)
class Assignment:
    """An assignment as its events tell it."""

    id: UUID
    version: int
    offering: UUID
    target: Target
    live: bool
    shared: AssignmentSettings = DEFAULT_SETTINGS


def evolve(state: Assignment | None, event: Event) -> Assignment | None:
    match event:
        case AssignmentCreated():
            target = Target(event.type, event.target_id, event.include_below)
            shared = AssignmentSettings(
                access_days=event.access_days,
                note=event.note,
                important=event.important,
                due=event.due,
                required=event.required,
                reason=event.reason,
            )
            return Assignment(
                id=event.originator_id,
                version=event.originator_version,
                offering=event.offering_id,
                target=target,
                live=True,
                shared=shared,
            )
        case DueRuleSet() if state is not None:
            return replace(state, version=event.originator_version, shared=replace(state.shared, due=event.due))
        case RequirementSet() if state is not None:
            shared = replace(state.shared, required=event.required)
            return replace(state, version=event.originator_version, shared=shared)
        case GroupDescribed() if state is not None:
            return replace(state, version=event.originator_version)
        case AssignmentRemoved() if state is not None:
            return replace(state, version=event.originator_version, live=False)
        case _:
            return state


def create(
    id: UUID,
    offering: Offering,
    target: Target,
    shared: AssignmentSettings,
    *,
    longest: int = ACCESS_DAYS,
    after: int = 0,
    origin: UUID | None = None,
) -> AssignmentCreated:
    """Refuses an offering that is not open, an access period that is too long (see `check_access_days`), and a requirement of
    what is no qualification (ASG-11).

    `after`: the version of one that was removed, and is to be there again. `origin`: the request or the redemption that it
    comes from.
    """
    check_open(offering)
    check_access_days(offering, shared.access_days, longest, as_day=shared.last_day)
    if shared.required is not None:
        check_requirement(offering)
    settled = replace(shared, required=requires(offering, shared.required))
    return created(id, offering.id, target, settled, after=after, origin=origin)


def created(
    id: UUID,
    offering: UUID,
    target: Target,
    shared: AssignmentSettings,
    *,
    after: int = 0,
    origin: UUID | None = None,
) -> AssignmentCreated:
    """Of what cannot be refused: a job role's qualifications wait until they are open."""
    return AssignmentCreated(
        originator_id=id,
        originator_version=after + 1,
        offering_id=offering,
        type=target.type,
        target_id=target.id,
        include_below=target.include_below,
        access_days=shared.access_days,
        note=shared.note,
        important=shared.important,
        due=shared.due,
        required=shared.required is not False,
        origin_id=origin,
        reason=shared.reason,
    )


def requires(offering: Offering, asked: bool | None) -> bool:
    """Of a qualification: optional unless somebody says required (ASG-11). Of anything else it means nothing."""
    return asked if asked is not None else offering.kind != "qualification"


def check_requirement(offering: Offering) -> None:
    """Refuses what is neither required nor optional."""
    if offering.kind != "qualification":
        raise Invalid(
            f"'{offering.title}' is not a qualification; only qualifications can be required or optional.",
            field="required",
        )


def set_requirement(state: Assignment, required: bool) -> RequirementSet | None:
    """None where it is so already. Refuses an assignment that is gone (ASG-11)."""
    if not state.live:
        raise Conflict("This assignment has already been removed.", kind="assignment-removed")
    if state.shared.required == required:
        return None
    return RequirementSet(originator_id=state.id, originator_version=state.version + 1, required=required)


def set_due_rule(state: Assignment, due: DueRule | None) -> DueRuleSet | None:
    """None where it is so already. Refuses an assignment that is gone."""
    if not state.live:
        raise Conflict("This assignment has already been removed.", kind="assignment-removed")
    if state.shared.due == due:
        return None
    return DueRuleSet(originator_id=state.id, originator_version=state.version + 1, due=due)


def access_days(offering: Offering, of_organisation: int | None = None) -> int | None:
    """How long a course assignment gives access (ASG-14); None: as long as the enrollment lives."""
    return (offering.access_days or of_organisation or ACCESS_DAYS) if offering.kind == "course" else None


def check_access_days(
    offering: Offering, days: int | None, longest: int = ACCESS_DAYS, *, as_day: date | None = None
) -> None:
    """Refuses a period that is longer than anybody's would be, or that has no meaning for the offering's kind.

    `longest`: the most days that the organisations of the learners give, for a course that says nothing. They may give
    different ones: then each learner has the smaller of what was asked for and what the own organisation gives (ASG-14).
    `as_day`: the last day, where it was given so.
    """
    field = "access_until" if as_day else "access_days"
    if days is None:
        return
    most = access_days(offering, longest)
    if most is None:
        raise Invalid("Only courses have an access period. Leave it out.", field=field)
    if not 1 <= days <= most:
        until = f", that is until {as_day + timedelta(days=most - days)}" if as_day else ""
        raise Invalid(
            f"'{offering.title}' gives access for {most} days{until}; you can only make it shorter.", field=field
        )


def remove(state: Assignment, reason: TextRef | None, *, undone: bool = False) -> AssignmentRemoved:
    """Refuses one that was removed already."""
    if not state.live:
        raise Conflict("This assignment has already been removed.", kind="assignment-removed")
    return AssignmentRemoved(originator_id=state.id, originator_version=state.version + 1, reason=reason, undone=undone)


def check_not_of_job_role(state: Assignment) -> None:
    """What goes with a job role is changed where the job role is (CAT-10)."""
    if state.target.type == "job-role":
        raise Conflict(
            "This assignment comes from a job role. Change the job role's qualifications: PUT /api/catalog/job-roles/{id}.",
            kind="from-job-role",
            job_role_id=str(state.target.id),
        )


def adding_text(kind: str, count: int, assignments: int) -> str:
    """What is asked before a rule is added (ASG-8), word for word."""
    these = "this" if assignments == 1 else "these"
    noun = "assignment" if assignments == 1 else "assignments"
    return f"Adding {these} {noun} will enrol {count} learners to this {kind} except where they are enrolled already."


def adding_to_several_text(count: int, offerings: int) -> str:
    """The same for people who are assigned to several offerings."""
    return (
        f"Adding these assignments will enrol {count} learners to these {offerings} offerings except where they are "
        "enrolled already."
    )


def due_text(kind: str, count: int) -> str:
    """What is asked before a due rule is changed."""
    return f"This will change the due date of {count} learners on this {kind}, and never to an earlier one."


def removing_text(kind: str, count: int) -> str:
    """What is asked before a rule is removed (ASG-8), word for word."""
    return f"This will withdraw {count} learners from this {kind} except where they have another assignment."
