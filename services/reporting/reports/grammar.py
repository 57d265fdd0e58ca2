"""The grammar of reports: what one is made of, said once for each; pages, counts and exports are made from that (RPT-1).

A report shows one row for each row of its table, which has the alias `m`, or for each group of them. Columns, filters and orders
are expressions over `m` and the tables that are joined to it, each under an alias of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, get_args
from uuid import UUID

from services.reporting.reports.moment import Moment
from shared.auth import Permission, Scope
from shared.folding import fold

Kind = Literal["id", "text", "choice", "number", "yes-or-no", "day", "instant"]
"""What a column holds, or a filter asks for."""
Sql = str | Callable[[Moment], str]
"""An expression, or one that depends on the moment that the report speaks of."""

_KINDS: Mapping[object, Kind] = {
    UUID: "id",
    str: "text",
    int: "number",
    bool: "yes-or-no",
    date: "day",
    datetime: "instant",
}


@dataclass(frozen=True)
class Column:
    """`sql`: where it comes from; without it from the column of `m` that has its name. `always`: it is never None."""

    name: str
    type: type
    sql: Sql | None = None
    choices: tuple[str, ...] = ()
    """All of its values, where they are words of Rollbook's."""
    always: bool = False

    @property
    def kind(self) -> Kind:
        return "choice" if self.choices else _KINDS[self.type]

    def selected(self, moment: Moment) -> str:
        return at(self.sql or f"m.{self.name}", moment)


@dataclass(frozen=True)
class Filter:
    """A condition on rows. Every filter narrows; several values of one are alternatives.

    `type` is what a question may have there. `values` makes what `sql` names out of that; without it `sql` names the filter.
    """

    name: str
    type: object
    sql: Sql
    kind: Kind
    about: str = ""
    choices: tuple[str, ...] = ()
    refers: str | None = None
    """To what an id belongs: offering, organisation, person, assignment, pool."""
    personal: bool = False
    """It is a part of somebody's name, which may be in a body only, never in an address."""
    values: Callable[[object], Mapping[str, object]] | None = None

    @property
    def several(self) -> bool:
        return bool(self.choices)

    def given(self, value: object) -> Mapping[str, object]:
        return self.values(value) if self.values else {self.name: value}


@dataclass(frozen=True)
class Order:
    """An order of rows: by an expression that is never NULL, then by the place; by the place alone where there is none.

    `lowest`: what comes before everything else. `joins`: the aliases that the expression needs.
    """

    sql: Sql | None = None
    lowest: str = "''"
    joins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One report, whole. `name` is in its address."""

    name: str
    columns: Sequence[Column]
    filters: Sequence[Filter]
    orders: Mapping[str, Order]
    first_order: str
    """The order of a question that names none; with `-` in front backwards."""
    table: str
    joins: Mapping[str, Sql] = field(default_factory=dict)
    """By alias, in the order in which they are joined. None of them makes rows more or fewer."""
    holds: Callable[[Moment], str] = lambda moment: moment.holds("m")
    """Which rows of the table there are at a moment."""
    grouped: Callable[[Moment, str], str] | None = None
    """For a report with a row for each group: the query of the groups, for a condition on the rows of `m` that count."""
    place: str = "m.position"
    """What tells rows apart, and orders those that are equal otherwise."""
    place_type: Callable[[str], object] = str
    """Reads it from a cursor. Raises ValueError for what is none."""
    permitted: Callable[[Scope], Iterable[str]] = lambda scope: ()  # noqa: ARG005
    """The conditions that the scope sets (SEC-2); they name `scope`, the caller's organisations."""
    permission: Permission = Permission.READ_REPORTS
    parts: Mapping[str, Sql] = field(default_factory=dict)
    """By what the rows can be counted, for a chart: text, `none` for those that have none. The first is the usual one."""
    own: bool = False
    """Everybody may see the rows about themselves, without the permission."""

    @property
    def sorts(self) -> tuple[str, ...]:
        return tuple(f"{sign}{name}" for name in self.orders for sign in ("", "-"))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def joined(self, moment: Moment, aliases: Iterable[str] | None = None) -> str:
        wanted = self.joins if aliases is None else aliases
        return " ".join(at(self.joins[alias], moment) for alias in wanted)


def at(sql: Sql, moment: Moment) -> str:
    return sql if isinstance(sql, str) else sql(moment)


def choices(literal: object) -> tuple[str, ...]:
    """The values of a `Literal`."""
    return tuple(get_args(literal))


def part_of_name(value: object) -> Mapping[str, object]:
    """For LIKE: whatever is typed means itself."""
    literal = fold(str(value)).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"name": f"%{literal}%"}
