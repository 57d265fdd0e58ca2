"""Reads one spreadsheet in a process of its own, which trusts nothing in it (IMP-1, IMP-5).

Started by its path, isolated (`-I`), with an empty environment: it imports nothing of Rollbook and knows no secret. The file
comes on standard input, the limits as arguments; JSON lines go to standard output: `[row, kind, text]` for each cell with
something in it, then `{"end": cells}`; or `{"refused": kind, "at": cell}` alone. Without such a last line it has failed.

The kernel holds the limits on Linux. On macOS RLIMIT_AS may have no effect: there the sizes that are checked here (inflated
bytes, rows, one column) and the parent's clock are what bounds it.
"""

import contextlib
import io
import json
import posixpath
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple, NoReturn
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

LONGEST = 320
"""Characters of an e-mail address; of a longer text one more is told."""
MEMBERS, DEPTH, LAST_ROW = 2_000, 64, 1_048_576
"""More parts, elements within one another, or rows than these are not what a spreadsheet program writes."""

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_CELL = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_MACROS = re.compile(r"vba|macrosheet|activex|macroenabled", re.IGNORECASE)
_EXTERNAL = ("externalLink", "connections", "queryTable")
"""Parts by their root that fetch something from elsewhere."""
_KINDS = {str: "text", bool: "boolean", int: "number", float: "number"}
_NO_CELLS = ("chartsheet", "dialogsheet")


class Refused(Exception):
    """`kind` as the parent knows it; `place`: which cell, where there is one."""

    def __init__(self, kind: str, place: str = "") -> None:
        self.kind, self.at = kind, place


class Link(NamedTuple):
    id: str
    type: str
    target: str
    external: bool


class Part:
    """One XML part of the file, read from beginning to end. Refuses declarations of entities, and deep nesting."""

    def __init__(self, content: bytes) -> None:
        self.root = self.formula = self._at = ""
        self.links: list[Link] = []
        self.sheets: list[tuple[str, bool]] = []
        """Of a workbook: the id of each sheet's link, and whether it is visible."""
        self.macros = self._in_value = self._counted = self._shared = False
        self.errors: set[int] = set()
        """Rows with the value of an error, as #N/A."""
        self.cells = self.twice = 0
        """`twice`: a row with more than one value."""
        self.filled: dict[int, str] = {}
        """Rows with something in them; of a shared string its index. `blank`: whether nothing is in each shared string."""
        self.blank: list[bool] = []
        self.second = ""
        """The first cell with something in it that is not in the same column as the first one."""
        self._column = self._at_column = self._at_row = self._depth = 0
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._declaration
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(content, True)
        except (expat.ExpatError, ValueError) as error:
            raise Refused("damaged") from error

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            raise Refused("damaged")
        local = name.rpartition(":")[2]
        self.root = self.root or local
        if self.root == "worksheet":
            self._in_sheet(local, attributes)
        elif local == "Relationship":
            id, type, target = (attributes.get(key, "") for key in ("Id", "Type", "Target"))
            self.links.append(Link(id, type, target, attributes.get("TargetMode") == "External"))
        elif local == "sheet" and self.root == "workbook":
            link = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            self.sheets.append((link, attributes.get("state", "visible") == "visible"))
        elif local == "si":
            self.blank.append(True)
        elif self.root == "Types" and _MACROS.search(attributes.get("ContentType", "")):
            self.macros = True

    def _in_sheet(self, local: str, attributes: Mapping[str, str]) -> None:
        if local == "c":
            self._go_to(attributes.get("r"))
            self._in_value, self._shared = True, attributes.get("t") == "s"
            if attributes.get("t") == "e":
                self.errors.add(self._at_row)
        elif local == "row":
            row = attributes.get("r", str(self._at_row + 1))
            self._at_row, self._at_column = int(row) if row.isascii() and row.isdigit() else 0, 0
        elif local == "f":
            self.formula = self.formula or self._at
        elif local in ("v", "is", "t"):
            self._counted = self._counted and local == "t"
            self._in_value = True
        if local in ("c", "row") and not 1 <= self._at_row <= LAST_ROW:
            raise Refused("damaged")

    def _go_to(self, reference: str | None) -> None:
        self._counted = False
        if reference is None:
            self._at_column += 1
            self._at = f"R{self._at_row}C{self._at_column}"
            return
        found = _CELL.fullmatch(reference)
        if found is None:
            raise Refused("damaged")
        self._at, self._at_row, self._at_column = reference, int(found[2]), 0
        for letter in found[1].upper():
            self._at_column = self._at_column * 26 + ord(letter) - 64

    def _declaration(self, *_: object) -> NoReturn:
        raise Refused("entities")

    def _end(self, _: str) -> None:
        self._depth -= 1
        self._in_value = False

    def _text(self, text: str) -> None:
        if self.blank and text.strip():
            self.blank[-1] = False
        if not self._in_value or self._counted or not text.strip():
            return
        self._counted = True
        self.cells += 1
        self._column = self._column or self._at_column
        if self._at_column != self._column:
            self.second = self.second or self._at
        elif self._at_row in self.filled:
            self.twice = self.twice or self._at_row
        self.filled[self._at_row] = text.strip() if self._shared else ""


def main() -> None:
    memory, seconds, inflated, rows = map(int, sys.argv[1:])
    confine(memory, seconds)
    out = sys.stdout.buffer
    try:
        parts = inflate(sys.stdin.buffer.read(), inflated)
        told = list(cells(parts, *only_sheet({name: Part(content) for name, content in parts.items()}, rows)))
    except Refused as refused:
        out.write(json.dumps({"refused": refused.kind, "at": refused.at}).encode())
        return
    lines = (json.dumps(line, ensure_ascii=False) for line in (*told, {"end": len(told)}))
    out.write("\n".join(lines).encode())


