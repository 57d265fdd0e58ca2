"""CSV of a report: streamed, and harmless when a spreadsheet opens it (RPT-4)."""

from collections.abc import Iterator, Mapping

from shared.database import Connection

_PART = 64 * 1024
_FORMULA = r"E'^[=+\\-@\\t\\r]'"


def text(column: str) -> str:
    """A text that a spreadsheet would run as a formula gets an apostrophe in front."""
    return f"CASE WHEN {column} ~ {_FORMULA} THEN '''' || {column} ELSE {column} END AS {column}"


def yes_or_no(column: str) -> str:
    return f"CASE WHEN {column} THEN 'yes' WHEN NOT {column} THEN 'no' END AS {column}"


def instant(column: str) -> str:
    """In UTC, as 2026-01-31T12:00:00.000000Z."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS {column}"""


def parts(conn: Connection, query: str, values: Mapping[str, object]) -> Iterator[bytes]:
    """The rows of a query as CSV in UTF-8, with a byte order mark and the column names, in parts of about 64 KiB.

    The database sends rows only as fast as they are taken, so memory does not grow with their number.
    """
    part = bytearray(b"\xef\xbb\xbf")
    with conn.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')", values) as rows:
        for row in rows:
            part += row
            if len(part) >= _PART:
                yield bytes(part)
                part.clear()
    yield bytes(part)
