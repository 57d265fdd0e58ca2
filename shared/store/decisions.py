"""What is handed to the store: decisions, with the state rows that go with their events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from shared.events import Event, Meta


@dataclass(frozen=True, eq=False)
class Table:
    """A state table that is written together with events, set-based. `columns` maps name to PostgreSQL type."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]

    @classmethod
    def of(cls, name: str, row: type, key: tuple[str, ...] = ("id",)) -> "Table":
        """The table whose rows are `row`, a NamedTuple: its fields are the columns, their types PostgreSQL's."""
        hints = get_type_hints(row, include_extras=True)
        return cls(name, key, {name: _column(hint) for name, hint in hints.items()})

    def select(self, alias: str = "") -> str:
        """The columns, to be selected in their order."""
        return ", ".join(f"{alias}.{column}" if alias else f'"{column}"' for column in self.columns)


Int4 = Annotated[int, "int4"]
"""A column of 32 bits; any other number has 64."""
_TYPES: Mapping[object, str] = {
    UUID: "uuid",
    int: "int8",
    str: "text",
    bool: "bool",
    date: "date",
    datetime: "timestamptz",
}


def _column(hint: object) -> str:
    """PostgreSQL's type for one of Python: of `X | None` that of X, of a list an array, of literals and other texts `text`."""
    arguments = [one for one in get_args(hint) if one is not type(None)]
    if get_origin(hint) is Annotated:
        return str(arguments[1])
    if get_origin(hint) in (list, Sequence):
        return f"{_column(arguments[0])}[]"
    if get_origin(hint) is Literal:
        return "text"
    if get_origin(hint) in (Union, UnionType):
        return _column(arguments[0])
    return _TYPES[hint]


class Row(NamedTuple):
    """One row of a state table, whole, in the order of `table.columns`; to delete one, only the key's values count."""

    table: Table
    values: tuple[object, ...]


class Revision(NamedTuple):
    """What a decision relied on: row `id` of `table` still has this `revision`; 0: there is no such row."""

    table: str
    id: UUID
    revision: int


@dataclass(frozen=True)
class Decision:
    """What one command, or the evaluation of one subject, decided. It is written whole or not at all.

    Its events are the next ones of one or more streams: where another writer was there first, the decision is lost
    and has to be made again.
    """

    events: tuple[Event, ...]
    meta: Meta
    inserted: tuple[Row, ...] = ()
    updated: tuple[Row, ...] = ()
    deleted: tuple[Row, ...] = ()
    preconditions: tuple[Revision, ...] = ()

    def together(self, other: "Decision") -> "Decision":
        """Both, written whole or not at all."""
        return Decision(
            (*self.events, *other.events),
            self.meta,
            inserted=(*self.inserted, *other.inserted),
            updated=(*self.updated, *other.updated),
            deleted=(*self.deleted, *other.deleted),
            preconditions=(*self.preconditions, *other.preconditions),
        )


STREAM = UUID("c0ffee5e-9b1d-4f6a-8d53-1a6e7f0b2c91")
SUBJECT = UUID("c0ffee5e-9b1d-4f6a-8d53-6d1f4b7e3a08")
"""Who stands for everybody in a decision that is made once for many: the stream, and whom it is about."""


@dataclass(frozen=True)
class CohortDecision:
    """One decision for many who stand alike. Wherever it names `STREAM` or `SUBJECT`, each one's own id is written.

    Each is written, or lost, alone. `revisions` are those of each subject's row in the table `depends_on`, as they were
    when it was decided; 0: there was none.
    """

    decision: Decision
    streams: Sequence[UUID]
    subjects: Sequence[UUID]
    depends_on: str
    revisions: Sequence[int]


class Command(NamedTuple):
    """The row that makes a command happen once. `result` is JSON, a reference rather than data about people."""

    caller: UUID
    organisation: UUID | None
    key: str
    request_hash: bytes
    batch: UUID
    result: str


class Appended(NamedTuple):
    """`positions` of the written events, in order; `lost` are the indexes of the decisions that were left out."""

    positions: range
    lost: tuple[int, ...]

    @property
    def position(self) -> int | None:
        """The last position written, if any."""
        return self.positions[-1] if self.positions else None
