"""What happens in the catalogue. The stream is the offering, or the job role."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal, Self, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events import Event, later

OfferingKind = Literal["course", "certification", "qualification"]
Notification = Literal["assigned", "withdrawn", "completed"]
NOTIFICATIONS: frozenset[Notification] = frozenset(get_args(Notification))
"""All are on until an offering says otherwise (CAT-17)."""
LearnerAccess = Literal["self-enrollment", "request", "hidden"]
"""How somebody who is not assigned comes to an offering (CAT-5)."""


class Price(BaseModel):
    """What a learner pays before beginning (CAT-8)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Decimal = Field(gt=0, max_digits=12, decimal_places=2)
    currency: str = Field(pattern="^[A-Z]{3}$")


Reporter = Literal["learner", "learning-system"]
"""Who may say that a part is done: the learner, or only the learning system or an administrator (CAT-1)."""


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
    """What Launch opens."""
    description: str = Field(default="", max_length=10_000, exclude_if=lambda value: value == "")
    system_requirements: str = Field(default="", max_length=2_000, exclude_if=lambda value: value == "")
    """What the learner's computer needs."""
    connection: str = Field(default="", max_length=2_000, exclude_if=lambda value: value == "")
    """How the learner gets there: which programs, addresses, accounts."""
    reported_by: Reporter | None = later()
    """None: as `reporter` says."""

    @property
    def reporter(self) -> Reporter:
        return self.reported_by or _reporter(self.kind)

    @model_validator(mode="after")
    def _examined(self) -> Self:
        _check_reporter(self.kind, self.reported_by)
        return self


class Step(BaseModel):
    """A part of a certification version (CAT-2): a course of the catalogue, an exam or a task.

    A course completes its step when it is completed; nobody reports the step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["course", "exam", "task"]
    title: str = Field(min_length=1, max_length=255)
    course_id: UUID | None = None
    pass_mark: int | None = Field(default=None, ge=0, le=100, exclude_if=lambda mark: mark is None)
    """Percent that an exam asks for; None: any result passes."""
    reported_by: Reporter | None = later()
    """None: as `reporter` says."""

    @property
    def reporter(self) -> Reporter:
        return self.reported_by or _reporter(self.kind)

    @model_validator(mode="after")
    def _examined(self) -> Self:
        _check_reporter(self.kind, self.reported_by)
        return self


def _reporter(kind: str) -> Reporter:
    """Of content and tasks the learner, unless it is said otherwise; of exams and labs the learning system."""
    return "learner" if kind in ("content", "task") else "learning-system"


def _check_reporter(kind: str, reported_by: Reporter | None) -> None:
    if kind == "exam" and reported_by == "learner":
        raise ValueError("an exam is reported by the learning system or an administrator, never by the learner")


class OfferingEvent(Event):
    """Fields of every catalogue event."""


class CourseDescribed(OfferingEvent):
    """A course came to be, or its description was replaced whole (CAT-1). Version 1 of the stream creates it."""

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
    in_order: bool = later(False)
    """Its activities have to be completed one after the other."""


class CertificationDescribed(OfferingEvent):
    """A certification came to be, or its description was replaced whole (CAT-2). `minimum_minutes` None: the sum of its courses."""

    TOPIC: ClassVar[str] = "catalog.CertificationDescribed.v1"
    code: str
    title: str
    description: str
    minimum_minutes: int | None
    certificate: str | None
    badge: str | None
    price: Price | None


class QualificationDescribed(OfferingEvent):
    """A qualification came to be, or its description was replaced whole (CAT-9). It is earned by completing all of its items."""

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
    """A numbered version of a certification was written or rewritten; only drafts may be (CAT-2)."""

    TOPIC: ClassVar[str] = "catalog.VersionDrafted.v1"
    version: int
    steps: tuple[Step, ...]
    in_order: bool = later(False)
    """The steps have to be completed one after the other."""


class VersionPublished(OfferingEvent):
    """Learners who come from now on follow this version; the one published before is retired (CAT-15)."""

    TOPIC: ClassVar[str] = "catalog.VersionPublished.v1"
    version: int


class VersionRetired(OfferingEvent):
    """No new learner follows this version."""

    TOPIC: ClassVar[str] = "catalog.VersionRetired.v1"
    version: int


class OfferingActivated(OfferingEvent):
    """New learners may come; rules that waited catch up (CAT-4)."""

    TOPIC: ClassVar[str] = "catalog.OfferingActivated.v1"


class OfferingDeactivated(OfferingEvent):
    """No new learner by any way; who is enrolled keeps the standing (CAT-4)."""

    TOPIC: ClassVar[str] = "catalog.OfferingDeactivated.v1"


class DropOutsDecided(OfferingEvent):
    """Whether who drops out of the last source keeps training that was begun (ASG-10); so until this says otherwise."""

    TOPIC: ClassVar[str] = "catalog.DropOutsDecided.v1"
    keep_begun: bool


class DueDatesCombined(OfferingEvent):
    """Which of several due dates holds (DUE-3): the latest until this says otherwise."""

    TOPIC: ClassVar[str] = "catalog.DueDatesCombined.v1"
    earliest: bool


class CompletionReviewSwitched(OfferingEvent):
    """Whether an administrator looks at a completion before it counts (CAT-12); nobody does until this says otherwise."""

    TOPIC: ClassVar[str] = "catalog.CompletionReviewSwitched.v1"
    review: bool


class LearnerAccessChosen(OfferingEvent):
    """How somebody who is not assigned comes to the offering (CAT-5); by request until this says otherwise."""

    TOPIC: ClassVar[str] = "catalog.LearnerAccessChosen.v1"
    access: LearnerAccess


class LinkedQualification(BaseModel):
    """A qualification that goes with a job role (CAT-10)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    qualification_id: UUID
    required: bool


class JobRoleDescribed(Event):
    """A job role came to be, or was replaced whole (CAT-10). The stream is the job role."""

    TOPIC: ClassVar[str] = "catalog.JobRoleDescribed.v1"
    code: str
    name: str
    description: str
    qualifications: tuple[LinkedQualification, ...]


class JobRoleRemoved(Event):
    """Nobody has this job role any more; nothing follows in its stream."""

    TOPIC: ClassVar[str] = "catalog.JobRoleRemoved.v1"


class VisibilityChosen(OfferingEvent):
    """Only members of these audiences see the offering without being assigned (CAT-7); empty, as until this is said: everybody."""

    TOPIC: ClassVar[str] = "catalog.VisibilityChosen.v1"
    audiences: tuple[UUID, ...]


class EnrolmentWindowSet(OfferingEvent):
    """From when until when learners may come by themselves (CAT-19); None: without such an end. The end is not included."""

    TOPIC: ClassVar[str] = "catalog.EnrolmentWindowSet.v1"
    opens: datetime | None
    closes: datetime | None


class EarlierCompletionsDecided(OfferingEvent):
    """Whether a course that was completed in another offering counts for the steps here (ENR-8); not until this says otherwise."""

    TOPIC: ClassVar[str] = "catalog.EarlierCompletionsDecided.v1"
    count: bool


class NotificationsSwitched(OfferingEvent):
    """Which e-mails about this offering are on (CAT-17); all are until this says otherwise."""

    TOPIC: ClassVar[str] = "catalog.NotificationsSwitched.v1"
    on: tuple[Notification, ...]
