"""CSV of a report: streamed, and harmless when a spreadsheet opens it, wherever that splits it (RPT-4)."""

from collections.abc import Iterator, Mapping
from typing import Literal

from shared.database import Connection

Kind = Literal["text", "yes-or-no", "instant", "plain"]
"""What a column holds. `plain`: what is never typed by anybody, as ids, numbers and days."""

_PART = 64 * 1024
_BREAKS = r"\t\n\v\f\r\u0085\u2028\u2029"
_SEPARATORS = rf",;|{_BREAKS}"
_UNSEEN = r""" "'\u0001-\u0008\u000e-\u001f\u007f\u00a0\u00ad\u1680\u180e\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\ufeff"""
"""What a spreadsheet skips, or takes for quotes, in front of a formula."""
_BEGINS = r"=+@\-\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
"""Also in the widths of Chinese and Japanese, which Excel takes for the same."""
_FORMULA = rf"(^|[{_SEPARATORS}])(?=[{_UNSEEN}]*[{_BEGINS}])|^(?=[{_UNSEEN}]*[{_BREAKS}])"


def parts(conn: Connection, query: str, values: Mapping[str, object], columns: Mapping[str, Kind]) -> Iterator[bytes]:
    """These columns of a query's rows as CSV in UTF-8, with a byte order mark and the names, in parts of about 64 KiB.

    Every text is in quotes. Where it would begin a formula, at its beginning or behind anything at which a spreadsheet may
    split it, it has an apostrophe. The database sends rows only as fast as they are taken, so memory does not grow with them.
    """
    part = bytearray(b"\xef\xbb\xbf")
    selected = ", ".join(f"{_shown(column, kind)} AS {column}" for column, kind in columns.items())
    quoted = ", ".join(column for column, kind in columns.items() if kind == "text")
    options = f"FORMAT csv, HEADER, ENCODING 'UTF8', FORCE_QUOTE ({quoted})"
    with conn.cursor().copy(f"COPY (SELECT {selected} FROM ({query}) AS report) TO STDOUT ({options})", values) as rows:
        for row in rows:
            part += row
            if len(part) >= _PART:
                yield bytes(part)
                part.clear()
    yield bytes(part)


def _shown(column: str, kind: Kind) -> str:
    """`instant`: in UTC, as 2026-01-31T12:00:00.000000Z."""
    if kind == "text":
        return f"""regexp_replace({column}, '{_FORMULA.replace("'", "''")}', '\\1''', 'g')"""
    if kind == "yes-or-no":
        return f"CASE WHEN {column} THEN 'yes' WHEN NOT {column} THEN 'no' END"
    if kind == "instant":
        return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return column
