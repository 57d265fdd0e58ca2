"""People in lists: search (DIR-9), everybody whom a search finds (ASG-4), the teams of those who lead (ASG-3)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.directory.projections.structure import BELOW
from shared.auth import Scope
from shared.database import Connection, fetch, scalar
from shared.folding import fold, key, trimmed
from shared.limits import Country, Sought
from shared.readmodel import Page, cursor_decode, page_of


class PersonItem(BaseModel):
    """A person in a list. Position and manager are those of the first job assignment that is current."""

    id: UUID
    first_name: str
    last_name: str
    email: str
    user_name: str
    external_id: str | None
    active: bool
    home_organisation: UUID | None
    home_organisation_name: str | None
    position: UUID | None
    position_name: str | None
    manager: UUID | None
    manager_name: str | None
    """None where the manager is outside the caller's organisations, too."""
    last_sign_in: datetime | None
    """As far back as sign-ins are kept (DIR-10)."""
    direct_team: int | None = None
    """With `leads`: how many people report directly, temporary management included."""
    team: int | None = None
    """With `leads`: how many people are below, at any distance."""


class PeoplePage(Page[PersonItem]):
    """`total` where `count` asks for it: how many match, at this moment."""

    total: int | None = None


class PersonFilter(BaseModel):
    """What may be in an address: nothing of it is personal."""

    model_config = ConfigDict(extra="forbid")

    organisation: UUID | None = None
    position: UUID | None = None
    include_below: bool = False
    """Of the organisation and the position."""
    audience: UUID | None = None
    active: bool | None = None
    country: Country | None = None
    leads: bool | None = None
    """Only those who lead an active person, or only those who lead nobody."""
    manager: UUID | None = None
    """Only whom this person leads."""
    team: Literal["direct", "below"] = "direct"
    """With `manager`: the direct team, or everybody below."""
    selection: UUID | None = None
    """Only who is in this selection of the caller's."""


class PersonQuery(PersonFilter):
    """With parts of names and e-mail, regardless of letter case; first and last name both where both are given (DIR-9)."""

    first_name: Sought | None = None
    last_name: Sought | None = None
    email: Sought | None = None
    user_name: Sought | None = None
    external_id: Sought | None = None


VISIBLE = "(%(all)s OR p.home IN (SELECT id FROM below))"
"""Whoever has their home in the scope; after `BELOW`."""
FROM = " FROM person p JOIN profile f ON f.id = p.id "
ITEM = (
    "p.id, f.first_name, f.last_name, f.email, f.user_name, f.external_id, p.active, p.home AS home_organisation, "
    'h.name AS home_organisation_name, job."position", o.name AS position_name, job.manager, '
    "n.first_name || ' ' || n.last_name AS manager_name, "
    "(SELECT max(at) FROM sign_in WHERE person = p.id) AS last_sign_in"
)
BESIDE = (
    "LEFT JOIN unit h ON h.id = p.home LEFT JOIN LATERAL ("
    'SELECT j."position", j.manager FROM current_job j WHERE j.person = p.id ORDER BY j.number, j.id LIMIT 1) AS job ON true '
    'LEFT JOIN unit o ON o.id = job."position" LEFT JOIN person m ON m.id = job.manager '
    "AND (%(all)s OR m.home IN (SELECT id FROM below)) LEFT JOIN profile n ON n.id = m.id "
)
"""What an item shows beside the person, for `FROM`."""
_ORDER = "f.last_name_folded, f.first_name_folded, p.id"
_UNDER = (
    "(WITH RECURSIVE under AS (SELECT %({0})s::uuid AS id UNION SELECT u.id FROM unit u JOIN under n ON u.parent = n.id "
    "WHERE %(deep)s) SELECT id FROM under)"
)
_TEAM = (
    "(WITH RECURSIVE led AS (SELECT l.job, l.person FROM current_job c JOIN current_leader l ON l.leader = c.id "
    "WHERE c.person = %(manager)s UNION SELECT l.job, l.person FROM led JOIN current_leader l ON l.leader = led.job "
    "WHERE %(below_team)s) SELECT person FROM led WHERE person <> %(manager)s)"
)
_LEADERS = (
    "(SELECT c.person FROM current_leader l JOIN current_job c ON c.id = l.leader "
    "JOIN person x ON x.id = l.person AND x.active WHERE l.person <> c.person)"
)
_TEAMS = (
    f"{BELOW}, led AS (SELECT c.person AS manager, l.job, l.person, true AS direct FROM current_job c "
    "JOIN current_leader l ON l.leader = c.id WHERE c.person = ANY(%(people)s) "
    "UNION SELECT led.manager, l.job, l.person, false FROM led JOIN current_leader l ON l.leader = led.job) "
    "SELECT led.manager AS id, count(DISTINCT p.id) FILTER (WHERE direct) AS direct_team, count(DISTINCT p.id) AS team "
    f"FROM led JOIN person p ON p.id = led.person AND p.active AND {VISIBLE} WHERE p.id <> led.manager GROUP BY 1"
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
    "country": "p.country = %(country)s",
    "leads": f"(p.id IN {_LEADERS}) = %(leads)s",
    "manager": f"p.id IN {_TEAM}",
    "selection": "EXISTS (SELECT FROM selected_person s WHERE s.selection = %(selection)s AND s.person = p.id)",
}


