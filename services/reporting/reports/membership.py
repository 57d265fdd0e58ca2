"""The membership report: one row per learner and assignment that holds the learner (RPT-1, RPT-2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row
from pydantic import BaseModel
from starlette.responses import Response

from services.reporting.projections.sources import PROJECTIONS
from services.reporting.reports.export import Kind, parts
from services.reporting.reports.filters import Filters, conditions
from services.reporting.reports.moment import Moment, Values
from shared.auth import Scope
from shared.database import Connection, Database
from shared.errors import Invalid
from shared.readmodel import applied, cursor_decode, cursor_encode, cursor_number
from shared.streams import Streams

Sort = Literal["-assigned_at", "assigned_at", "person", "-person", "offering", "-offering"]

TYPE_LABELS = {
    "individual": "Individual",
    "audience": "Audience",
    "organisation": "Organisation",
    "position": "Position",
    "manager": "Manager",
    "group": "Group",
    "self": "Self-enrollment",
    "job-role": "Job role",
    "trigger": "Trigger",
}
"""How an assignment type is called in reports (ASG-1)."""


class MembershipRow(BaseModel):
    """One learner held by one assignment. Names are None where their source has not told them yet."""

    enrollment_id: UUID
    person_id: UUID
    first_name: str | None
    last_name: str | None
    user_name: str | None
    email: str | None
    active: bool | None
    home_organisation_id: UUID | None
    home_organisation: str | None
    offering_id: UUID
    offering_kind: str | None
    offering_code: str | None
    offering_title: str | None
    assignment_id: UUID
    assignment_type: str | None
    assignment_type_label: str | None
    assignment_name: str | None
    include_below: bool | None
    term: int
    state: str | None
    due_on: date | None
    """The day on which the term is due (DUE-3)."""
    assigned_at: datetime


class MembershipPage(BaseModel):
    """One page. `as_new_as` tells how far each source has been applied, in the form that `at_least` takes (RPT-6)."""

    items: list[MembershipRow]
    next: str | None
    as_of: datetime | None
    as_new_as: list[str]


COLUMNS = tuple(MembershipRow.model_fields)
_OTHER_KINDS: dict[str, Kind] = {
    "active": "yes-or-no",
    "include_below": "yes-or-no",
    "assigned_at": "instant",
    "term": "plain",
    "due_on": "plain",
    **{column: "plain" for column in COLUMNS if column.endswith("_id")},
}
_KINDS: dict[str, Kind] = {column: _OTHER_KINDS.get(column, "text") for column in COLUMNS}

LABEL = "CASE a.type {} END".format(" ".join(f"WHEN '{type}' THEN '{label}'" for type, label in TYPE_LABELS.items()))
_SELECTED = (
    "m.enrollment_id, m.person_id, n.first_name, n.last_name, n.user_name, n.email, p.active, "
    "p.home_organisation AS home_organisation_id, h.name AS home_organisation, "
    "m.offering_id, o.kind AS offering_kind, o.code AS offering_code, o.title AS offering_title, "
    f"m.assignment_id, a.type AS assignment_type, {LABEL} AS assignment_type_label, "
    "coalesce(au.name, tu.name, lg.name, jr.name, tr.name, tn.first_name || ' ' || tn.last_name) AS assignment_name, "
    "a.include_below, "
    "m.term, s.state, s.due_on, m.valid_from AS assigned_at"
)

_PERSON = "coalesce(n.sorted, '')"
_OFFERING = "coalesce(o.title, '')"


@dataclass(frozen=True)
class _Order:
    """How rows are ordered: always down to the position, which is unique and rises with the time of assignment."""

    sort: Sort

    @property
    def direction(self) -> str:
        return "DESC" if self.sort.startswith("-") else "ASC"

    @property
    def named(self) -> str:
        return self.sort.removeprefix("-")

    def joins(self, moment: Moment) -> str:
        if self.named == "person":
            return "LEFT JOIN profile n ON n.person_id = m.person_id"
        if self.named == "offering":
            return f"LEFT JOIN offering o ON o.offering_id = m.offering_id AND {moment.holds('o')}"
        return ""

    @property
    def key(self) -> str:
        first = {"person": f"{_PERSON} {self.direction}, ", "offering": f"{_OFFERING} {self.direction}, "}
        return f"{first.get(self.named, '')}m.position {self.direction}"

    def after(self, moment: Moment) -> str:
        """Rows behind the cursor, which names ids only: a name is looked up, so that none is in an address."""
        than = "<" if self.direction == "DESC" else ">"
        if self.named == "person":
            last = "(SELECT coalesce(max(sorted), '') FROM profile WHERE person_id = %(after_id)s)"
            return f"({_PERSON}, m.position) {than} ({last}, %(after)s)"
        if self.named == "offering":
            last = (
                "(SELECT coalesce(max(w.title), '') FROM offering w "
                f"WHERE w.offering_id = %(after_id)s AND {moment.holds('w')})"
            )
            return f"({_OFFERING}, m.position) {than} ({last}, %(after)s)"
        return f"m.position {than} %(after)s"


class MembershipReport:
    """The queries of the report. Each sees one moment of the read models, and what the scope allows."""

    def __init__(self, database: Database, streams: Streams) -> None:
        self._database = database
        self._streams = streams

    def page(self, filters: Filters, scope: Scope, sort: Sort, cursor: str | None, limit: int) -> MembershipPage:
        order = _Order(sort)
        with self._database.transaction(snapshot=True) as conn:
            conn.execute("SET LOCAL jit = off")  # compiling takes longer than a page does
            moment = _moment(conn, filters)
            query, values = _query(filters, moment, scope, order, cursor, limit + 1)
            with conn.cursor(row_factory=class_row(_Placed)) as rows:
                found = rows.execute(query, values).fetchall()
            as_new_as = [f"{source}:{at.number}" for source in _SOURCES if (at := applied(conn, source))]
        more = len(found) > limit
        shown = found[:limit]
        items = [MembershipRow.model_construct(**{c: getattr(row, c) for c in COLUMNS}) for row in shown]
        return MembershipPage(
            items=items, next=_cursor(order, shown[-1]) if more else None, as_of=moment.at, as_new_as=as_new_as
        )

    def count(self, filters: Filters, scope: Scope) -> int:
        with self._database.transaction(snapshot=True) as conn:
            where, values = conditions(filters, _moment(conn, filters), scope)
            row = conn.execute(f"SELECT count(*) FROM membership m WHERE {where}", dict(values)).fetchone()
        return int(str(row[0])) if row else 0

    def export(self, filters: Filters, scope: Scope, sort: Sort) -> Response:
        """All rows as CSV, streamed; the columns are those of a row."""

        def made(conn: Connection) -> Iterator[bytes]:
            query, values = _query(filters, _moment(conn, filters), scope, _Order(sort), None, None)
            return parts(conn, query, values, _KINDS)

        return self._streams.answer(
            made,
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="membership.csv"'},
        )


class _Placed(MembershipRow):
    position: int


_SOURCES = tuple(projection.source for projection in PROJECTIONS)


def _moment(conn: Connection, filters: Filters) -> Moment:
    row = conn.execute("SELECT now()").fetchone()
    assert row is not None
    assert isinstance(row[0], datetime)
    return Moment.parse(filters.as_of, row[0])


def _query(
    filters: Filters, moment: Moment, scope: Scope, order: _Order, cursor: str | None, limit: int | None
) -> tuple[str, dict[str, object]]:
    """First the memberships of the page, then, only for those, the names of the other sources."""
    where, filter_values = conditions(filters, moment, scope)
    values: dict[str, object] = dict(filter_values)
    if cursor is not None:
        values |= _after(order, cursor)
        where = f"{where} AND {order.after(moment)}"
    if limit is None:
        chosen = f"NOT MATERIALIZED (SELECT m.* FROM membership m WHERE {where})"
    else:
        values["limit"] = limit
        first = f"FROM membership m {order.joins(moment)} WHERE {where} ORDER BY {order.key} LIMIT %(limit)s"
        chosen = f"MATERIALIZED (SELECT m.* {first})"
    query = (
        f"WITH chosen AS {chosen} "
        f"SELECT {_SELECTED}, m.position FROM chosen m "
        f"LEFT JOIN standing s ON s.enrollment_id = m.enrollment_id AND {moment.holds('s')} "
        "LEFT JOIN assignment a ON a.assignment_id = m.assignment_id "
        f"LEFT JOIN offering o ON o.offering_id = m.offering_id AND {moment.holds('o')} "
        f"LEFT JOIN person p ON p.person_id = m.person_id AND {moment.holds('p')} "
        f"LEFT JOIN unit h ON h.unit_id = p.home_organisation AND {moment.holds('h')} "
        "LEFT JOIN profile n ON n.person_id = m.person_id "
        f"LEFT JOIN audience au ON a.type = 'audience' AND au.audience_id = a.target_id AND {moment.holds('au')} "
        "LEFT JOIN unit tu ON a.type IN ('organisation', 'position') AND tu.unit_id = a.target_id "
        f"AND {moment.holds('tu')} "
        f"LEFT JOIN learner_group lg ON a.type = 'group' AND lg.group_id = a.target_id AND {moment.holds('lg')} "
        f"LEFT JOIN job_role jr ON a.type = 'job-role' AND jr.job_role_id = a.target_id AND {moment.holds('jr')} "
        f"LEFT JOIN trigger tr ON a.type = 'trigger' AND tr.trigger_id = a.target_id AND {moment.holds('tr')} "
        "LEFT JOIN profile tn ON a.type IN ('individual', 'manager', 'self') AND tn.person_id = a.target_id "
        f"ORDER BY {order.key}"
    )
    return query, values


def _cursor(order: _Order, last: _Placed) -> str:
    id = {"person": last.person_id, "offering": last.offering_id}.get(order.named, "")
    return cursor_encode(order.sort, str(last.position), str(id))


def _after(order: _Order, cursor: str) -> Values:
    sort, position, id = cursor_decode(cursor, str, cursor_number, lambda text: UUID(text) if text else None)
    if sort != order.sort:
        raise Invalid("The cursor is of another list or another order. Begin again without it.", field="cursor")
    return {"after": position, "after_id": id}
