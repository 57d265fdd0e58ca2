"""Tables from the rows that they hold."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID, uuid4

import pytest

from shared.database import Database, column, fetch, scalar
from shared.store import Int4, Table


class Thing(NamedTuple):
    id: UUID
    revision: int
    place: Int4 | None
    kind: Literal["one", "two"]
    on: date
    at: datetime | None
    open: bool
    numbers: list[Int4]
    parts: list[UUID] | None


def test_a_table_has_the_columns_of_its_rows_with_postgresql_s_types() -> None:
    table = Table.of("thing", Thing)
    assert (table.name, table.key) == ("thing", ("id",))
    assert table.columns == {
        "id": "uuid",
        "revision": "int8",
        "place": "int4",
        "kind": "text",
        "on": "date",
        "at": "timestamptz",
        "open": "bool",
        "numbers": "int4[]",
        "parts": "uuid[]",
    }
    assert table.select("t").startswith("t.id, t.revision")


def test_a_row_is_read_by_the_names_of_its_columns_whatever_their_order(database: Callable[..., Database]) -> None:
    class Pair(NamedTuple):
        first: int
        second: str

    with database().connection() as conn:
        assert fetch(conn, Pair, "SELECT 'b' AS second, 1 AS first") == [Pair(1, "b")]
        with pytest.raises(TypeError):
            fetch(conn, Pair, "SELECT 'b' AS another, 1 AS first")


def test_a_value_of_another_type_than_said_is_refused(database: Callable[..., Database]) -> None:
    id = uuid4()
    with database().connection() as conn:
        assert scalar(conn, "SELECT %s::uuid", UUID, [id]) == id
        assert column(conn, "SELECT unnest(%s::uuid[])", UUID, [[id, id]]) == [id, id]
        for query in ("SELECT NULL::uuid", "SELECT 1", "SELECT 1 WHERE false"):
            with pytest.raises(TypeError):
                scalar(conn, query, UUID)
        with pytest.raises(TypeError):
            column(conn, "SELECT unnest(ARRAY[1, NULL])", int)