def search(
    conn: Connection, scope: Scope, asked: PersonFilter, cursor: str | None, limit: int, *, count: bool = False
) -> PeoplePage:
    """By last name, first name; only people whose home is in the scope. A cursor holds an id, never a name."""
    where, values = _where(scope, asked)
    total = scalar(conn, f"{BELOW}SELECT count(*){FROM}WHERE {where}", int, values) if count else None
    if cursor:
        where += (
            " AND (f.last_name_folded, f.first_name_folded, p.id) > "
            "(SELECT last_name_folded, first_name_folded, id FROM profile WHERE id = %(after)s::uuid)"
        )
        values["after"] = cursor_decode(cursor, UUID)[0]
    query = (
        f"{BELOW}, page AS MATERIALIZED (SELECT p.id{FROM}WHERE {where} ORDER BY {_ORDER} LIMIT %(limit)s) "
        f"SELECT {ITEM}{FROM}JOIN page ON page.id = p.id {BESIDE}ORDER BY {_ORDER}"
    )
    rows = fetch(conn, PersonItem, query, {**values, "limit": limit + 1})
    page = page_of(_with_teams(conn, scope, rows) if asked.leads else rows, limit, lambda person: [person.id])
    return PeoplePage(items=page.items, next=page.next, total=total)


def select(conn: Connection, scope: Scope, asked: PersonFilter, selection: UUID, limit: int) -> int:
    """Keep everybody in the result as this selection, not only a page of it; at most `limit` + 1 of them (ASG-4)."""
    where, values = _where(scope, asked)
    query = f"INSERT INTO selected_person (selection, person) {BELOW}SELECT %(kept)s, p.id{FROM}WHERE {where} LIMIT %(limit)s"
    return conn.execute(query.encode(), {**values, "kept": selection, "limit": limit + 1}).rowcount


def _where(scope: Scope, asked: PersonFilter) -> tuple[str, dict[str, object]]:
    given: dict[str, Any] = asked.model_dump(exclude_none=True, include=set(_CONDITIONS))
    given |= {name: fold(given[name]) for name in _PARTS & given.keys()}
    given |= {name: read(given[name]) for name, read in _KEYS.items() if name in given}
    values = {**given, **scoped(scope), "deep": asked.include_below, "below_team": asked.team == "below"}
    return " AND ".join([VISIBLE, *(_CONDITIONS[name] for name in given)]), values


def scoped(scope: Scope) -> dict[str, object]:
    """What `VISIBLE` asks for."""
    return {"scope": list(scope.organisations), "all": scope.everything}


class _Team(NamedTuple):
    id: UUID
    direct_team: int
    team: int


def _with_teams(conn: Connection, scope: Scope, people: Sequence[PersonItem]) -> list[PersonItem]:
    """With how many active people within the scope each of them leads."""
    values = {**scoped(scope), "people": [person.id for person in people]}
    teams = {team.id: team for team in fetch(conn, _Team, _TEAMS, values)}
    nobody = {"direct_team": 0, "team": 0}
    return [person.model_copy(update=teams[person.id]._asdict() if person.id in teams else nobody) for person in people]
