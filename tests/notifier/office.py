"""A mailroom with administrators, and learners whom exceptions hold back (DUE-7)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from mailroom import Mailroom, enrollment_of
from postmaster import Postmaster

from shared.contracts import directory, enrollment
from shared.contracts.enrollment import Hold
from shared.events import Event

DAY = "2027-03-01"


class Office(Mailroom):
    """A mailroom whose site administrators are told without delay, unless said otherwise."""

    def __init__(self, *where: Any, **settings: Any) -> None:
        super().__init__(*where, **{"exception_notice_delay": 0, **settings})

    def unit(self, parent: UUID | None = None) -> UUID:
        id = uuid4()
        fields = {"kind": "organisation", "framework": uuid4(), "parent": parent, "name": "N", "external_id": "N"}
        self.tell("directory", (directory.UnitCreated, id, fields))
        return id

    def appoint(self, email: str, *organisations: UUID | None, role: str = "site-administrator", **more: Any) -> UUID:
        id = self.person(email, **more)
        for organisation in organisations:
            fields = {"role": role, "organisation": organisation}
            self.tell("directory", (directory.PermissionRoleGranted, id, fields))
        return id

    def revoke_role(self, person: UUID, organisation: UUID | None) -> None:
        fields = {"role": "site-administrator", "organisation": organisation}
        self.tell("directory", (directory.PermissionRoleRevoked, person, fields))

    def hold(
        self, offering: UUID, *people: UUID, batch: UUID | None = None, kinds: tuple[str, ...] = ("time-allowance",)
    ) -> UUID:
        """Exceptions of one batch. Returns the assignment that waits."""
        assignment = uuid4()
        holds = (Hold(assignment_id=assignment, since=DAY, cause=kinds[0]),)  # type: ignore[arg-type]
        fields = {"kinds": kinds, "holds": holds}
        told = [self._about(enrollment.ExceptionRaised, offering, person, **fields) for person in people]
        self.tell("enrollment", *told, batch=batch or uuid4())
        return assignment

    def answer(self, offering: UUID, *people: UUID, resolution: str = "not-assigned") -> None:
        self.tell(
            "enrollment",
            *[self._about(enrollment.ExceptionAnswered, offering, p, resolution=resolution) for p in people],
        )

    def end(self, offering: UUID, person: UUID, assignment: UUID) -> None:
        self.tell("enrollment", self._about(enrollment.HoldEnded, offering, person, assignment_id=assignment))

    def _about(
        self, kind: type[Event], offering: UUID, person: UUID, **fields: Any
    ) -> tuple[type[Event], UUID, dict[str, Any]]:
        return kind, enrollment_of(person, offering), {"person_id": person, "offering_id": offering, **fields}

    def notices(self) -> list[tuple[str, str, str | None]]:
        rows = self.rows(template="exceptions")
        return sorted((row["person_id"], row["state"], row["reason"] or row["waiting_for"]) for row in rows)


OpenOffice = Callable[..., Office]


def recipients(server: Postmaster) -> list[str]:
    return sorted(letter["To"].addresses[0].addr_spec for letter in server.letters)


def text_of(server: Postmaster, number: int = -1) -> str:
    return str(server.letters[number].get_body(("plain",)).get_content())  # type: ignore[union-attr]
