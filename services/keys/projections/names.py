"""What people and organisations are called, for e-mails that speak of them."""

from uuid import UUID

from shared.database import Connection, column


def person_name(conn: Connection, id: UUID) -> str | None:
    query = "SELECT first_name || ' ' || last_name FROM profile WHERE person_id = %s"
    return next(iter(column(conn, query, str, [id])), None)


def unit_name(conn: Connection, id: UUID) -> str | None:
    return next(iter(column(conn, "SELECT name FROM unit_fact WHERE id = %s", str, [id])), None)
