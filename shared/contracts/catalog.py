"""What happens in the catalog. The stream is the offering, or the job role."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal, Self, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.approval_stages import ApprovalStage
from shared.contracts.notifications import CopiedOccasion, OfferingOccasion
from shared.events import Event, added_field

OfferingKind = Literal["course", "certification", "qualification"]
Notification = Literal["assigned", "withdrawn", "completed"]
NOTIFICATIONS: frozenset[Notification] = frozenset(get_args(Notification))
"""All are on until an offering says otherwise (CAT-17)."""
LearnerAccess = Literal["self-enrollment", "request", "hidden"]
"""How somebody who is not assigned can get to an offering (CAT-5)."""


class Price(BaseModel):
    """What a learner pays before beginning (CAT-8)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Decimal = Field(gt=0, max_digits=12, decimal_places=2)
    currency: str = Field(pattern="^[A-Z]{3}$")


Reporter = Literal["learner", "learning-system"]
"""Who may report a part as complete: the learner, or only the learning system or an administrator (CAT-1)."""


class Activity(BaseModel):
    """A part of a course (CAT-1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["content", "exam", "lab"]
    title: str = Field(min_length=1, max_length=255)
    pass_mark: int | None = Field(default=None, ge=0, le=100, exclude_if=lambda mark: mark is None)
    """Percent that an exam asks for; None: any result passes."""
    address: str | None = Field(
        default=None, max_length=2_000, pattern=r"^https?://[^\s/?#]+[^\s]*$", exclude_if=lambda value: value is None
    )
    """The address that Launch opens."""
    description: str = Field(default="", max_length=10_000, exclude_if=lambda value: value == "")
    system_requirements: str = Field(default="", max_length=2_000, exclude_if=lambda value: value == "")
    """What the learner's computer needs."""
    connection: str = Field(default="", max_length=2_000, exclude_if=lambda value: value == "")
    """How the learner connects: which programs, addresses and accounts."""
    reported_by: Reporter | None = added_field()
    """None: as `reporter` says."""

    @property
    def reporter(self) -> Reporter:
        return self.reported_by or _reporter(self.kind)

    @model_validator(mode="after")
    def _examined(self) -> Self:
        _check_reporter(self.kind, self.reported_by)
        return self


class Step(BaseModel):
    """A part of a certification version (CAT-2): a course of the catalog, an exam or a task.

    Completing the course completes its step; nobody reports that step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["course", "exam", "task"]
    title: str = Field(min_length=1, max_length=255)
    course_id: UUID | None = None
    pass_mark: int | None = Field(default=None, ge=0, le=100, exclude_if=lambda mark: mark is None)
    """Percent that an exam asks for; None: any result passes."""
    reported_by: Reporter | None = added_field()
    """None: as `reporter` says."""

    @property
    def reporter(self) -> Reporter:
        return self.reported_by or _reporter(self.kind)

    @model_validator(mode="after")
    def _examined(self) -> Self:
        _check_reporter(self.kind, self.reported_by)
        return self


def _reporter(kind: str) -> Reporter:
    """By default the learner for content and tasks, the learning system for exams and labs."""
    return "learner" if kind in ("content", "task") else "learning-system"


def _check_reporter(kind: str, reported_by: Reporter | None) -> None:
    if kind == "exam" and reported_by == "learner":
        raise ValueError("an exam must be reported by the learning system or an administrator, never by the learner")


class OfferingEvent(Event):
    """Base of the events of one offering."""


class CourseDescribed(OfferingEvent):
    """A course was created, or its whole description was replaced (CAT-1). Version 1 of the stream creates it."""

    TOPIC: ClassVar[str] = "catalog.CourseDescribed.v1"
    code: str
    title: str
    description: str
    activities: tuple[Activity, ...]
    minimum_minutes: int
    access_days: int | None
    certificate: str | None
    badge: str | None
    price: Price | None
    in_order: bool = added_field(False)
    """Its activities have to be completed one after the other."""


class CertificationDescribed(OfferingEvent):
    """A certification was created, or its whole description was replaced (CAT-2). `minimum_minutes` None: the sum of its
    courses."""

    TOPIC: ClassVar[str] = "catalog.CertificationDescribed.v1"
    code: str
    title: str
    description: str
    minimum_minutes: int | None
    certificate: str | None
    badge: str | None
    price: Price | None


class QualificationDescribed(OfferingEvent):
    """A qualification was created, or its whole description was replaced (CAT-9). It is earned by completing all of its items."""

    TOPIC: ClassVar[str] = "catalog.QualificationDescribed.v1"
    code: str
    title: str
    description: str
    items: tuple[UUID, ...]
    """Courses and certifications."""
    certificate: str | None
    badge: str | None
    price: Price | None


class VersionDrafted(OfferingEvent):
    """A draft of a numbered version of a certification was written or rewritten (CAT-2). Only drafts can be rewritten."""

    TOPIC: ClassVar[str] = "catalog.VersionDrafted.v1"
    version: int
    steps: tuple[Step, ...]
    in_order: bool = added_field(False)
    """The steps have to be completed one after the other."""


class VersionPublished(OfferingEvent):
    """Learners who are enrolled from now on follow this version; the previously published one is retired (CAT-15)."""

    TOPIC: ClassVar[str] = "catalog.VersionPublished.v1"
    version: int


class VersionRetired(OfferingEvent):
    """No new learner follows this version any more."""

    TOPIC: ClassVar[str] = "catalog.VersionRetired.v1"
    version: int


class OfferingActivated(OfferingEvent):
    """New learners can be enrolled; assignments that waited catch up (CAT-4)."""

    TOPIC: ClassVar[str] = "catalog.OfferingActivated.v1"


class OfferingDeactivated(OfferingEvent):
    """No new learner can be enrolled in any way; whoever is enrolled stays so (CAT-4)."""

    TOPIC: ClassVar[str] = "catalog.OfferingDeactivated.v1"


class DropOutsDecided(OfferingEvent):
    """Whether learners who drop out of their last assignment keep training that they have begun (ASG-10). The default: they do."""

    TOPIC: ClassVar[str] = "catalog.DropOutsDecided.v1"
    keep_begun: bool


class DueDatesCombined(OfferingEvent):
    """Which of several due dates counts (DUE-3). The default: the latest."""

    TOPIC: ClassVar[str] = "catalog.DueDatesCombined.v1"
    earliest: bool


class CompletionReviewSwitched(OfferingEvent):
    """Whether an administrator reviews a completion before it counts (CAT-12). The default: no review."""

    TOPIC: ClassVar[str] = "catalog.CompletionReviewSwitched.v1"
    review: bool


class LearnerAccessChosen(OfferingEvent):
    """How somebody who is not assigned can get to the offering (CAT-5). The default: by request."""

    TOPIC: ClassVar[str] = "catalog.LearnerAccessChosen.v1"
    access: LearnerAccess


class LinkedQualification(BaseModel):
    """A qualification that goes with a job role (CAT-10)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    qualification_id: UUID
    required: bool


