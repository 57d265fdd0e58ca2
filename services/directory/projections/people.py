"""Queries on people: one person whole, and facts for decisions."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import pydantic_core
from pydantic import BaseModel

from services.directory.projections.person_lists import BESIDE, FROM, ITEM, VISIBLE, PersonItem, scoped
from services.directory.projections.structure import BELOW
from services.directory.projections.tables import NIL, JobDetails, ProfileRow
from shared.auth import ROLES, Permission, Scope
from shared.database import Connection, column, fetch, fetch_one, pairs, scalar
from shared.folding import fold, key
from shared.readmodel import Page, cursor_decode, page_of


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
    organisation_name: str | None


class PersonView(PersonItem):
    """A person whole. `version` is the ETag."""

    version: int
    country: str | None
    language: str | None
    time_zone: str | None
    dates: dict[str, date]
    jobs: list[JobView]
    roles: list[RoleView]


class PermissionsView(BaseModel):
    """What somebody may do for an organisation and everything below it; None: for everything."""

    organisation: UUID | None
    organisation_name: str | None
    permissions: list[Permission]


class OwnView(PersonView):
    """Oneself, with what one may do now: by the roles of this moment, which may be others than those of a token (SEC-2)."""

    permissions: list[PermissionsView]


class DateField(BaseModel):
    """A date field of the operator's choice, and how many people have it."""

    name: str
    people: int


class SignInView(BaseModel):
    """One successful sign-in."""

    at: datetime


def sign_ins(conn: Connection, person: UUID, cursor: str | None, limit: int) -> Page[SignInView]:
    """Newest first."""
    before = cursor_decode(cursor, datetime.fromisoformat)[0] if cursor else "infinity"
    query = "SELECT DISTINCT at FROM sign_in WHERE person = %s AND at < %s::timestamptz ORDER BY at DESC LIMIT %s"
    rows = fetch(conn, SignInView, query, [person, before, limit + 1])
    return page_of(rows, limit, lambda row: [row.at.isoformat()])


def find(conn: Connection, scope: Scope, id: UUID) -> PersonView | None:
    """None where there is no such person, or none that the scope shows."""
    query = (
        f"{BELOW}SELECT {ITEM}, p.revision + f.revision AS version, p.country, f.language, f.time_zone, p.dates{FROM}{BESIDE}"
        f"WHERE p.id = %(id)s AND {VISIBLE}"
    )
    person = fetch_one(conn, _person, query, {**scoped(scope), "id": id})
    if person is None:
        return None
    return person.model_copy(update={"jobs": jobs(conn, id), "roles": roles(conn, scope, id)})


def _person(*, dates: str, **fields: object) -> PersonView:
    return PersonView.model_validate({**fields, "dates": pydantic_core.from_json(dates), "jobs": [], "roles": []})


def jobs(conn: Connection, person: UUID) -> list[JobView]:
    """In the order in which they came; the first is the first job."""
    query = (
        'SELECT j.id, j.external_id, j.title, j.organisation, o.name AS organisation_name, j."position", '
        "p.name AS position_name, j.manager_job, j.manager, j.temporary_manager_job, j.temporary_manager, "
        "j.temporary_until, j.starts, j.ends, j.position_assigned_on FROM job_assignment j "
        'LEFT JOIN unit o ON o.id = j.organisation LEFT JOIN unit p ON p.id = j."position" '
        "WHERE j.person = %s ORDER BY j.number, j.id"
    )
    return fetch(conn, JobView, query, [person])


def date_fields(conn: Connection, scope: Scope) -> list[DateField]:
    """The date fields that people within the scope have, by name (DIR-1)."""
    query = (
        f"{BELOW}SELECT name, count(*) AS people FROM person p CROSS JOIN LATERAL json_object_keys(p.dates::json) AS name "
        f"WHERE p.dates <> '{{}}' AND {VISIBLE} GROUP BY name ORDER BY name"
    )
    return fetch(conn, DateField, query, scoped(scope))


def roles(conn: Connection, scope: Scope, person: UUID) -> list[RoleView]:
    """Organisations outside the scope have no name."""
    query = (
        f"{BELOW}SELECT role, nullif(organisation, %(nil)s) AS organisation, u.name AS organisation_name FROM permission_role "
        "LEFT JOIN unit u ON u.id = organisation AND (%(all)s OR u.id IN (SELECT id FROM below)) "
        "WHERE person = %(person)s ORDER BY 1, 2"
    )
    values = {"nil": NIL, "person": person, "scope": list(scope.organisations), "all": scope.everything}
    return fetch(conn, RoleView, query, values)


