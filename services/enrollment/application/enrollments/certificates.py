"""Certificates: verified by anyone who has the serial, printed for their learners (ENR-10, ENR-11)."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.certificate_pdf import Certificate, render
from services.enrollment.projections import certificates, facts
from services.enrollment.projections.certificates import Achievement, CertificateRow
from shared.database import Database
from shared.errors import Conflict, NotFound
from shared.page_addresses import Pages
from shared.readmodel import Page


class Verification(BaseModel):
    """What a serial proves. `state`: valid, expired or revoked; `reason` of a revocation."""

    serial: str
    state: Literal["valid", "expired", "revoked"]
    learner: str | None
    """None: the person's name is not kept any more."""
    offering: str
    kind: str
    completed_on: date
    valid_until: date | None
    reason: str | None


class Certificates:
    """`base_url`: the address of the pages, for verification and sharing. `issuer`: who certifies."""

    def __init__(self, database: Database, base_url: str, issuer: str) -> None:
        self._database = database
        self._pages = Pages(base_url)
        self._issuer = issuer

    def find(self, serial: str) -> CertificateRow:
        """Raises NotFound: a forged serial is told nothing else."""
        with self._database.connection() as conn:
            found = certificates.find(conn, serial)
        if found is None:
            raise NotFound(
                "There is no certificate with this serial. Check that you entered it exactly as it appears on "
                "the certificate.",
                field="serial",
            )
        return found

    def verify(self, serial: str) -> Verification:
        found = self.find(serial)
        with self._database.connection() as conn:
            today = facts.today(conn)
        expired = found.valid_until is not None and found.valid_until < today
        return Verification(
            serial=found.serial,
            state="revoked" if found.revoked else "expired" if expired else "valid",
            learner=found.learner,
            offering=found.title,
            kind=found.kind,
            completed_on=found.completed_on,
            valid_until=found.valid_until,
            reason=found.reason,
        )

    def document(self, found: CertificateRow) -> bytes:
        """The PDF for print. Refuses one that does not hold, and one whose learner's name is not known (yet, or any more)."""
        if found.revoked:
            raise Conflict("This certificate was revoked.", kind="revoked")
        if found.learner is None:
            raise Conflict("The learner's name has not arrived here yet. Try again in a moment.", kind="name-unknown")
        return render(
            Certificate(
                learner=found.learner,
                offering=found.title,
                kind=found.kind,
                completed=found.completed_on,
                expires=found.valid_until,
                serial=found.serial,
                address=self.address(found.serial),
                issuer=self._issuer,
            )
        )

    def address(self, serial: str) -> str:
        """Where anyone verifies the serial."""
        return self._pages.certificate(serial)

    def achievements(self, person: UUID, cursor: str | None, size: int) -> Page[Achievement]:
        with self._database.connection() as conn:
            return certificates.achievements(conn, person, self.address(""), cursor, size)
