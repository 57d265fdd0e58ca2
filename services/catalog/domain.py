"""Offerings: courses and certifications, their versions, and which edits are refused. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.catalog import (
    NOTIFICATIONS,
    Activity,
    CertificationDescribed,
    CompletionReviewSwitched,
    CourseDescribed,
    DropOutsDecided,
    EarlierCompletionsDecided,
    EnrolmentWindowSet,
    LearnerAccess,
    LearnerAccessChosen,
    Notification,
    NotificationsSwitched,
    OfferingActivated,
    OfferingDeactivated,
    OfferingKind,
    Price,
    Step,
    VersionDrafted,
    VersionPublished,
    VersionRetired,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.events import Event


@dataclass(frozen=True)
class Course:
    """What a course is described by (CAT-1). Times in minutes, access in days."""

    code: str
    title: str
    description: str = ""
    activities: tuple[Activity, ...] = ()
    minimum_minutes: int = 0
    access_days: int | None = None
    certificate: str | None = None
    badge: str | None = None
    price: Price | None = None
    in_order: bool = False


@dataclass(frozen=True)
class Certification:
    """What a certification is described by (CAT-2). `minimum_minutes` None: the sum of its courses."""

    code: str
    title: str
    description: str = ""
    minimum_minutes: int | None = None
    certificate: str | None = None
    badge: str | None = None
    price: Price | None = None


@dataclass(frozen=True)
class Version:
    """A version of a certification."""

    steps: tuple[Step, ...]
    state: str = "draft"
    in_order: bool = False


@dataclass(frozen=True)
class Admission:
    """How learners come by themselves (CAT-5), and from when until when (CAT-19); None: without such an end."""

    access: LearnerAccess = "request"
    opens: datetime | None = None
    closes: datetime | None = None


@dataclass(frozen=True)
class Completion:
    """Whether an administrator looks at it first (CAT-12), and whether courses completed elsewhere count (ENR-8)."""

    review: bool = False
    earlier_completions: bool = False


@dataclass(frozen=True)
class Offering:
    """An offering as its events tell it."""

    id: UUID
    version: int
    described: Course | Certification
    active: bool = True
    versions: Mapping[int, Version] = field(default_factory=dict)
    notifications: frozenset[Notification] = NOTIFICATIONS
    keep_begun: bool = True
    """Who drops out of the last source keeps training that was begun (ASG-10)."""
    admission: Admission = Admission()
    completion: Completion = Completion()

    @property
    def kind(self) -> OfferingKind:
        return "course" if isinstance(self.described, Course) else "certification"

    @property
    def published(self) -> int | None:
        """The version that new learners follow."""
        return next((number for number, v in self.versions.items() if v.state == "published"), None)


def evolve(state: Offering | None, event: Event) -> Offering | None:
    """The offering after an event. Never judges."""
    match event:
        case CourseDescribed() | CertificationDescribed():
            cls = Course if isinstance(event, CourseDescribed) else Certification
            described = cls(**{name: getattr(event, name) for name in cls.__dataclass_fields__})
            base = state or Offering(event.originator_id, 0, described)
            now = replace(base, described=described)
        case _ if state is None:
            return None
        case VersionDrafted():
            drafted = Version(event.steps, in_order=event.in_order)
            now = replace(state, versions={**state.versions, event.version: drafted})
        case VersionPublished():
            now = replace(state, versions=_with_state(state, event.version, "published"))
        case VersionRetired():
            now = replace(state, versions=_with_state(state, event.version, "retired"))
        case OfferingActivated():
            now = replace(state, active=True)
        case OfferingDeactivated():
            now = replace(state, active=False)
        case NotificationsSwitched():
            now = replace(state, notifications=frozenset(event.on))
        case DropOutsDecided():
            now = replace(state, keep_begun=event.keep_begun)
        case _:
            now = _ruled(state, event)
    return replace(now, version=event.originator_version)


def _ruled(state: Offering, event: Event) -> Offering:
    now = state
    match event:
        case LearnerAccessChosen():
            now = replace(state, admission=replace(state.admission, access=event.access))
        case EnrolmentWindowSet():
            now = replace(state, admission=replace(state.admission, opens=event.opens, closes=event.closes))
        case CompletionReviewSwitched():
            now = replace(state, completion=replace(state.completion, review=event.review))
        case EarlierCompletionsDecided():
            now = replace(state, completion=replace(state.completion, earlier_completions=event.count))
    return now


def _with_state(state: Offering, number: int, name: str) -> dict[int, Version]:
    return {**state.versions, number: replace(state.versions[number], state=name)}


def describe(state: Offering | None, id: UUID, wanted: Course | Certification) -> list[Event]:
    """Create the offering, or replace its description whole; nothing where it is so already."""
    if state and type(state.described) is not type(wanted):
        raise Conflict(f"'{wanted.code}' is a {state.kind} and stays one.", field="kind", kind="other-kind")
    if state and state.described == wanted:
        return []
    event = CourseDescribed if isinstance(wanted, Course) else CertificationDescribed
    return [event(originator_id=id, originator_version=_next(state), **vars(wanted))]


def draft(state: Offering, number: int, steps: tuple[Step, ...], *, in_order: bool = False) -> list[Event]:
    """Write or rewrite a draft. What was published stays as it was for ever (CAT-15)."""
    _check_certification(state)
    known = state.versions.get(number)
    if known and (known.steps, known.in_order) == (steps, in_order):
        return []
    if known and known.state != "draft":
        raise Conflict(
            f"Version {number} is {known.state} and never changes. Draft version {max(state.versions) + 1} instead.",
            field="version",
            kind="version-fixed",
        )
    if not known and number != len(state.versions) + 1:
        raise Invalid(f"The next version is {len(state.versions) + 1}.", field="version")
    if not steps:
        raise Invalid("A version has at least one step.", field="steps")
    told = {"version": number, "steps": steps, "in_order": in_order}
    return [VersionDrafted.next_of(state.id, state.version, told)]


def publish(state: Offering, number: int) -> list[Event]:
    """New learners follow this version; the one before is retired."""
    known = _version(state, number)
    if known.state == "published":
        return []
    if known.state == "retired":
        raise Conflict(f"Version {number} is retired. Draft a new one.", field="version", kind="version-fixed")
    events: list[Event] = []
    if state.published is not None:
        events.append(VersionRetired(originator_id=state.id, originator_version=_next(state), version=state.published))
    following = state.version + len(events) + 1
    return [*events, VersionPublished(originator_id=state.id, originator_version=following, version=number)]


def retire(state: Offering, number: int) -> list[Event]:
    """No new learner follows this version; without a published one nobody can come (CAT-3)."""
    known = _version(state, number)
    if known.state == "retired":
        return []
    return [VersionRetired(originator_id=state.id, originator_version=_next(state), version=number)]


def activate(state: Offering, *, active: bool) -> list[Event]:
    """Let new learners come, or not (CAT-4)."""
    if state.active == active:
        return []
    event = OfferingActivated if active else OfferingDeactivated
    return [event(originator_id=state.id, originator_version=_next(state))]


def switch(state: Offering, on: frozenset[Notification]) -> list[Event]:
    """Which e-mails about this offering are on (CAT-17)."""
    if state.notifications == on:
        return []
    return [NotificationsSwitched(originator_id=state.id, originator_version=_next(state), on=tuple(sorted(on)))]


def decide_drop_outs(state: Offering, *, keep_begun: bool) -> list[Event]:
    """Whether who drops out of the last source keeps training that was begun (ASG-10)."""
    if state.keep_begun == keep_begun:
        return []
    return [DropOutsDecided(originator_id=state.id, originator_version=_next(state), keep_begun=keep_begun)]


def admit(state: Offering, admission: Admission) -> list[Event]:
    """How and when learners come by themselves (CAT-5, CAT-19)."""
    opens, closes = admission.opens, admission.closes
    if opens and closes and closes <= opens:
        raise Invalid("Enrolment has to close after it opens.", field="closes")
    events: list[Event] = []
    if state.admission.access != admission.access:
        events.append(LearnerAccessChosen.next_of(state.id, state.version, {"access": admission.access}))
    if (state.admission.opens, state.admission.closes) != (opens, closes):
        events.append(
            EnrolmentWindowSet.next_of(state.id, state.version + len(events), {"opens": opens, "closes": closes})
        )
    return events


def decide_completion(state: Offering, completion: Completion) -> list[Event]:
    """What a completion asks for (CAT-12, ENR-8)."""
    events: list[Event] = []
    if state.completion.review != completion.review:
        events.append(CompletionReviewSwitched.next_of(state.id, state.version, {"review": completion.review}))
    if state.completion.earlier_completions != completion.earlier_completions:
        told = {"count": completion.earlier_completions}
        events.append(EarlierCompletionsDecided.next_of(state.id, state.version + len(events), told))
    return events


def _next(state: Offering | None) -> int:
    return state.version + 1 if state else 1


def _check_certification(state: Offering) -> None:
    if state.kind != "certification":
        raise Conflict("Only a certification has versions.", kind="other-kind")


def _version(state: Offering, number: int) -> Version:
    _check_certification(state)
    if number not in state.versions:
        raise NotFound(f"There is no version {number}.", field="version")
    return state.versions[number]
