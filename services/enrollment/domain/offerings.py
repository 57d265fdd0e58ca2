"""What the catalog says of an offering, as far as assigning and learning need it, and when new learners may come."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.catalog import NOTIFICATIONS, Activity, LearnerAccess, Price, Step
from shared.errors import Conflict


@dataclass(frozen=True)
class Offering:
    """`published` None: no version yet. `steps` are those of the published version, or the activities of a course."""

    id: UUID
    kind: str
    title: str
    active: bool
    published: int | None
    steps: tuple[Activity | Step, ...]
    notifications: frozenset[str] = NOTIFICATIONS
    keep_begun: bool = True
    in_order: bool = False
    review: bool = False
    """An administrator looks at a completion before it counts (CAT-12)."""
    access: LearnerAccess = "request"
    access_days: int | None = None
    certificate: bool = False
    badge: str | None = None
    price: Price | None = None
    opens: datetime | None = None
    closes: datetime | None = None
    minimum_minutes: int = 0
    """The time that the training takes at least; of a certification that says nothing else, the sum of its courses (CAT-2)."""
    earliest_due: bool = False
    """Of several due dates the earliest holds, not the latest (DUE-3)."""
    credit: bool = False
    """A course that was completed in another offering counts for the steps here (ENR-8)."""
    items: tuple[UUID, ...] = ()
    """What earns a qualification: courses and certifications (CAT-9)."""
    code: str = ""

    @property
    def open(self) -> bool:
        """New learners may come (CAT-3, CAT-4)."""
        return self.active and (self.kind != "certification" or self.published is not None)


def check_open(offering: Offering) -> None:
    """Refuses what new learners cannot come to, whatever the way (CAT-3, CAT-4)."""
    if not offering.active:
        raise Conflict(
            f"The {offering.kind} '{offering.title}' is not active, so nobody can be added. Activate it in the catalog first.",
            field="offering_id",
            kind="offering-inactive",
        )
    if not offering.open:
        raise Conflict(
            f"The certification '{offering.title}' has no published version, so nobody can be added. Publish one first.",
            field="offering_id",
            kind="offering-unpublished",
        )


def check_window(offering: Offering, now: datetime) -> None:
    """Refuses learners who come by themselves outside the enrollment window (CAT-19)."""
    check_window_of(offering.title, offering.opens, offering.closes, now)


def check_window_of(name: str, opens: datetime | None, closes: datetime | None, now: datetime) -> None:
    """The same of an offering or a group; the end is not included."""
    if opens and now < opens:
        raise Conflict(
            f"Enrollment in '{name}' opens on {opens:%d %B %Y at %H:%M} UTC. Try again then.",
            field="offering_id",
            kind="not-open-yet",
            opens=opens.isoformat(),
        )
    if closes and now >= closes:
        raise Conflict(
            f"Enrollment in '{name}' closed on {closes:%d %B %Y at %H:%M} UTC. Ask an administrator to assign you.",
            field="offering_id",
            kind="closed",
            closes=closes.isoformat(),
        )


def check_self_enrollment(offering: Offering, now: datetime) -> None:
    """Refuses a learner who may not come without being assigned (CAT-5, ENR-3)."""
    check_open(offering)
    if offering.access != "self-enrollment":
        raise Conflict(
            f"'{offering.title}' is not open to self-enrollment. Ask an administrator to assign you.",
            field="offering_id",
            kind="no-self-enrollment",
        )
    check_window(offering, now)
