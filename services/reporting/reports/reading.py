"""Pages, counts and exports, written once for every report. Each sees one moment of the read models, and what the scope allows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from starlette.responses import Response

from services.reporting.projections.sources import PROJECTIONS
from services.reporting.reports.files import FILES, Format
from services.reporting.reports.grammar import Column, Order, Source, at
from services.reporting.reports.moment import Moment
from shared.auth import Scope
from shared.database import Connection, Database, pairs, scalar
from shared.errors import Invalid
from shared.readmodel import applied, cursor_decode, cursor_encode
from shared.streams import Streams

Values = dict[str, object]
_NOTHING = Scope(everything=False)


@dataclass(frozen=True)
class Question:
    """What is asked of a report. `given`: the values of its filters, by name, where there are any."""

    given: Mapping[str, object] = field(default_factory=dict)
    as_of: str | None = None
    sort: str | None = None
    columns: Sequence[str] = ()
    """Only these, in this order; none: all."""


@dataclass(frozen=True)
class Viewer:
    """Whose learners are shown: those of the scope, and oneself where the report has that."""

    scope: Scope = _NOTHING
    own: UUID | None = None


class ReportPage(NamedTuple):
    """One page. `as_new_as` tells how far each source has been applied, in the form that `at_least` takes (RPT-6)."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    next: str | None
    as_of: datetime | None
    as_new_as: list[str]


class Reports:
    def __init__(self, database: Database, streams: Streams) -> None:
        self.database = database
        self._streams = streams

    def page(self, source: Source, question: Question, viewer: Viewer, cursor: str | None, limit: int) -> ReportPage:
        query = ReportQuery(source, question, viewer)
        with self.database.transaction(snapshot=True) as conn:
            conn.execute("SET LOCAL jit = off")  # compiling takes longer than a page does
            moment = _moment(conn, question)
            text, values = query.rows(moment, cursor=cursor, limit=limit + 1)
            found = conn.execute(text.encode(), values).fetchall()
            as_new_as = [f"{name}:{at.number}" for name in _APPLIED if (at := applied(conn, name))]
        rows = [row[:-1] for row in found[:limit]]
        next = cursor_encode(query.sort, str(found[limit - 1][-1])) if len(found) > limit else None
        return ReportPage([column.name for column in query.columns], rows, next, moment.at, as_new_as)

    def count(self, source: Source, question: Question, viewer: Viewer) -> int:
        with self.database.transaction(snapshot=True) as conn:
            conn.execute("SET LOCAL jit = off")
            text, values = ReportQuery(source, question, viewer).count(_moment(conn, question))
            return scalar(conn, text, int, values)

    def parts(self, source: Source, question: Question, viewer: Viewer, by: str) -> dict[str, int]:
        """How many rows have each value of this one of the source's `parts`; only those that there are."""
        with self.database.transaction(snapshot=True) as conn:
            conn.execute("SET LOCAL jit = off")
            text, values = ReportQuery(source, question, viewer).parts(_moment(conn, question), by)
            return dict(pairs(conn, text, str, int, values))

    def export(self, source: Source, question: Question, viewer: Viewer, format: Format) -> Response:
        """All rows as a file, streamed (RPT-4)."""
        query = ReportQuery(source, question, viewer)
        file = FILES[format]

        def made(conn: Connection) -> Iterator[bytes]:
            text, values = query.rows(_moment(conn, question))
            return file.parts(conn, text, values, query.columns)

        return self._streams.answer(
            made,
            media_type=file.media_type,
            headers={"Content-Disposition": f'attachment; filename="{source.name}.{format}"'},
        )


_APPLIED = tuple(projection.source for projection in PROJECTIONS)


def _moment(conn: Connection, question: Question) -> Moment:
    return Moment.parse(question.as_of, scalar(conn, "SELECT now()", datetime))


