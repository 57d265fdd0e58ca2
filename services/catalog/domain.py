"""Offerings: courses and certifications, their versions, and which edits are refused. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from shared.contracts.catalog import (
    Activity,
    CertificationDescribed,
    CourseDescribed,
    DropOutsDecided,
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

ALL_NOTIFICATIONS: frozenset[Notification] = frozenset({"assigned", "withdrawn"})


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


@dataclass(frozen=True)
class Offering:
    """An offering as its events tell it."""

    id: UUID
    version: int
    described: Course | Certification
    active: bool = True
    versions: Mapping[int, Version] = field(default_factory=dict)
    notifications: frozenset[Notification] = ALL_NOTIFICATIONS
    keep_begun: bool = True
    """Who drops out of the last source keeps training that was begun (ASG-10)."""

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
            now = replace(state, versions={**state.versions, event.version: Version(event.steps)})
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
            return state
    return replace(now, version=event.originator_version)


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


def draft(state: Offering, number: int, steps: tuple[Step, ...]) -> list[Event]:
    """Write or rewrite a draft. What was published stays as it was for ever (CAT-15)."""
    _check_certification(state)
    known = state.versions.get(number)
    if known and known.steps == steps:
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
    return [VersionDrafted(originator_id=state.id, originator_version=_next(state), version=number, steps=steps)]


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
