"""CSV in parts, as it goes to a reader: harmless when a spreadsheet opens it."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

from shared.formulas import disarmed

_ROWS = 500


def csv_parts(headings: Sequence[str], lines: Iterator[Sequence[str]]) -> Iterator[bytes]:
    """In UTF-8, with a byte order mark and the headings. What would begin a formula has an apostrophe before it."""
    yield b"\xef\xbb\xbf" + _written([headings])
    while some := list(islice(lines, _ROWS)):
        yield _written([[disarmed(text) for text in line] for line in some])


def _written(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()