class ReportQuery:
    """A question in SQL."""

    def __init__(self, source: Source, question: Question, viewer: Viewer) -> None:
        self._source = source
        self._viewer = viewer
        self._given = question.given
        self.sort = question.sort or source.first_order
        self._order: Order = source.orders[self.sort.removeprefix("-")]
        named = {column.name: column for column in source.columns}
        self.columns: Sequence[Column] = [named[name] for name in question.columns] or source.columns

    def count(self, moment: Moment) -> tuple[str, Values]:
        rows, where = self._counted(moment)
        return f"SELECT count(*) FROM {rows} WHERE {where}", self._values(moment)

    def parts(self, moment: Moment, by: str) -> tuple[str, Values]:
        rows, where = self._counted(moment)
        value = at(self._source.parts[by], moment)
        return f"SELECT {value}, count(*) FROM {rows} WHERE {where} GROUP BY 1", self._values(moment)

    def rows(self, moment: Moment, *, cursor: str | None = None, limit: int | None = None) -> tuple[str, Values]:
        """First the rows of the page, then, only for those, what the other tables say. The last column is the place."""
        source, order = self._source, self._order
        rows, where = self._counted(moment)
        values = self._values(moment)
        if cursor is not None:
            where = f"{where} AND {self._after(moment)}"
            values["after"] = self._place(cursor)
        if limit is None:
            chosen = f"NOT MATERIALIZED (SELECT m.* FROM {rows} WHERE {where})"
        else:
            values["limit"] = limit
            first = f"FROM {rows} {source.joined(moment, order.joins)} WHERE {where} ORDER BY {self._key(moment)}"
            chosen = f"MATERIALIZED (SELECT m.* {first} LIMIT %(limit)s)"
        selected = ", ".join(f"{column.selected(moment)} AS {column.name}" for column in self.columns)
        text = (
            f"WITH chosen AS {chosen} SELECT {selected}, {source.place} AS place FROM chosen m {source.joined(moment)} "
            f"ORDER BY {self._key(moment)}"
        )
        return text, values

    def _counted(self, moment: Moment) -> tuple[str, str]:
        """What is after FROM, with the alias `m`, and what is after WHERE."""
        where = " AND ".join(f"({condition})" for condition in self._conditions(moment))
        if self._source.grouped is None:
            return f"{self._source.table} m", where
        return f"({self._source.grouped(moment, where)}) m", "true"

    def _conditions(self, moment: Moment) -> Iterator[str]:
        source = self._source
        yield source.holds(moment)
        allowed = " AND ".join(source.permitted(self._viewer.scope)) or "true"
        yield f"{allowed} OR m.person_id = %(viewer)s" if self._viewer.own else allowed
        yield from (at(one.sql, moment) for one in source.filters if one.name in self._given)

    def _values(self, moment: Moment) -> Values:
        scope = self._viewer.scope
        values: Values = {**moment.values, "scope": list(scope.organisations), "everything": scope.everything}
        values["viewer"] = self._viewer.own
        for one in self._source.filters:
            if one.name in self._given:
                values |= one.given(self._given[one.name])
        return values

    @property
    def _backwards(self) -> bool:
        return self.sort.startswith("-")

    def _key(self, moment: Moment) -> str:
        direction = "DESC" if self._backwards else "ASC"
        first = f"{at(self._order.sql, moment)} {direction}, " if self._order.sql else ""
        return f"{first}{self._source.place} {direction}"

    def _after(self, moment: Moment) -> str:
        """Rows behind that of the cursor, which says which one that was and nothing else: a name is looked up, so that none is
        in an address."""
        source, order, than = self._source, self._order, "<" if self._backwards else ">"
        if not order.sql:
            return f"{source.place} {than} %(after)s"
        rows, where = (f"{source.table} m", "true") if source.place == "m.position" else self._counted(moment)
        last = (
            f"(SELECT {at(order.sql, moment)} FROM {rows} {source.joined(moment, order.joins)} "
            f"WHERE {where} AND {source.place} = %(after)s)"
        )
        return f"({at(order.sql, moment)}, {source.place}) {than} (coalesce({last}, {order.lowest}), %(after)s)"

    def _place(self, cursor: str) -> object:
        sort, place = cursor_decode(cursor, str, self._source.place_type)
        if sort != self.sort:
            raise Invalid(
                "The cursor belongs to another list or sort order. Start again without a cursor.", field="cursor"
            )
        return place
