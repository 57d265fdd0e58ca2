"""One decision for many who stand alike: encoded once, checked and written for all of them by a few statements."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from psycopg import sql
from psycopg.rows import scalar_row

from shared.binary_copy import texts
from shared.database import Connection, UuidArray
from shared.errors import Corrupt
from shared.store.append import moved
from shared.store.decisions import STREAM, SUBJECT, CohortDecision, Decision, Revision, Table
from shared.store.encoding import Tail, alike_rows, alike_tails, copy_events, copy_table

_NOT_AT = (
    "SELECT i - 1 FROM unnest(%s::uuid[]) WITH ORDINALITY AS asked (stream, i) WHERE coalesce((SELECT version FROM events e "
    "WHERE e.stream = asked.stream ORDER BY version DESC LIMIT 1), 0) <> %s"
)
_MOVED = (
    "SELECT i - 1 FROM unnest(%s::uuid[], %s::bigint[]) WITH ORDINALITY AS asked (id, revision, i) "
    "LEFT JOIN {} AS t USING (id) WHERE coalesce(t.revision, 0) <> asked.revision"
)


class _Ids(NamedTuple):
    streams: UuidArray
    subjects: UuidArray

    @classmethod
    def of(cls, streams: Sequence[UUID], subjects: Sequence[UUID]) -> Self:
        return cls(UuidArray(streams), UuidArray(subjects))


@dataclass(frozen=True)
class Encoded:
    """What one `CohortDecision` writes, up to what is known under the lock only. All sequences are in the order of its members."""

    decision: Decision
    events: Sequence[StoredEvent]
    """Of the pattern: consecutive, of one stream."""
    depends_on: str
    streams: Sequence[UUID]
    subjects: Sequence[UUID]
    ids: _Ids
    """The same once more, as queries take them."""
    revisions: Sequence[int]
    preconditions: Sequence[tuple[Revision, ...]]
    """What the decision about each member relied on."""
    tails: Sequence[Tail]
    """One after another for each member, as many as the pattern has events."""
    rows: Sequence[tuple[Table, Sequence[bytes]]]

    @classmethod
    def of(cls, alike: CohortDecision, events: Sequence[StoredEvent]) -> Self:
        meta = alike.decision.meta.encode().encode()
        streams = [id.bytes for id in alike.streams]
        subjects = [id.bytes for id in alike.subjects]
        written = texts(alike.subjects)
        by_event = [alike_tails(event, meta, streams, written) for event in events]
        tails = by_event[0] if len(by_event) == 1 else [tail for each in zip(*by_event, strict=True) for tail in each]
        rows = [(row.table, alike_rows(row.table, row.values, streams, subjects)) for row in alike.decision.inserted]
        return cls(
            decision=alike.decision,
            events=events,
            depends_on=alike.depends_on,
            streams=alike.streams,
            subjects=alike.subjects,
            ids=_Ids.of(alike.streams, alike.subjects),
            revisions=alike.revisions,
            preconditions=[alike.decision.preconditions] * len(alike.streams),
            tails=tails,
            rows=rows,
        )

    @classmethod
    def together(cls, several: Sequence[Self]) -> list[Self]:
        """Fewer, for the same: decisions that only begin streams are written by the same statements, whatever they rely on.

        So a thousand people with an assignment of their own each cost little more than a thousand with one in common.
        """
        same: dict[object, list[Self]] = {}
        for index, one in enumerate(several):
            same.setdefault(one._begins or index, []).append(one)
        return [ones[0] if len(ones) == 1 else cls._joined(ones) for ones in same.values()]

    @property
    def _begins(self) -> tuple[object, ...]:
        """What those have in common that can be written together; empty where something is changed or deleted, or where another one
        is to be overtaken by what is written."""
        tables = tuple(table.name for table, _ in self.rows)
        if self.decision.updated or self.decision.deleted or self.depends_on in tables:
            return ()
        return (self.depends_on, len(self.events), self.events[0].originator_version, *tables)

    @classmethod
    def _joined(cls, ones: Sequence[Self]) -> Self:
        streams = [stream for one in ones for stream in one.streams]
        subjects = [subject for one in ones for subject in one.subjects]
        return replace(
            ones[0],
            streams=streams,
            subjects=subjects,
            ids=_Ids.of(streams, subjects),
            revisions=[revision for one in ones for revision in one.revisions],
            preconditions=[each for one in ones for each in one.preconditions],
            tails=[tail for one in ones for tail in one.tails],
            rows=[
                (table, [row for one in ones for row in one.rows[place][1]])
                for place, (table, _) in enumerate(ones[0].rows)
            ],
        )

    def part(self, first: int, count: int) -> "Encoded":
        """Some of the members."""
        if first == 0 and count >= len(self.streams):
            return self
        chosen, each = slice(first, first + count), len(self.events)
        return replace(
            self,
            streams=self.streams[chosen],
            subjects=self.subjects[chosen],
            ids=_Ids.of(self.streams[chosen], self.subjects[chosen]),
            revisions=self.revisions[chosen],
            preconditions=self.preconditions[chosen],
            tails=self.tails[first * each : (first + count) * each],
            rows=[(table, rows[chosen]) for table, rows in self.rows],
        )

    def without(self, lost: Collection[int]) -> "Encoded":
        """All members but these."""
        kept = [index for index in range(len(self.streams)) if index not in lost]
        each = len(self.events)
        streams, subjects = [self.streams[i] for i in kept], [self.subjects[i] for i in kept]
        return replace(
            self,
            streams=streams,
            subjects=subjects,
            ids=_Ids.of(streams, subjects),
            revisions=[self.revisions[i] for i in kept],
            preconditions=[self.preconditions[i] for i in kept],
            tails=[tail for i in kept for tail in self.tails[i * each : (i + 1) * each]],
            rows=[(table, [rows[i] for i in kept]) for table, rows in self.rows],
        )

    def lost(self, conn: Connection) -> set[int]:
        """Under the lock: the members whose stream or row has moved on, or something that was relied on for them."""
        distinct = {id(each): each for each in self.preconditions}.values()
        changed = moved(conn, {revision for each in distinct for revision in each})
        lost = {i for i, each in enumerate(self.preconditions) if not changed.isdisjoint(each)} if changed else set()
        if len(lost) == len(self.streams):
            return lost
        before = self.events[0].originator_version - 1
        with conn.cursor(row_factory=scalar_row) as cursor:
            lost.update(cursor.execute(_NOT_AT, [self.ids.streams, before], prepare=False))
            query = sql.SQL(_MOVED).format(sql.Identifier(self.depends_on))
            lost.update(cursor.execute(query, [self.ids.subjects, list(self.revisions)], prepare=False))
        return lost

    def write(self, conn: Connection, last: int, recorded_at: datetime) -> None:
        """Under the lock, from position `last` + 1 on."""
        if not self.streams:
            return
        copy_events(conn, self.tails, last, recorded_at)
        for row in self.decision.deleted:
            self._set_based(conn, row.table, row.values, delete=True)
        for row in self.decision.updated:
            self._set_based(conn, row.table, row.values, delete=False)
        for table, rows in self.rows:
            copy_table(conn, table, rows)

    def _set_based(self, conn: Connection, table: Table, values: Sequence[object], *, delete: bool) -> None:
        """The pattern's row, changed or deleted for every member by one statement."""
        columns = list(table.columns)
        names = list(table.key) if delete and len(values) < len(columns) else columns
        given = dict(zip(names, values, strict=True))
        same = sql.SQL(" AND ").join(_equals("t.", table, c, given[c]) for c in table.key)
        if delete:
            head = sql.SQL("DELETE FROM {} AS t USING").format(sql.Identifier(table.name))
        else:
            plain = sql.SQL(", ").join(_equals("", table, c, given[c]) for c in columns if c not in table.key)
            head = sql.SQL("UPDATE {} AS t SET {} FROM").format(sql.Identifier(table.name), plain)
        statement = head + sql.SQL(" unnest(%(stream)s, %(subject)s) AS u (stream, subject) WHERE ") + same
        done = conn.execute(statement, {"stream": self.ids.streams, "subject": self.ids.subjects, **given})
        if done.rowcount != len(self.streams):
            raise Corrupt(f"{len(self.streams)} rows of {table.name} were to be changed, {done.rowcount} are there")


def _equals(prefix: str, table: Table, column: str, value: object) -> sql.Composed:
    name = sql.SQL(prefix) + sql.Identifier(column)
    if value in (STREAM, SUBJECT):
        return name + sql.SQL(" = u.stream" if value == STREAM else " = u.subject")
    return name + sql.SQL(" = {}::{}").format(sql.Placeholder(column), sql.SQL(table.columns[column]))