def confine(memory: int, seconds: int) -> None:
    """From here on: so much address space, so much computing time, no file is written, no memory dumped."""
    limits = {resource.RLIMIT_AS: (memory, memory), resource.RLIMIT_CPU: (seconds, seconds + 1)}
    limits |= {resource.RLIMIT_FSIZE: (0, 0), resource.RLIMIT_CORE: (0, 0)}
    for which, limit in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(which, limit)


def inflate(body: bytes, limit: int) -> dict[str, bytes]:
    """The XML parts of the file. Every part is inflated, never to more than it declares; together to no more than `limit`."""
    _check_format(body)
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        raise Refused("damaged") from error
    names = {member.filename.lower() for member in members}
    if any(member.flag_bits & 0x1 for member in members):
        raise Refused("encrypted")
    if len(members) > MEMBERS or sum(member.file_size for member in members) > limit:
        raise Refused("inflates")
    if len(names) < len(members):
        raise Refused("damaged")
    if "xl/workbook.xml" not in names:
        raise Refused("not-xlsx")
    if any(_MACROS.search(name) for name in names):
        raise Refused("macros")
    contents = {member.filename: _content(body, member) for member in members}
    return {name: content for name, content in contents.items() if name.endswith((".xml", ".rels"))}


def _check_format(body: bytes) -> None:
    if body.startswith(b"PK\x03\x04"):
        return
    if body.startswith(_OLE):
        raise Refused("encrypted" if "EncryptedPackage".encode("utf-16-le") in body else "xls")
    if body.startswith(b"%PDF-"):
        raise Refused("pdf")
    with contextlib.suppress(UnicodeDecodeError):
        if "\0" not in body.decode():
            raise Refused("text")
    raise Refused("not-xlsx")


def _content(body: bytes, member: zipfile.ZipInfo) -> bytes:
    head = body[member.header_offset : member.header_offset + 30]
    if len(head) < 30 or not head.startswith(b"PK\x03\x04"):
        raise Refused("damaged")
    begin = member.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    packed = memoryview(body)[begin : begin + member.compress_size]
    content = bytes(packed) if member.compress_type == zipfile.ZIP_STORED else _inflated(packed, member)
    if len(content) != member.file_size or zlib.crc32(content) != member.CRC:
        raise Refused("damaged")
    return content


def _inflated(packed: memoryview, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type != zipfile.ZIP_DEFLATED:
        raise Refused("damaged")
    try:
        content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, member.file_size + 1)
    except zlib.error as error:
        raise Refused("damaged") from error
    if len(content) > member.file_size:
        raise Refused("inflates")
    return content


def only_sheet(parts: Mapping[str, Part], rows: int) -> tuple[int, Part]:
    """The place of the first visible sheet, and that; Refused where anything speaks against reading it."""
    links = [link for part in parts.values() for link in part.links if link.external]
    # Excel makes a link of each address that is typed: it is never followed.
    strange = (not (x.type.endswith("/hyperlink") and x.target.lower().startswith("mailto:")) for x in links)
    if any(part.macros or part.root == "macrosheet" for part in parts.values()):
        raise Refused("macros")
    if any(part.root in _EXTERNAL for part in parts.values()) or any(strange):
        raise Refused("external-link")
    for part in parts.values():
        if part.formula:
            raise Refused("formula", part.formula)
    sheets = parts["xl/workbook.xml"].sheets if "xl/workbook.xml" in parts else []
    place = next((place for place, (_, visible) in enumerate(sheets) if visible), None)
    mine = parts.get(_target(parts, sheets[place][0])) if place is not None else None
    if place is None or mine is None or mine.root != "worksheet":
        raise Refused("damaged")
    if any(part is not mine and (part.cells or part.root in _NO_CELLS) for part in parts.values()):
        raise Refused("second-sheet")
    if mine.second:
        raise Refused("second-column", mine.second)
    if mine.cells > rows:
        raise Refused("too-many-rows")
    if mine.twice:
        raise Refused("unread", str(mine.twice))
    blank = {str(index) for part in parts.values() for index, blank in enumerate(part.blank) if blank}
    mine.filled = {row: index for row, index in mine.filled.items() if index not in blank}
    return place, mine


def _target(parts: Mapping[str, Part], id: str) -> str:
    links = parts["xl/_rels/workbook.xml.rels"].links if "xl/_rels/workbook.xml.rels" in parts else []
    target = next((link.target for link in links if link.id == id), "")
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def cells(parts: Mapping[str, bytes], place: int, mine: Part) -> Iterator[tuple[int, str, str]]:
    """Row, kind and text of every cell with something in it; from a new archive with nothing in it but what was checked.
    Refused where the file has something in a row of which the library gives nothing."""
    checked = io.BytesIO()
    with zipfile.ZipFile(checked, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    checked.seek(0)
    try:
        sheet = CalamineWorkbook.from_filelike(checked).get_sheet_by_index(place)
    except CalamineError as error:
        raise Refused("damaged") from error
    if sheet.width > 1:
        raise Refused("damaged")
    for row, found in enumerate(sheet.iter_rows(), 1):
        for value in found:
            text = value.strip() if isinstance(value, str) else ""
            if value != "":
                mine.filled.pop(row, None)
            if text or row in mine.errors or not isinstance(value, str):
                yield row, "error" if row in mine.errors else _KINDS.get(type(value), "date"), text[: LONGEST + 1]
    if lost := mine.filled.keys() - mine.errors:
        raise Refused("unread", str(min(lost)))


if __name__ == "__main__":
    main()
