"""Offerings as the API takes and shows them."""

from uuid import UUID

from pydantic import BaseModel, Field

from services.catalog.application.contents import ApprovalsIn, MailIn, StepIn
from services.catalog.domain.offering import Course, Offering, Qualification
from services.catalog.projections import offerings
from shared.contracts.catalog import Activity, LearnerAccess, Notification, Price, Step
from shared.limits import Moment


class OfferingItem(BaseModel):
    """An offering in a list. `open`: new learners may come (CAT-3, CAT-4)."""

    id: UUID
    kind: str
    code: str
    title: str
    active: bool
    published: int | None
    open: bool


class VersionView(BaseModel):
    number: int
    state: str
    steps: tuple[Step, ...]
    in_order: bool


class OfferingView(OfferingItem):
    """An offering, whole. `version` is its ETag."""

    version: int
    description: str
    activities: tuple[Activity, ...]
    items: tuple[UUID, ...]
    """Of a qualification (CAT-9)."""
    minimum_minutes: int
    own_minutes: int | None
    """The minimum time as it was entered; None: the sum of its parts."""
    access_days: int | None
    certificate: str | None
    badge: str | None
    price: Price | None
    versions: list[VersionView]
    notifications: list[Notification]
    mail: MailIn
    keep_begun: bool
    earliest_due: bool
    in_order: bool
    admission: "AdmissionView"
    completion: "CompletionView"
    visibility: "VisibilityView"
    approvals: ApprovalsIn


class Steps(BaseModel):
    """`in_order`: one after the other."""

    steps: list[StepIn] = Field(min_length=1, max_length=200)
    in_order: bool = False


class AdmissionView(BaseModel):
    """How learners come by themselves (CAT-5), and from when until when (CAT-19); the end is not included."""

    access: LearnerAccess = "request"
    opens: Moment | None = None
    closes: Moment | None = None


class CompletionView(BaseModel):
    """Whether an administrator looks at it first (CAT-12); whether courses completed elsewhere count for its steps (ENR-8)."""

    review: bool = False
    earlier_completions: bool = False


class VisibilityView(BaseModel):
    """Only members of these audiences see it without being assigned (CAT-7); empty: everybody."""

    audiences: frozenset[UUID] = Field(max_length=200)


class Switches(BaseModel):
    """Which notifications of assignments, withdrawals and completions are on, and what is so of the others (CAT-17); without
    `mail` these stay as they are."""

    on: frozenset[Notification] = Field(max_length=10)
    mail: MailIn | None = None


class DueDates(BaseModel):
    """Whether of several due dates the earliest holds, not the latest (DUE-3)."""

    earliest_due: bool


class DropOuts(BaseModel):
    """Whether who drops out of the last source keeps training that was begun (ASG-10)."""

    keep_begun: bool


def item(row: offerings.OfferingRow) -> OfferingItem:
    fields = {name: getattr(row, name) for name in OfferingItem.model_fields if name != "open"}
    return OfferingItem(**fields, open=row.active and (row.kind != "certification" or row.published is not None))


def whole(state: Offering, row: offerings.OfferingRow, minutes: int) -> OfferingView:
    """`minutes`: the minimum time needed."""
    described = state.described
    course = described if isinstance(described, Course) else None
    return OfferingView(
        **item(row).model_dump(),
        version=state.version,
        description=described.description,
        activities=course.activities if course else (),
        items=described.items if isinstance(described, Qualification) else (),
        minimum_minutes=minutes,
        own_minutes=row.minimum_minutes,
        access_days=course.access_days if course else None,
        certificate=described.certificate,
        badge=described.badge,
        price=described.price,
        versions=[VersionView(number=n, **vars(v)) for n, v in sorted(state.versions.items())],
        notifications=sorted(state.notifications),
        mail=MailIn(**vars(state.mail)),
        keep_begun=state.keep_begun,
        earliest_due=state.earliest_due,
        in_order=course.in_order if course else False,
        admission=AdmissionView(**vars(state.admission)),
        completion=CompletionView(**vars(state.completion)),
        visibility=VisibilityView(audiences=state.audiences),
        approvals=ApprovalsIn(**vars(state.approvals)),
    )
