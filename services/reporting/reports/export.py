"""CSV of a report: streamed, and harmless when a spreadsheet opens it (RPT-4)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PART = 64 * 1024


def defused(value: object) -> str:
    """The text of a value; one that a spreadsheet would run as a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """RFC 4180 in UTF-8 with a byte order mark, in parts of about 64 KiB; begins with the column names."""
    part = io.StringIO()
    writer = csv.writer(part)
    part.write("\ufeff")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([defused(value) for value in row])
        if part.tell() >= _PART:
            yield part.getvalue().encode()
            part.seek(0)
            part.truncate()
    yield part.getvalue().encode()
