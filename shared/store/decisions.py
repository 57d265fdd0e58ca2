"""What is handed to the store: decisions, with the state rows that go with their events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from shared.events import Event, Meta


@dataclass(frozen=True, eq=False)
class Table:
    """A state table that is written together with events, set-based. `columns` maps name to PostgreSQL type."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]


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
    new: tuple[Row, ...] = ()
    changed: tuple[Row, ...] = ()
    gone: tuple[Row, ...] = ()
    relied_on: tuple[Revision, ...] = ()


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
