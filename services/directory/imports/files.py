"""Reading a file: encoding, delimiter, headings, cells. A bad file changes nothing; a bad row only itself."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.directory.imports.options import Options
from services.directory.projections.tables import Element
from shared.errors import Invalid
from shared.folding import hidden, key, trimmed
from shared.limits import clean

_HEADING = re.compile(r"^[\w ?!.-]+$")
LIMITS = {
    "external_id": 100,
    "user_name": 100,
    "first_name": 100,
    "last_name": 100,
    "full_name": 200,
    "email": 100,
    "name": 255,
    "title": 255,
    "framework": 100,
    "parent": 100,
    "home": 100,
    "organisation": 100,
    "position": 100,
    "manager_job": 100,
    "temporary_manager_job": 100,
    "country": 2,
    "language": 30,
    "time_zone": 100,
}
"""Longest value per field, in characters; others 255, and so a person's external id."""
KEYS = frozenset(
    {"external_id", "user_name", "email", "person", "parent", "framework", "home", "organisation", "position"}
    | {"manager", "manager_job", "temporary_manager", "temporary_manager_job"}
)
"""Fields that name a record: invisible characters are taken off their ends, and refused within."""
_SEPARATORS = ",;:|\t "


class BadFile(Invalid):
    """The file as a whole cannot be used; nothing was changed."""

    kind = "bad-file"
    title = "The file cannot be read"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row is refused. `detail` names headings and rows, never a person's data."""

    code: str
    field: str | None
    detail: str


@dataclass(slots=True)
class Line:
    """One row: the headings are row 1. `cells` by our field names; those that the file does not have are absent."""

    number: int
    cells: dict[str, str]
    reasons: list[Reason] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A file that was read."""

    element: Element
    fields: frozenset[str]
    ignored: tuple[str, ...]
    """Headings without a place here."""
    lines: Sequence[Line]


def read(element: Element, content: bytes, options: Options) -> Table:
    """Raises BadFile, naming the file and the way out."""
    reader = csv.reader(
        io.StringIO(_decode(element, content, options), newline=""),
        delimiter=options.mapping.delimiter,
        skipinitialspace=True,
        strict=True,
    )
    try:
        places, ignored = _headings(element, next(reader, []), options)
        lines = list(_lines(element, reader, places, len(places) + len(ignored)))
    except csv.Error as error:
        raise BadFile(
            f"{element}: a quoted value is not closed properly near line {reader.line_num}. The file may be "
            f"incomplete; export it again.",
            field=element,
        ) from error
    if not lines and options.contains_all:
        raise BadFile(
            f"{element}: the file has only headings but is declared to hold all records, so everybody would be "
            f"removed. Nothing was imported.",
            field=element,
        )
    return Table(element, frozenset(places.values()), tuple(ignored), lines)


def _decode(element: Element, content: bytes, options: Options) -> str:
    encoding = options.mapping.encoding
    name = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        text = content.decode(name)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadFile(
            f"{element}: line {line} is not {encoding}. Save the file as {encoding}, or declare its encoding in the mapping.",
            field=element,
            line=line,
        ) from error
    if "\x00" in text:
        raise BadFile(
            f"{element}: the file is not text in {encoding}. Save it as {encoding}, or declare its "
            f"encoding in the mapping.",
            field=element,
        )
    return text


def _headings(element: Element, found: Sequence[str], options: Options) -> tuple[dict[int, str], list[str]]:
    known = options.mapping.elements.get(element)
    if known is None:
        raise BadFile(f"The mapping '{options.mapping.name}' has no {element} files.", field=element)
    headings = [heading.strip() for heading in found]
    strange = next((h for h in headings if not _HEADING.match(h)), None)
    if strange is not None or not headings:
        raise BadFile(f"{element}: the first line does not contain the headings. Check the delimiter.", field=element)
    if "password" in headings:
        raise BadFile(f"{element}: passwords are not imported. Remove the column.", field=element)
    places = {n: known.fields[h] for n, h in enumerate(headings) if h in known.fields}
    doubled = {f for f in places.values() if list(places.values()).count(f) > 1}
    mandatory = [*known.mandatory, *_needed(element, options, frozenset(known.fields.values()))]
    names = {f: h for h, f in reversed(known.fields.items())}
    missing = [names.get(f, f) for f in mandatory if f not in places.values()]
    if doubled or missing:
        what = (
            f"the heading {missing[0]} is missing"
            if missing
            else f"the heading {names[min(doubled)]} appears more than once"
        )
        raise BadFile(f"{element}: {what}. Nothing was imported.", field=element, missing=missing)
    return places, [h for h in headings if h not in known.fields]


def _needed(element: Element, options: Options, fields: frozenset[str]) -> list[str]:
    has_status = "status" in fields
    needed = [] if options.contains_all or has_status or options.mapping.key == "user_name" else ["deleted"]
    creates = element == "user" and element not in options.no_create and not has_status
    return [*needed, *(["first_name", "last_name", "email"] if creates else [])]


def _lines(element: Element, reader: Iterator[list[str]], places: dict[int, str], width: int) -> Iterator[Line]:
    for number, cells in enumerate(reader, start=2):
        if not any(trimmed(cell).strip(_SEPARATORS) for cell in cells):
            continue  # a line of empty cells is no line
        line = Line(number, {name: _text(name, cells[n]) for n, name in places.items() if n < len(cells)})
        if len(cells) != width:
            line.reasons.append(
                Reason("cells", None, f"The row has {len(cells)} cells, but there are {width} headings.")
            )
        for name, value in line.cells.items():
            limit = _limit(element, name)
            if len(value) > limit:
                line.reasons.append(Reason("too-long", name, f"{name} is longer than {limit} characters."))
            if name in KEYS and (found := hidden(value, address=name == "email")):
                detail = f"{name} contains the invisible character {found}. Remove it."
                line.reasons.append(Reason("invisible", name, detail))
            if not clean(value):
                line.reasons.append(Reason("characters", name, f"{name} contains a line break or a control character."))
        yield line


def _limit(element: Element, name: str) -> int:
    return 255 if name == "external_id" and element == "user" else LIMITS.get(name, 255)


def _text(name: str, cell: str) -> str:
    return key(cell) if name in KEYS else cell.strip()
