"""Queries on people: search (DIR-9), one person whole, and facts for decisions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import pydantic_core
from psycopg.rows import class_row, kwargs_row
from pydantic import BaseModel, ConfigDict

from services.directory.projections.structure import BELOW
from services.directory.projections.tables import NIL, JobDetails, ProfileRow
from shared.auth import Scope
from shared.database import Connection
from shared.folding import fold, key, trimmed
from shared.limits import Sought
from shared.readmodel import Page, cursor_decode, cursor_encode


class PersonItem(BaseModel):
    """A person in a list."""

    id: UUID
    first_name: str
    last_name: str
    email: str
    user_name: str
    external_id: str | None
    active: bool
    home_organisation: UUID | None
    home_organisation_name: str | None


class JobView(BaseModel):
    """A job assignment (DIR-5). `external_id` is unique among the person's jobs."""

    id: UUID
    external_id: str
    title: str | None
    organisation: UUID | None
    organisation_name: str | None
    position: UUID | None
    position_name: str | None
    manager_job: UUID | None
    manager: UUID | None
    temporary_manager_job: UUID | None
    temporary_manager: UUID | None
    temporary_until: date | None
    starts: date | None
    ends: date | None
    position_assigned_on: date | None


class RoleView(BaseModel):
    """A permission role; organisation None: for everything."""

    role: str
    organisation: UUID | None


class PersonView(PersonItem):
    """A person whole. `version` is the ETag."""

    version: int
    country: str | None
    language: str | None
    time_zone: str | None
    dates: dict[str, date]
    jobs: list[JobView] = []
    roles: list[RoleView] = []


class PersonFilter(BaseModel):
    """What may be in an address: nothing of it is personal."""

    model_config = ConfigDict(extra="forbid")

    organisation: UUID | None = None
    position: UUID | None = None
    include_below: bool = False
    audience: UUID | None = None
    active: bool | None = None


class PersonQuery(PersonFilter):
    """With parts of names and e-mail, regardless of letter case; first and last name both where both are given (DIR-9)."""

    first_name: Sought | None = None
    last_name: Sought | None = None
    email: Sought | None = None
    user_name: Sought | None = None
    external_id: Sought | None = None


class SignInView(BaseModel):
    """One successful sign-in."""

    at: datetime


def sign_ins(conn: Connection, person: UUID, cursor: str | None, limit: int) -> Page[SignInView]:
    """Newest first."""
    before = cursor_decode(cursor, datetime.fromisoformat)[0] if cursor else "infinity"
    query = "SELECT DISTINCT at FROM sign_in WHERE person = %s AND at < %s::timestamptz ORDER BY at DESC LIMIT %s"
    with conn.cursor(row_factory=class_row(SignInView)) as found:
        rows = found.execute(query, [person, before, limit + 1]).fetchall()
    return Page(items=rows[:limit], next=cursor_encode(rows[limit - 1].at.isoformat()) if len(rows) > limit else None)


_ITEM = (
    "p.id, f.first_name, f.last_name, f.email, f.user_name, f.external_id, p.active, p.home AS home_organisation, "
    "h.name AS home_organisation_name"
)
_FROM = " FROM person p JOIN profile f ON f.id = p.id LEFT JOIN unit h ON h.id = p.home "
_VISIBLE = "(%(all)s OR p.home IN (SELECT id FROM below))"
_UNDER = (
    "(WITH RECURSIVE under AS (SELECT %({0})s::uuid AS id UNION SELECT u.id FROM unit u JOIN under n ON u.parent = n.id "
    "WHERE %(deep)s) SELECT id FROM under)"
)
_PARTS = frozenset({"first_name", "last_name", "email"})
_KEYS: Mapping[str, Callable[[str], str]] = {"user_name": lambda text: fold(trimmed(text)), "external_id": key}
_CONDITIONS = {
    "first_name": "strpos(f.first_name_folded, %(first_name)s) > 0",
    "last_name": "strpos(f.last_name_folded, %(last_name)s) > 0",
    "email": "strpos(coalesce(f.email_folded, f.email), %(email)s) > 0",
    "user_name": "f.user_name_folded = %(user_name)s",
    "external_id": "f.external_id = %(external_id)s",
    "organisation": f"(p.home IN {_UNDER.format('organisation')} OR EXISTS (SELECT FROM job_assignment j "
    f"WHERE j.person = p.id AND j.organisation IN {_UNDER.format('organisation')}))",
    "position": "EXISTS (SELECT FROM job_assignment j "
    f'WHERE j.person = p.id AND j."position" IN {_UNDER.format("position")})',
    "audience": "EXISTS (SELECT FROM audience_member m WHERE m.audience = %(audience)s AND m.person = p.id)",
    "active": "p.active = %(active)s",
}