class JobRoleDescribed(Event):
    """A job role was created, or wholly replaced (CAT-10). The stream is the job role."""

    TOPIC: ClassVar[str] = "catalog.JobRoleDescribed.v1"
    code: str
    name: str
    description: str
    qualifications: tuple[LinkedQualification, ...]


class JobRoleRemoved(Event):
    """The job role was removed: nobody has it any more. The last event of its stream."""

    TOPIC: ClassVar[str] = "catalog.JobRoleRemoved.v1"


class VisibilityChosen(OfferingEvent):
    """Only members of these audiences see the offering without being assigned (CAT-7). Empty, the default: everybody."""

    TOPIC: ClassVar[str] = "catalog.VisibilityChosen.v1"
    audiences: tuple[UUID, ...]


class EnrolmentWindowSet(OfferingEvent):
    """The period in which learners may enrol by themselves (CAT-19). `closes` is excluded; None: no limit on that side."""

    TOPIC: ClassVar[str] = "catalog.EnrolmentWindowSet.v1"
    opens: datetime | None
    closes: datetime | None


class EarlierCompletionsDecided(OfferingEvent):
    """Whether a course that was completed in another offering counts for the steps of this one (ENR-8). The default: it does
    not."""

    TOPIC: ClassVar[str] = "catalog.EarlierCompletionsDecided.v1"
    count: bool


class ApprovalsConfigured(OfferingEvent):
    """Who decides on requests about the offering, and how (CAT-13); whole. Without stages the usual approvers decide: on access
    site administrators, on a later due date the learner's manager, on a completion whoever may review completions."""

    TOPIC: ClassVar[str] = "catalog.ApprovalsConfigured.v1"
    access: tuple[ApprovalStage, ...]
    later_due_date: tuple[ApprovalStage, ...]
    completion: tuple[ApprovalStage, ...]
    ask_again_days: int
    """So many days after a denial one may ask again; 0: at once (APR-3)."""
    escalation_days: int | None
    """After so many days without a decision site administrators may decide too (APR-5); None: as the suite is set."""


class NotificationsSwitched(OfferingEvent):
    """Which e-mails about this offering are switched on (CAT-17). The default: all."""

    TOPIC: ClassVar[str] = "catalog.NotificationsSwitched.v1"
    on: tuple[Notification, ...]


class MailConfigured(OfferingEvent):
    """Of the e-mails about this offering, whole (CAT-17): which others than those of `NotificationsSwitched` are off, which the
    learner's managers get a copy of, and when learners are reminded (NTF-1).

    Reminders are days before (negative) or after the last day; None: as the suite is set; empty: never.
    """

    TOPIC: ClassVar[str] = "catalog.MailConfigured.v1"
    off: tuple[OfferingOccasion, ...]
    copied: tuple[CopiedOccasion, ...]
    due_reminders: tuple[int, ...] | None
    certificate_reminders: tuple[int, ...] | None
    """Of the day until which a completion counts."""
    access_reminders: tuple[int, ...] | None
    """Of the last day of access: before it only."""
