"""Facts of other services: written by reactions in batches, read by the rules."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from shared.contracts.approvals import AssignmentEnd
from shared.contracts.catalog import ApprovalsConfigured, LearnerAccess, Price
from shared.database import Connection, column, fetch, fetch_one, pairs, scalar

_PRICE: TypeAdapter[Price | None] = TypeAdapter(Price | None)


class OfferingFact(NamedTuple):
    """An offering. `price` and `approvals` as JSON; `approvals` is the catalog's event, None until it came."""

    id: UUID
    revision: int
    kind: str
    title: str
    active: bool = True
    published: int | None = None
    access: LearnerAccess = "request"
    opens: datetime | None = None
    closes: datetime | None = None
    audiences: Sequence[UUID] = ()
    price: str | None = None
    approvals: str | None = None

    @property
    def open(self) -> bool:
        """It takes new learners (CAT-3, CAT-4)."""
        return self.active and (self.kind != "certification" or self.published is not None)

    def configured(self) -> ApprovalsConfigured | None:
        """Who decides on requests, as the catalog said last."""
        if self.approvals is None:
            return None
        return ApprovalsConfigured.read(self.id, self.revision, self.approvals.encode())

    def priced(self) -> Price | None:
        return _PRICE.validate_json(self.price) if self.price else None


class JobFact(NamedTuple):
    """A row of `job_fact`; dates are days, the last ones included."""

    id: UUID
    person: UUID
    manager_job: UUID | None
    temporary_manager_job: UUID | None
    temporary_until: date | None
    starts: date | None
    ends: date | None


class EnrollmentFact(NamedTuple):
    """How a learner stands on an offering. `submitted`: the version of the event by which a completion waits."""

    id: UUID
    revision: int
    person: UUID
    offering: UUID
    term: int
    state: Literal["live", "pending", "completed", "over"]
    submitted: int | None = None
    due_on: date | None = None
    valid_until: date | None = None


class OutcomeFact(NamedTuple):
    """What enrollment said of an approved request."""

    request: UUID
    assignment: UUID | None = None
    problem: str | None = None
    detail: str | None = None
    ended: AssignmentEnd | None = None


def today(conn: Connection) -> date:
    return scalar(conn, "SELECT today()", date)


def now(conn: Connection) -> datetime:
    return scalar(conn, "SELECT clock_timestamp()", datetime).astimezone(UTC)


def active(conn: Connection, person: UUID) -> bool:
    return scalar(conn, "SELECT EXISTS (SELECT FROM person_fact WHERE id = %s AND active)", bool, [person])


def within(conn: Connection, person: UUID, organisations: Sequence[UUID]) -> bool:
    """Whether the person's home is one of these organisations, or below one (SEC-2)."""
    query = "SELECT EXISTS (SELECT FROM person_fact p JOIN unit_above u ON u.unit = p.home WHERE p.id = %s AND u.above = ANY(%s))"
    return scalar(conn, query, bool, [person, list(organisations)])


def offerings(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, OfferingFact]:
    query = f"SELECT {', '.join(OfferingFact._fields)} FROM offering_fact WHERE id = ANY(%s)"
    return {row.id: row for row in fetch(conn, OfferingFact, query, [list(ids)])}


def visible(conn: Connection, person: UUID, audiences: Sequence[UUID]) -> bool:
    """To whom an offering for these audiences shows itself: with none to everybody (CAT-7)."""
    query = "SELECT EXISTS (SELECT FROM audience_member WHERE person = %s AND audience = ANY(%s))"
    return not audiences or scalar(conn, query, bool, [person, list(audiences)])


def enrollment(conn: Connection, id: UUID) -> EnrollmentFact | None:
    query = f"SELECT {', '.join(EnrollmentFact._fields)} FROM enrollment_fact WHERE id = %s"
    return fetch_one(conn, EnrollmentFact, query, [id])


def enrollments(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, EnrollmentFact]:
    query = f"SELECT {', '.join(EnrollmentFact._fields)} FROM enrollment_fact WHERE id = ANY(%s)"
    return {row.id: row for row in fetch(conn, EnrollmentFact, query, [list(ids)])}


def enrollment_of(conn: Connection, person: UUID, offering: UUID) -> EnrollmentFact | None:
    query = f"SELECT {', '.join(EnrollmentFact._fields)} FROM enrollment_fact WHERE person = %s AND offering = %s"
    return fetch_one(conn, EnrollmentFact, query, [person, offering])


def outcome(conn: Connection, request: UUID) -> OutcomeFact | None:
    query = f"SELECT {', '.join(OutcomeFact._fields)} FROM outcome_fact WHERE request = %s"
    return fetch_one(conn, OutcomeFact, query, [request])


def names(conn: Connection, people: Iterable[UUID]) -> dict[UUID, str]:
    """Of those who have a profile."""
    query = "SELECT person_id, first_name || ' ' || last_name FROM profile WHERE person_id = ANY(%s)"
    return dict(pairs(conn, query, UUID, str, [list(set(people))]))


def meant(conn: Connection, learner: UUID, kind: str, person: UUID | None, role: str | None) -> frozenset[UUID]:
    """Whom one entry of a stage means for a learner at this moment (CAT-13)."""
    return frozenset(column(conn, "SELECT person FROM meant(%s, %s, %s, %s)", UUID, [learner, kind, person, role]))


def save_offerings(conn: Connection, rows: Sequence[OfferingFact]) -> None:
    _upsert(conn, "offering_fact", OfferingFact._fields, rows)


def save_enrollments(conn: Connection, rows: Sequence[EnrollmentFact]) -> None:
    _upsert(conn, "enrollment_fact", EnrollmentFact._fields, rows)


def save_jobs(conn: Connection, rows: Sequence[JobFact], ended: Sequence[UUID]) -> None:
    _upsert(conn, "job_fact", JobFact._fields, rows)
    conn.execute("DELETE FROM job_fact WHERE id = ANY(%s)", [list(ended)])


def save_outcomes(conn: Connection, rows: Sequence[OutcomeFact]) -> None:
    """What is None stays as it was."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO outcome_fact AS known (request, assignment, problem, detail, ended) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (request) DO UPDATE SET assignment = coalesce(excluded.assignment, known.assignment), "
            "problem = coalesce(excluded.problem, known.problem), detail = coalesce(excluded.detail, known.detail), "
            "ended = coalesce(known.ended, excluded.ended)",
            rows,
        )


def _upsert(conn: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """By the first column; a later row of one id counts."""
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    statement = f"INSERT INTO {table} ({names}) VALUES ({places}) ON CONFLICT ({columns[0]}) DO UPDATE SET {changes}"
    with conn.cursor() as cursor:
        cursor.executemany(statement.encode(), [_listed(row) for row in rows])


def _listed(row: tuple[object, ...]) -> list[object]:
    return [list(value) if isinstance(value, tuple) else value for value in row]
