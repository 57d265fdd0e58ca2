"""What approvals and keys decided and what waits there, as enrollment keeps it (APR-2, KEY-4)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from shared.contracts.enrollment import Admission
from shared.database import Connection, fetch_one
from shared.events import TextRef

AdmissionKind = Literal["request", "key", "revocation", "later-due-date", "completion", "rejection"]
"""`request` and `key` become assignments of that type, and `revocation` ends that of a key; the others are answers to a learner
about an enrollment."""


class AdmissionRow(NamedTuple):
    """What is to be made so. `origin`: the request, the redemption, or the revocation of a key."""

    origin: UUID
    kind: AdmissionKind
    person: UUID
    offering: UUID
    asked_at: datetime
    enrollment: UUID | None = None
    term: int | None = None
    """Of a completion: the term that was completed."""
    due_on: date | None = None
    access_days: int | None = None
    reason: UUID | None = None
    digest: str | None = None
    assignment: UUID | None = None
    override: bool = False
    """Of a revocation: the assignment that ends, also beyond the time for a cancellation (ASG-15)."""

    @property
    def type(self) -> Admission:
        """Whom the answer is for: keys, or approvals."""
        return "key" if self.kind in ("key", "revocation") else "request"

    @property
    def reason_ref(self) -> TextRef | None:
        """The decider's words, which the deciding service keeps."""
        return TextRef(id=self.reason, digest=self.digest) if self.reason and self.digest else None


def save(conn: Connection, row: AdmissionRow) -> None:
    columns, places = ", ".join(row._fields), ", ".join(["%s"] * len(row))
    statement = f"INSERT INTO admission ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING"
    conn.execute(statement.encode(), row)


def find(conn: Connection, origin: UUID) -> AdmissionRow | None:
    query = f"SELECT {', '.join(AdmissionRow._fields)} FROM admission WHERE origin = %s"
    return fetch_one(conn, AdmissionRow, query, [origin])


def opened(conn: Connection, request: UUID, person: UUID, offering: UUID) -> None:
    """A request for access waits for a decision."""
    conn.execute(
        "INSERT INTO open_request (request, person, offering) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [request, person, offering],
    )


def closed(conn: Connection, requests: Sequence[UUID]) -> None:
    """These do not wait any more."""
    conn.execute("DELETE FROM open_request WHERE request = ANY(%s)", [list(requests)])


def named(conn: Connection, pool: UUID, name: str) -> None:
    """A pool of keys is called so from now on."""
    conn.execute(
        "INSERT INTO pool_fact (id, name) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        [pool, name],
    )


def redeemed(conn: Connection, redemption: UUID, pool: UUID) -> None:
    """A redemption is of a key of this pool."""
    conn.execute("INSERT INTO redemption_fact (id, pool) VALUES (%s, %s) ON CONFLICT DO NOTHING", [redemption, pool])
