"""Folding what an earlier version wrote: a column `x_folded` holds fold(x), or NULL where that is still to be done."""

from collections.abc import Iterable
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import kwargs_row

from shared import telemetry
from shared.folding import fold

log = telemetry.logger(__name__)

Connection = psycopg.Connection[tuple[object, ...]]

_SUFFIX = "_folded"
_COLUMNS = """
SELECT c.table_name AS "table", c.column_name AS name, EXISTS (
    SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = format('%I.%I', c.table_schema, c.table_name)::regclass AND i.indisunique AND i.indnatts = 1
        AND a.attname = c.column_name) AS "unique"
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE t.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.column_name LIKE '%\\_folded'
ORDER BY 1, 2
"""
_OLDEST_FIRST = "ORDER BY (SELECT e.position FROM events e WHERE e.stream = t.id ORDER BY e.version LIMIT 1), t.id"


class _Column(NamedTuple):
    table: str
    name: str
    unique: bool


def refold(conn: Connection) -> None:
    """Fill what is NULL. Where two rows have one key now, the older one has it, and the other is named in the log: its key
    stays NULL, and it is found by its exact spelling only, until somebody gives it another one."""
    with conn.cursor(row_factory=kwargs_row(_Column)) as cursor:
        columns = cursor.execute(_COLUMNS).fetchall()
    for column in columns:
        rows = _missing(conn, column)
        if rows and column.unique:
            rows = list(_free(conn, column, rows))
        if rows:
            _write(conn, column, rows)


def _missing(conn: Connection, column: _Column) -> list[tuple[str, str, str]]:
    """Place, id and folded text, the oldest first where they have to be unique."""
    query = sql.SQL(
        "SELECT t.ctid::text, {id}, t.{plain} FROM {table} t WHERE t.{folded} IS NULL AND t.{plain} IS NOT NULL {order}"
    )
    found = conn.execute(
        query.format(
            id=sql.SQL("t.id::text" if column.unique else "''"),
            plain=sql.Identifier(column.name.removesuffix(_SUFFIX)),
            folded=sql.Identifier(column.name),
            table=sql.Identifier(column.table),
            order=sql.SQL(_OLDEST_FIRST if column.unique else ""),
        )
    )
    return [(str(place), str(id), fold(str(text))) for place, id, text in found]


def _free(conn: Connection, column: _Column, rows: Iterable[tuple[str, str, str]]) -> Iterable[tuple[str, str, str]]:
    query = sql.SQL("SELECT {0} FROM {1} WHERE {0} IS NOT NULL")
    taken = {text for (text,) in conn.execute(query.format(sql.Identifier(column.name), sql.Identifier(column.table)))}
    for place, id, text in rows:
        if text in taken:
            log.warning(
                "an older record has the same key except for letter case; give this one a different key",
                table=column.table,
                field=column.name.removesuffix(_SUFFIX),
                id=id,
            )
            continue
        taken.add(text)
        yield place, id, text


def _write(conn: Connection, column: _Column, rows: Iterable[tuple[str, str, str]]) -> None:
    places, _, texts = zip(*rows, strict=True)
    statement = sql.SQL(
        "UPDATE {} AS t SET {} = u.text FROM unnest(%s::text[], %s::text[]) AS u (place, text) WHERE t.ctid = u.place::tid"
    )
    conn.execute(
        statement.format(sql.Identifier(column.table), sql.Identifier(column.name)), [list(places), list(texts)]
    )