def search(conn: Connection, scope: Scope, asked: PersonFilter, cursor: str | None, limit: int) -> Page[PersonItem]:
    """By last name, first name; only people whose home is in the scope. A cursor holds an id, never a name."""
    where, values = _where(scope, asked)
    if cursor:
        where += (
            " AND (f.last_name_folded, f.first_name_folded, p.id) > "
            "(SELECT last_name_folded, first_name_folded, id FROM profile WHERE id = %(after)s::uuid)"
        )
        values["after"] = cursor_decode(cursor, UUID)[0]
    query = (
        f"{BELOW}SELECT {_ITEM}{_FROM}WHERE {where} "
        "ORDER BY f.last_name_folded, f.first_name_folded, p.id LIMIT %(limit)s"
    ).encode()
    with conn.cursor(row_factory=class_row(PersonItem)) as found:
        rows = found.execute(query, {**values, "limit": limit + 1}).fetchall()
    return Page(items=rows[:limit], next=cursor_encode(str(rows[limit - 1].id)) if len(rows) > limit else None)


def selection(conn: Connection, scope: Scope, asked: PersonFilter, limit: int) -> list[UUID]:
    """Everybody in the result, not only a page of it; at most `limit` + 1 of them (ASG-4)."""
    where, values = _where(scope, asked)
    query = f"{BELOW}SELECT p.id{_FROM}WHERE {where} ORDER BY p.id LIMIT %(limit)s".encode()
    return [id for (id,) in conn.execute(query, {**values, "limit": limit + 1}) if isinstance(id, UUID)]


def _where(scope: Scope, asked: PersonFilter) -> tuple[str, dict[str, object]]:
    given = asked.model_dump(exclude_none=True, include=set(_CONDITIONS))
    given |= {name: fold(given[name]) for name in _PARTS & given.keys()}
    given |= {name: read(given[name]) for name, read in _KEYS.items() if name in given}
    values = {**given, "deep": asked.include_below, "scope": list(scope.organisations), "all": scope.everything}
    return " AND ".join([_VISIBLE, *(_CONDITIONS[name] for name in given)]), values


def find(conn: Connection, scope: Scope, id: UUID) -> PersonView | None:
    """None where there is no such person, or none that the scope shows."""
    query = (
        f"{BELOW}SELECT {_ITEM}, p.revision + f.revision AS version, p.country, f.language, f.time_zone, p.dates{_FROM}"
        f"WHERE p.id = %(id)s AND {_VISIBLE}"
    ).encode()
    values = {"id": id, "scope": list(scope.organisations), "all": scope.everything}
    with conn.cursor(row_factory=kwargs_row(_person)) as cursor:
        person = cursor.execute(query, values).fetchone()
    if person is None:
        return None
    return person.model_copy(update={"jobs": jobs(conn, id), "roles": roles(conn, id)})


def _person(*, dates: str, **fields: object) -> PersonView:
    return PersonView.model_validate({**fields, "dates": pydantic_core.from_json(dates)})


