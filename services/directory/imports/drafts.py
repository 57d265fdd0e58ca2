"""What the checks of all four elements share: one draft per row, ownership, keys, empty cells."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID

from services.directory.imports import values
from services.directory.imports.facts import Checked, Managed, Outcome, OutcomeKind
from services.directory.imports.files import Line, Reason, Table
from services.directory.imports.options import Options
from services.directory.projections.tables import Element
from shared.profiles import Profile


@dataclass(frozen=True)
class Draft:
    """A row on its way to an outcome: the record that it names. Alone it is of a record that leaves, or of one that is refused.

    Everything after the first reason is only looked at to find further ones.
    """

    line: Line
    key: str
    id: UUID
    new: bool

    @property
    def reasons(self) -> list[Reason]:
        return self.line.reasons

    @property
    def good(self) -> bool:
        return not self.line.reasons

    def refuse(self, code: str, field: str | None, detail: str) -> None:
        if not any(r.code == code and r.field == field for r in self.line.reasons):
            self.line.reasons.append(Reason(code, field, detail))


@dataclass(frozen=True, kw_only=True)
class UnitDraft(Draft):
    """What the row says a unit is to be. `parent`: its key."""

    name: str
    framework: UUID
    parent: str | None


@dataclass(frozen=True, kw_only=True)
class PersonDraft(Draft):
    """What the row says a person is to be."""

    profile: Profile
    country: str | None
    home: UUID | None
    dates: Mapping[str, date]


@dataclass(frozen=True, kw_only=True)
class JobDraft(Draft):
    """What the row says a job is to be, without its managers: theirs are settled among all rows."""

    person: UUID
    title: str | None
    organisation: UUID | None
    position: UUID | None
    starts: date | None
    ends: date | None
    temporary_until: date | None


D = TypeVar("D", bound=Draft)


def cell(line: Line, name: str, current: str | None, options: Options) -> str | None:
    """What the field is to be: absent stays, empty stays or is erased, as the run says."""
    if name not in line.cells:
        return current
    text = line.cells[name]
    if text:
        return text
    return None if options.empty == "erase" else current


def date_cell(draft: Draft, name: str, current: date | None, options: Options) -> date | None:
    """Of a job's end, a day after 2999 is no end."""
    text = cell(draft.line, name, None, options)
    if text is None:
        return cell_date(draft, name, current, options)
    try:
        read = values.last_day if name == "ends" else values.day
        return read(text, options.mapping.date_format, options.mapping.zone)
    except values.Unreadable as error:
        draft.refuse("date", name, str(error))
        return current


def cell_date(draft: Draft, name: str, current: date | None, options: Options) -> date | None:
    erased = name in draft.line.cells and options.empty == "erase"
    return None if erased else current


def wanted_gone(line: Line) -> bool:
    """The row says that its record is deleted."""
    return values.switch(line.cells.get("deleted", "")) or line.cells.get("status", "").lower() == "deleted"


def check_switches(draft: Draft, element: Element, options: Options) -> None:
    """A column of few values has one of them. Another value, misspelled or of another system, is no 'on' and no 'active'."""
    cells = draft.line.cells
    if cells.get("deleted", "") not in ("", "0", "1"):
        draft.refuse("deleted", "deleted", "deleted must be 0 or 1.")
    mapping = options.mapping.elements.get(element)
    declared = mapping.values if mapping else {}
    usual = {"status": ("active", "suspended", "deleted") if element == "user" else ("active", "deleted")}
    for name, allowed in {**usual, **declared}.items():
        if name in cells and cells[name].lower() not in allowed:
            draft.refuse(name, name, f"{name} must be one of: {', '.join(v for v in allowed if v)}.")


def check_owner(draft: Draft, managed: Managed, options: Options) -> None:
    """Records of another feed, or of a person, are only changed on request."""
    if not draft.new and managed.feed != options.feed and not options.take_over:
        owner = f"the feed '{managed.feed}'" if managed.feed else "a person"
        draft.refuse("not-ours", None, f"The record is managed by {owner}. Import with take_over to change it.")


def refuse_doubles(drafts: Iterable[D], what: str, value: Callable[[D], object]) -> None:
    """All rows with one value are refused; none of them wins."""
    drafts = [d for d in drafts if value(d) is not None]
    count = Counter(value(d) for d in drafts)
    for draft in drafts:
        if count[value(draft)] > 1:
            draft.refuse("double", what, f"{count[value(draft)]} rows in the file have this {what}.")


def report(
    checked: Checked, table: Table, draft: Draft, outcome: OutcomeKind, fields: Sequence[str] = (), *, keyed: bool
) -> int:
    return checked.report(
        Outcome(
            element=table.element,
            number=draft.line.number,
            outcome="skipped" if draft.reasons else outcome,
            subject=None if draft.new and draft.reasons else draft.id,
            key=draft.key if keyed else None,
            fields=tuple(fields),
            reasons=tuple(draft.reasons),
        )
    )


def switched_off(element: Element, outcome: OutcomeKind, options: Options) -> Reason | None:
    """The run does not create, or change, or remove records of this element."""
    off: Mapping[str, Sequence[Element]] = {
        "created": options.no_create,
        "changed": options.no_change,
        "removed": options.no_remove,
    }
    if element in off.get(outcome, ()):
        return Reason("switched-off", None, f"In this import, '{outcome}' is switched off for {element}.")
    return None
