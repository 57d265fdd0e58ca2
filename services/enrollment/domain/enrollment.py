"""One learner's standing on one offering.

An assignment that holds a learner is a *grant*. A term opens with the first grant that comes while none is open, and is over when
the learner is withdrawn, cancelled, or out of access. docs/states.md has the table of what is possible when.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha1
from uuid import UUID

from services.enrollment.domain.due_dates import Deadline
from shared.contracts.catalog import Price
from shared.contracts.enrollment import Ending, ExceptionState, Hold, Payment, Status

_NAMESPACE = UUID("6f1d0e1c-6a55-4d0c-9a41-0d0b3f6f7a11")
_VARIANT_AND_VERSION_5 = (0x8000 << 48) | (5 << 76)
_NEITHER_VARIANT_NOR_VERSION = ~((0xC000 << 48) | (0xF000 << 64))


def enrollment_id(person: UUID, offering: UUID) -> UUID:
    """There is one enrollment for each learner and offering, and its id says so: a UUID of version 5."""
    return enrollment_ids([person], offering)[0]


def enrollment_ids(people: Iterable[UUID], offering: UUID) -> list[UUID]:
    """As `uuid5` makes them of `person/offering`, in half the time."""
    begun, on = sha1(_NAMESPACE.bytes, usedforsecurity=False), f"/{offering}".encode()
    ids = []
    for person in people:
        hashed = begun.copy()
        hashed.update(str(person).encode() + on)
        number = int.from_bytes(hashed.digest()[:16], "big")
        ids.append(UUID(int=(number & _NEITHER_VARIANT_NOR_VERSION) | _VARIANT_AND_VERSION_5))
    return ids


@dataclass(frozen=True)
class Enrollment:
    """`term` 0: never enrolled. What is said of a term is said of the last one."""

    id: UUID
    person: UUID
    offering: UUID
    version: int = 0
    term: int = 0
    live: bool = False
    """A term is open."""
    ended: Ending | None = None
    """How the last term ended."""
    begun: bool = False
    sourceless: bool = False
    via: UUID | None = None
    """Of a course: the enrollment on a certification by which it is worked on, as long as that one's term is open (CAT-2)."""
    launched: bool = False
    """A lab was launched in this term."""
    steps: frozenset[int] = frozenset()
    submitted: bool = False
    """An administrator has to look at the completion."""
    rejection: UUID | None = None
    """Why the administrator sent it back, the text's id."""
    payment: Payment = "none"
    price: Price | None = None
    order: UUID | None = None
    """The order that may still be paid, or was."""
    access_until: date | None = None
    """The last day of access; None: without end."""
    completed_version: int | None = None
    completed_at: datetime | None = None
    valid_until: date | None = None
    """The last day on which the completion counts; None: without end."""
    serial: str | None = None
    """Of the completion's certificate."""
    revoked: bool = False
    grants: frozenset[UUID] = frozenset()
    access: Mapping[UUID, date] = field(default_factory=dict)
    """The last day of access by grant; a grant that is not named here gives it without end."""
    exclusions: frozenset[UUID] = frozenset()
    due: Deadline | None = None
    """When the term is due."""
    due_by_hand: bool = False
    holds: Mapping[UUID, Hold] = field(default_factory=dict)
    """The assignments that wait for the answer to an exception, and those that were answered with *do not assign* (DUE-6)."""
    refused: frozenset[UUID] = frozenset()
    """The latter."""
    exception: ExceptionState | None = None
    raised: int | None = None
    """The version of the event that raised the exception; one that changes while it is open stays the same."""

    @classmethod
    def unknown(cls, person: UUID, offering: UUID) -> "Enrollment":
        return cls(enrollment_id(person, offering), person, offering)

    @property
    def waiting(self) -> list[UUID]:
        """The assignments that an exception holds back."""
        return sorted(self.holds.keys() - self.refused)

    def certified(self, today: date) -> bool:
        """There is a completion, and it counts on that day."""
        return self.completed_at is not None and (self.valid_until is None or self.valid_until >= today)

    def accessible(self, today: date) -> bool:
        """A term is open and the day is not after its last day of access (ENR-6)."""
        return self.live and (self.via is not None or self.access_until is None or self.access_until >= today)

    def alone(self) -> "Enrollment":
        """As it stands once the certification's term is over by which the course was worked on: by its own assignments."""
        if self.grants:
            return replace(self, via=None)
        return replace(self, via=None, live=False, ended="expired" if self.live else self.ended)

    def status(self, today: date) -> Status:
        """Derived, never set (ENR-1)."""
        if self.exception and not self.live and not self.certified(today):
            return "held"
        if self.ended in ("withdrawn", "cancelled"):
            return self.ended
        if self.completed_at is not None:
            return "completed" if self.certified(today) else "certification-expired"
        if self.term == 0:
            return "not-enrolled"
        return self._of_the_open_term() if self.accessible(today) else "access-expired"

    def _of_the_open_term(self) -> Status:
        if self.payment == "due" and self.via is None:
            return "awaiting-payment"
        if self.submitted:
            return "pending-approval"
        return "in-progress" if self.begun else "not-started"