def permissions(person: PersonView) -> list[PermissionsView]:
    """By organisation, everything first; nothing for somebody who is not active."""
    held: dict[tuple[UUID | None, str | None], set[Permission]] = {}
    for role in person.roles if person.active else ():
        held.setdefault((role.organisation, role.organisation_name), set()).update(ROLES.get(role.role, ()))
    return [
        PermissionsView(organisation=id, organisation_name=name, permissions=sorted(allowed))
        for (id, name), allowed in sorted(held.items(), key=lambda one: (one[0][0] is not None, one[0][1] or ""))
        if allowed
    ]


def profile(conn: Connection, id: UUID) -> ProfileRow | None:
    columns = ", ".join(ProfileRow._fields)
    return fetch_one(conn, ProfileRow, f"SELECT {columns} FROM profile WHERE id = %s", [id])


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


class AddressOwner(NamedTuple):
    """Who has an e-mail address."""

    id: UUID
    email: str
    first_name: str
    last_name: str
    language: str | None
    active: bool
    has_account: bool


def address_owner(conn: Connection, typed: str) -> AddressOwner | None:
    """Regardless of letter case."""
    query = (
        "SELECT f.id, f.email, f.first_name, f.last_name, f.language, p.active, "
        "EXISTS (SELECT FROM account a WHERE a.person = f.id) AS has_account "
        "FROM profile f JOIN person p ON p.id = f.id WHERE f.email_folded = %s"
    )
    return fetch_one(conn, AddressOwner, query, [fold(key(typed))])


def person_with(conn: Connection, by: Literal["email", "user_name", "external_id"], value: str) -> UUID | None:
    """Who has this e-mail, user name (regardless of letter case) or external id."""
    query, kept = {
        "email": ("email_folded", fold(key(value))),
        "user_name": ("user_name_folded", fold(key(value))),
        "external_id": ("external_id", key(value)),
    }[by]
    row = conn.execute(f"SELECT id FROM profile WHERE {query} = %s".encode(), [kept]).fetchone()
    return row[0] if row and isinstance(row[0], UUID) else None


def is_active(conn: Connection, id: UUID) -> bool:
    return conn.execute("SELECT FROM person WHERE id = %s AND active", [id]).fetchone() is not None


def job_owner(conn: Connection, job: UUID) -> UUID | None:
    row = conn.execute("SELECT person FROM job_assignment WHERE id = %s", [job]).fetchone()
    return row[0] if row and isinstance(row[0], UUID) else None


def job_details(conn: Connection, person: UUID) -> Mapping[UUID, JobDetails]:
    query = "SELECT id, number, external_id, title FROM job_assignment WHERE person = %s"
    return dict(fetch(conn, _details, query, [person]))


def _details(*, id: UUID, **details: Any) -> tuple[UUID, JobDetails]:
    return id, JobDetails(**details)


def managers_above(conn: Connection, job: UUID | None) -> dict[UUID, int]:
    """This job and every job above it, permanent and temporary managers, each with its revision."""
    query = (
        "WITH RECURSIVE above AS (SELECT id, revision, manager_job, temporary_manager_job FROM job_assignment WHERE id = %s "
        "UNION SELECT j.id, j.revision, j.manager_job, j.temporary_manager_job FROM job_assignment j JOIN above a "
        "ON j.id = a.manager_job OR j.id = a.temporary_manager_job) SELECT id, revision FROM above"
    )
    return dict(pairs(conn, query, UUID, int, [job]))


def led_by(conn: Connection, job: UUID) -> int:
    """How many jobs name this one as their manager or temporary manager."""
    query = "SELECT count(*) FROM job_assignment WHERE manager_job = %s OR temporary_manager_job = %s"
    return scalar(conn, query, int, [job, job])


def existing(conn: Connection, people: Sequence[UUID]) -> set[UUID]:
    return set(column(conn, "SELECT id FROM person WHERE id = ANY(%s)", UUID, [list(people)]))


def visible(conn: Connection, scope: Scope, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these people whose home is in the scope."""
    query = f"{BELOW}SELECT p.id FROM person p WHERE p.id = ANY(%(ids)s) AND {VISIBLE}"
    values = {"ids": list(ids), "scope": list(scope.organisations), "all": scope.everything}
    return set(column(conn, query, UUID, values))