def jobs(conn: Connection, person: UUID) -> list[JobView]:
    """In the order in which they came; the first is the first job."""
    query = (
        'SELECT j.id, j.external_id, j.title, j.organisation, o.name AS organisation_name, j."position", '
        "p.name AS position_name, j.manager_job, j.manager, j.temporary_manager_job, j.temporary_manager, "
        "j.temporary_until, j.starts, j.ends, j.position_assigned_on FROM job_assignment j "
        'LEFT JOIN unit o ON o.id = j.organisation LEFT JOIN unit p ON p.id = j."position" '
        "WHERE j.person = %s ORDER BY j.number, j.id"
    )
    with conn.cursor(row_factory=class_row(JobView)) as cursor:
        return cursor.execute(query, [person]).fetchall()


def roles(conn: Connection, person: UUID) -> list[RoleView]:
    query = "SELECT role, nullif(organisation, %s) AS organisation FROM permission_role WHERE person = %s ORDER BY 1, 2"
    with conn.cursor(row_factory=class_row(RoleView)) as cursor:
        return cursor.execute(query, [NIL, person]).fetchall()


def profile(conn: Connection, id: UUID) -> ProfileRow | None:
    columns = ", ".join(ProfileRow._fields)
    with conn.cursor(row_factory=class_row(ProfileRow)) as cursor:
        return cursor.execute(f"SELECT {columns} FROM profile WHERE id = %s".encode(), [id]).fetchone()


def taken(conn: Connection, one: ProfileRow) -> Sequence[str]:
    """Which of e-mail, user name and external id belong to somebody else."""
    row = conn.execute(
        "SELECT bool_or(email_folded = %(email)s), bool_or(user_name_folded = %(user_name)s), "
        "bool_or(external_id = %(external_id)s) FROM profile WHERE id <> %(id)s AND "
        "(email_folded = %(email)s OR user_name_folded = %(user_name)s OR external_id = %(external_id)s)",
        {**one._asdict(), "email": fold(one.email), "user_name": fold(one.user_name)},
    ).fetchone()
    names = ("email", "user_name", "external_id")
    return [name for name, is_taken in zip(names, row or (), strict=False) if is_taken]


def job_owner(conn: Connection, job: UUID) -> UUID | None:
    row = conn.execute("SELECT person FROM job_assignment WHERE id = %s", [job]).fetchone()
    return row[0] if row and isinstance(row[0], UUID) else None


def job_details(conn: Connection, person: UUID) -> Mapping[UUID, JobDetails]:
    rows = conn.execute("SELECT id, number, external_id, title FROM job_assignment WHERE person = %s", [person])
    return {id: JobDetails(*rest) for id, *rest in rows if isinstance(id, UUID)}  # type: ignore[arg-type]


def managers_above(conn: Connection, job: UUID | None) -> dict[UUID, int]:
    """This job and every job above it, permanent and temporary managers, each with its revision."""
    query = (
        "WITH RECURSIVE above AS (SELECT id, revision, manager_job, temporary_manager_job FROM job_assignment WHERE id = %s "
        "UNION SELECT j.id, j.revision, j.manager_job, j.temporary_manager_job FROM job_assignment j JOIN above a "
        "ON j.id = a.manager_job OR j.id = a.temporary_manager_job) SELECT id, revision FROM above"
    )
    return dict(conn.execute(query, [job]).fetchall())  # type: ignore[arg-type]


def led_by(conn: Connection, job: UUID) -> int:
    """How many jobs name this one as their manager or temporary manager."""
    query = "SELECT count(*) FROM job_assignment WHERE manager_job = %s OR temporary_manager_job = %s"
    row = conn.execute(query, [job, job]).fetchone()
    return int(str(row[0])) if row else 0


def existing(conn: Connection, people: Sequence[UUID]) -> set[UUID]:
    rows = conn.execute("SELECT id FROM person WHERE id = ANY(%s)", [list(people)])
    return {id for (id,) in rows if isinstance(id, UUID)}


def visible(conn: Connection, scope: Scope, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these people whose home is in the scope."""
    query = f"{BELOW}SELECT p.id FROM person p WHERE p.id = ANY(%(ids)s) AND {_VISIBLE}".encode()
    values = {"ids": list(ids), "scope": list(scope.organisations), "all": scope.everything}
    return {id for (id,) in conn.execute(query, values) if isinstance(id, UUID)}
