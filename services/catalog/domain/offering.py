"""Offerings: courses, certifications and qualifications as their events tell them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.approval_stages import ApprovalStage
from shared.contracts.catalog import (
    NOTIFICATIONS,
    Activity,
    ApprovalsConfigured,
    CertificationDescribed,
    CompletionReviewSwitched,
    CourseDescribed,
    DropOutsDecided,
    DueDatesCombined,
    EarlierCompletionsDecided,
    EnrolmentWindowSet,
    LearnerAccess,
    LearnerAccessChosen,
    MailConfigured,
    Notification,
    NotificationsSwitched,
    OfferingActivated,
    OfferingDeactivated,
    OfferingKind,
    Price,
    QualificationDescribed,
    Step,
    VersionDrafted,
    VersionPublished,
    VersionRetired,
    VisibilityChosen,
)
from shared.contracts.notifications import CopiedOccasion, OfferingOccasion
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
class Qualification:
    """What a qualification is described by (CAT-9). `items`: the courses and certifications that earn it."""

    code: str
    title: str
    description: str = ""
    items: tuple[UUID, ...] = ()
    certificate: str | None = None
    badge: str | None = None
    price: Price | None = None


Described = Course | Certification | Qualification


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
class Approvals:
    """Who decides on requests, stage by stage (CAT-13, APR-4). Without stages: the usual approvers. Times in days."""

    access: tuple[ApprovalStage, ...] = ()
    later_due_date: tuple[ApprovalStage, ...] = ()
    completion: tuple[ApprovalStage, ...] = ()
    ask_again_days: int = 0
    escalation_days: int | None = None


@dataclass(frozen=True)
class MailRules:
    """Which e-mails beside `Offering.notifications` are off, which are copied to managers, and when learners are reminded: days
    before (negative) or after; None: as the suite is set (CAT-17, NTF-1)."""

    off: frozenset[OfferingOccasion] = frozenset()
    copied: frozenset[CopiedOccasion] = frozenset()
    due_reminders: tuple[int, ...] | None = None
    certificate_reminders: tuple[int, ...] | None = None
    access_reminders: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Offering:
    """An offering as its events tell it."""

    id: UUID
    version: int
    described: Described
    active: bool = True
    versions: Mapping[int, Version] = field(default_factory=dict)
    notifications: frozenset[Notification] = NOTIFICATIONS
    mail: MailRules = MailRules()
    keep_begun: bool = True
    """Who drops out of the last source keeps training that was begun (ASG-10)."""
    earliest_due: bool = False
    """Of several due dates the earliest holds (DUE-3)."""
    admission: Admission = Admission()
    completion: Completion = Completion()
    approvals: Approvals = Approvals()
    audiences: frozenset[UUID] = frozenset()
    """Who sees it without being assigned; empty: everybody (CAT-7)."""

    @property
    def kind(self) -> OfferingKind:
        match self.described:
            case Course():
                return "course"
            case Certification():
                return "certification"
            case Qualification():
                return "qualification"

    @property
    def published(self) -> int | None:
        """The version that new learners follow."""
        return next((number for number, v in self.versions.items() if v.state == "published"), None)


def evolve(state: Offering | None, event: Event) -> Offering | None:
    """The offering after an event. Never judges."""
    match event:
        case CourseDescribed() | CertificationDescribed() | QualificationDescribed():
            described = _described(event)
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
        case DueDatesCombined():
            now = replace(state, earliest_due=event.earliest)
        case DropOutsDecided():
            now = replace(state, keep_begun=event.keep_begun)
        case _:
            now = _ruled(state, event)
    return replace(now, version=event.originator_version)


def _described(event: CourseDescribed | CertificationDescribed | QualificationDescribed) -> Described:
    cls: type[Described] = Course
    if not isinstance(event, CourseDescribed):
        cls = Certification if isinstance(event, CertificationDescribed) else Qualification
    return cls(**{name: getattr(event, name) for name in cls.__dataclass_fields__})


def _mail(event: MailConfigured) -> MailRules:
    return MailRules(
        frozenset(event.off),
        frozenset(event.copied),
        event.due_reminders,
        event.certificate_reminders,
        event.access_reminders,
    )


def _ruled(state: Offering, event: Event) -> Offering:
    now = state
    match event:
        case MailConfigured():
            now = replace(state, mail=_mail(event))
        case LearnerAccessChosen():
            now = replace(state, admission=replace(state.admission, access=event.access))
        case EnrolmentWindowSet():
            now = replace(state, admission=replace(state.admission, opens=event.opens, closes=event.closes))
        case VisibilityChosen():
            now = replace(state, audiences=frozenset(event.audiences))
        case CompletionReviewSwitched():
            now = replace(state, completion=replace(state.completion, review=event.review))
        case EarlierCompletionsDecided():
            now = replace(state, completion=replace(state.completion, earlier_completions=event.count))
        case ApprovalsConfigured():
            now = replace(
                state, approvals=Approvals(**{name: getattr(event, name) for name in Approvals.__dataclass_fields__})
            )
    return now


def _with_state(state: Offering, number: int, name: str) -> dict[int, Version]:
    return {**state.versions, number: replace(state.versions[number], state=name)}
