"""Reports as files: streamed, in bounded memory, and harmless when a spreadsheet opens them (RPT-4)."""

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from typing import BinaryIO, Literal, NamedTuple, cast
from uuid import UUID

import xlsxwriter

from services.reporting.reports.grammar import Column, Kind
from shared.database import Connection
from shared.errors import Invalid
from shared.formulas import FORMULA

Format = Literal["csv", "xlsx", "parquet"]
Columns = Sequence[Column]
Parts = Callable[[Connection, str, Mapping[str, object], Columns], Iterator[bytes]]

_PART = 64 * 1024
_ROWS = 5_000
"""Read from the database at once."""
SHEET_ROWS = 1_048_575
"""Of a sheet of a workbook, without the headings."""
_INSTANT = "yyyy-mm-dd hh:mm:ss"


class File(NamedTuple):
    """How a report is written in one format: the rows of a query, whose last column is not shown."""

    media_type: str
    parts: Parts


def csv_parts(conn: Connection, query: str, values: Mapping[str, object], columns: Columns) -> Iterator[bytes]:
    """As CSV in UTF-8, with a byte order mark and the names, in parts of about 64 KiB.

    Every text is in quotes. Where it would begin a formula, at its beginning or behind anything at which a spreadsheet may
    split it, it has an apostrophe. The database sends rows only as fast as they are taken, so memory does not grow with them.
    """
    part = bytearray(b"\xef\xbb\xbf")
    selected = ", ".join(f"{_shown(column.name, column.kind)} AS {column.name}" for column in columns)
    quoted = ", ".join(column.name for column in columns if column.kind in ("text", "choice"))
    options = f"FORMAT csv, HEADER, ENCODING 'UTF8'{f', FORCE_QUOTE ({quoted})' if quoted else ''}"
    with conn.cursor().copy(f"COPY (SELECT {selected} FROM ({query}) AS report) TO STDOUT ({options})", values) as rows:
        for row in rows:
            part += row
            if len(part) >= _PART:
                yield bytes(part)
                part.clear()
    yield bytes(part)


def _shown(column: str, kind: Kind) -> str:
    """`instant`: in UTC, as 2026-01-31T12:00:00.000000Z."""
    if kind in ("text", "choice"):
        return f"""regexp_replace({column}, '{FORMULA.replace("'", "''")}', '\\1''', 'g')"""
    if kind == "yes-or-no":
        return f"CASE WHEN {column} THEN 'yes' WHEN NOT {column} THEN 'no' END"
    if kind == "instant":
        return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return column


def _batches(conn: Connection, query: str, values: Mapping[str, object]) -> Iterator[list[tuple[object, ...]]]:
    with conn.cursor(name="report", binary=True) as cursor:
        cursor.execute(query.encode(), values)
        while rows := cursor.fetchmany(_ROWS):
            yield rows


def xlsx_parts(conn: Connection, query: str, values: Mapping[str, object], columns: Columns) -> Iterator[bytes]:
    """As a workbook, made row by row in a file that nobody else can open. Texts are texts, whatever they begin with; times are
    in UTC. Raises Invalid, before its first part, for more rows than a sheet has."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": folder})
        sheet = book.add_worksheet("Report")
        formats = {"day": book.add_format({"num_format": "yyyy-mm-dd"})}
        formats["instant"] = book.add_format({"num_format": _INSTANT})
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.name)
        kinds = [(place, column.kind, formats.get(column.kind)) for place, column in enumerate(columns)]
        for number, row in enumerate(chain.from_iterable(_batches(conn, query, values)), 1):
            if number > SHEET_ROWS:
                raise Invalid(
                    f"A sheet of an xlsx file has room for {SHEET_ROWS:,} rows, and this report has more. Ask for CSV or "
                    "Parquet, or narrow the report with filters.",
                    field="format",
                )
            for place, kind, style in kinds:
                _write(sheet, number, place, row[place], kind, style)
        book.close()
        file.seek(0)
        while part := cast("BinaryIO", file).read(_PART):
            yield part


def _write(
    sheet: xlsxwriter.worksheet.Worksheet, number: int, place: int, value: object, kind: Kind, style: object
) -> None:
    if value is None:
        return
    if kind == "number":
        sheet.write_number(number, place, value)
    elif kind == "instant":
        assert isinstance(value, datetime)
        sheet.write_datetime(number, place, value.astimezone(UTC).replace(tzinfo=None), style)
    elif kind == "day":
        assert isinstance(value, date)
        sheet.write_datetime(number, place, datetime(value.year, value.month, value.day), style)
    elif kind == "yes-or-no":
        sheet.write_string(number, place, "yes" if value else "no")
    else:
        sheet.write_string(number, place, str(value)[:_CELL])


_CELL = 32_767
"""The longest text of a cell."""


def parquet_parts(conn: Connection, query: str, values: Mapping[str, object], columns: Columns) -> Iterator[bytes]:
    """As Parquet, one row group after the other. Raises Invalid where the package that writes it is not installed."""
    try:
        import pyarrow as arrow  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise Invalid(
            "This installation cannot write Parquet: the extra 'parquet' is missing. Ask for CSV or xlsx, or have an "
            "operator install 'rollbook[parquet]'.",
            field="format",
        ) from None
    types: dict[Kind, object] = {
        "number": arrow.int64(),
        "yes-or-no": arrow.bool_(),
        "day": arrow.date32(),
        "instant": arrow.timestamp("us", tz="UTC"),
    }
    schema = arrow.schema([(column.name, types.get(column.kind, arrow.string())) for column in columns])
    sink = _Sink()
    with parquet.ParquetWriter(sink, schema) as writer:
        for rows in _batches(conn, query, values):
            values_of = [[_plain(row[place]) for row in rows] for place in range(len(columns))]
            arrays = [arrow.array(found, field.type) for found, field in zip(values_of, schema, strict=True)]
            writer.write_batch(arrow.record_batch(arrays, schema=schema))
            yield sink.taken()
    yield sink.taken()


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = bytearray()
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        taken = bytes(cast("bytes", data))
        self._kept += taken
        self._size += len(taken)
        return len(taken)

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        taken = bytes(self._kept)
        self._kept.clear()
        return taken


FILES: Mapping[Format, File] = {
    "csv": File("text/csv; charset=utf-8", csv_parts),
    "xlsx": File("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_parts),
    "parquet": File("application/vnd.apache.parquet", parquet_parts),
}
