"""Spreadsheets to import: as programs write them, and as nobody should."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from datetime import date, datetime

import xlsxwriter

Value = str | float | bool | date | None
Change = Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], object]


def xlsx(values: Sequence[Value], change: Change | None = None) -> bytes:
    """One column of values from A1 on; None is a blank row. `change` does more to the file."""
    body = io.BytesIO()
    with xlsxwriter.Workbook(body, {"in_memory": True, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for row, value in enumerate(values):
            if isinstance(value, date):
                sheet.write_datetime(
                    row, 0, datetime(value.year, value.month, value.day), book.add_format({"num_format": 14})
                )
            elif value is not None:
                sheet.write(row, 0, value)
        if change:
            change(book, sheet)
    return body.getvalue()


def parts(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(contents: dict[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return body.getvalue()


def edited(body: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """With another text in one of its parts."""
    contents = parts(body)
    assert old in contents[name], contents[name]
    return packed({**contents, name: contents[name].replace(old, new)})


SHEET = "xl/worksheets/sheet1.xml"
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def libreoffice(rows: Sequence[str]) -> bytes:
    """In the manner of LibreOffice Calc: every row with all its attributes, styled cells without a value beside them, an
    absolute target, an empty second sheet; the second address in several runs, the third one in the cell itself."""
    strings = [f'<si><t xml:space="preserve">{row}</t></si>' for row in rows]
    if len(rows) > 1:
        strings[1] = f'<si><r><rPr><b val="true"/></rPr><t>{rows[1][:2]}</t></r><r><t>{rows[1][2:]}</t></r></si>'
    cells = [f'<c r="A{n}" s="1" t="s"><v>{n - 1}</v></c>' for n in range(1, len(rows) + 1)]
    if len(rows) > 2:
        cells[2] = f'<c r="A3" s="1" t="inlineStr"><is><t>{rows[2]}</t></is></c>'
    lines = [
        f'<row r="{n}" customFormat="false" ht="12.8" hidden="false" customHeight="false" outlineLevel="0" collapsed="false">'
        f'{cell}<c r="B{n}" s="1"/></row>'
        for n, cell in enumerate(cells, 1)
    ]
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    sheet = f'<worksheet {_MAIN}><dimension ref="A1:B{len(rows)}"/><sheetData>%s</sheetData></worksheet>'
    contents = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/worksheet" Target="/{SHEET}"/>'
        f'<Relationship Id="rId3" Type="{_OFFICE}/worksheet" Target="worksheets/sheet2.xml"/>'
        f'<Relationship Id="rId4" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Tabelle1" sheetId="1" state="visible" r:id="rId2"/>'
        '<sheet name="Tabelle2" sheetId="2" state="visible" r:id="rId3"/></sheets></workbook>',
        "xl/styles.xml": f'<styleSheet {_MAIN}><fonts count="1"><font/></fonts><cellXfs count="2">'
        '<xf numFmtId="164" fontId="0"/><xf numFmtId="164" fontId="0" applyFont="true"/></cellXfs></styleSheet>',
        SHEET: sheet % "".join(lines),
        "xl/worksheets/sheet2.xml": sheet % '<row r="1"><c r="A1" s="1"/></row>',
        "xl/sharedStrings.xml": f'<sst {_MAIN} count="{len(rows)}" uniqueCount="{len(rows)}">{"".join(strings)}</sst>',
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/></Types>',
    }
    return packed({name: f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode() for name, text in contents.items()})


_BLOCK = b" " * (1 << 20)


def bomb(body: bytes, *, members: int, megabytes: int, declared: int | None = None) -> bytes:
    """The file with members that lie over one another: some hundred kilobytes that inflate to `members` times `megabytes`.

    `declared`: what each says that it has, when it lies.
    """
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflate.compress(_BLOCK) + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(_BLOCK) + deflate.flush(zlib.Z_FULL_FLUSH)  # the second one needs nothing before it
    data = block * megabytes + deflate.flush()
    size = declared if declared is not None else megabytes << 20
    end = body.rindex(b"PK\x05\x06")
    counted, length, begin = struct.unpack("<HII", body[end + 10 : end + 20])
    name = b"xl/media/image.xml"
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(data), size, len(name), 0) + name
    entries = b"".join(
        struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(data), size, len(name), 0, 0, 0, 0, 0, begin
        )
        + name[:-4]
        + f"{number:04}".encode()
        for number in range(members)
    )
    central = body[begin:end] + entries
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, counted + members, counted + members, len(central), 0, 0)
    tail = tail[:16] + struct.pack("<I", begin + len(local) + len(data)) + tail[20:]
    assert length == end - begin
    return body[:begin] + local + data + central + tail
