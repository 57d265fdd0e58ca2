"""Files of keys, in parts: harmless when a spreadsheet opens them."""

import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, cast

import xlsxwriter

Line = tuple[str, ...]
HEADINGS = ("key", "course", "pool", "redeemable from", "redeemable before", "state", "added")
ROWS_LIMIT = 1_048_575
"""Of a workbook, without the headings."""
_PART = 64 * 1024


def xlsx_parts(headings: Sequence[str], lines: Iterator[Line]) -> Iterator[bytes]:
    """A workbook, made in a file that nobody else can open. Its cells are texts, whatever they begin with."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False})
        sheet = book.add_worksheet("Keys")
        for number, line in enumerate(chain([tuple(headings)], lines)):
            for place, text in enumerate(line):
                sheet.write_string(number, place, text)
        book.close()
        file.seek(0)
        while part := cast("BinaryIO", file).read(_PART):
            yield part
