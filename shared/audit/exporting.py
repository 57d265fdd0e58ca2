"""A slice of a service's history as JSON Lines, each event with its proof (AUD-4). `docs/history.md` says what each line is."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import kwargs_row

from shared.audit import merkle
from shared.audit.leaves import StoredEvent, leaf_of
from shared.audit.merkle import HASH, PART
from shared.audit.notes import Checkpoint, Signer, claimed, export_of, origin_of
from shared.database import Connection, column, scalar, snapshot
from shared.errors import Conflict, Corrupt

FORMAT = "rollbook-history/1"
_BATCH = 1_000
_LATEST = "SELECT note FROM audit_checkpoint WHERE origin = %s ORDER BY size DESC LIMIT 1"
_EVENTS = (
    "SELECT position, stream, version, type, recorded_at, meta, body FROM events e WHERE position <= %(size)s "
    "AND (%(since)s::timestamptz IS NULL OR recorded_at >= %(since)s) "
    "AND (%(until)s::timestamptz IS NULL OR recorded_at < %(until)s) {about} ORDER BY position"
)
_ABOUT = (
    "AND (stream = %({0})s::uuid OR position(convert_to(%({0})s::text, 'UTF8') IN body) > 0 OR EXISTS (SELECT FROM events f "
    "WHERE f.stream = e.stream AND f.version = 1 AND position(convert_to(%({0})s::text, 'UTF8') IN f.body) > 0)) "
)


class Slice(NamedTuple):
    """Which events: all that name a learner, or an offering, or both, and the streams that begin with such an event; and when
    they were recorded, from `since` to before `until`."""

    learner: UUID | None = None
    offering: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def values(self) -> Mapping[str, str | None]:
        return {name: _text(value) for name, value in self._asdict().items()}


def export(conninfo: str, service: str, slice: Slice, signer: Signer) -> Iterator[str]:
    """The lines, as `export_on` makes them, on a connection of their own."""
    with psycopg.connect(conninfo, autocommit=True, application_name="audit export") as conn, snapshot(conn):
        yield from export_on(conn, service, slice, signer)


def export_on(conn: Connection, service: str, slice: Slice, signer: Signer) -> Iterator[str]:
    """The lines; `conn` sees one moment. Raises Conflict where nothing is signed yet, Corrupt where an event is not as it was
    recorded."""
    origin = origin_of(service, scalar(conn, "SELECT id FROM epoch", UUID))
    note = next(iter(column(conn, _LATEST, str, [origin])), "")
    checkpoint = claimed(note)
    if checkpoint is None:
        raise Conflict(
            f"The history of {service} is not signed yet. Set ROLLBOOK_AUDIT_KEY and wait a minute.", kind="not-signed"
        )
    proofs = _Proofs(conn, checkpoint)
    digest, events, previous = hashlib.sha256(), 0, 0
    line = _line({"format": FORMAT, "service": service, "slice": slice.values, "checkpoint": note})
    digest.update(line.encode())
    yield line
    for event in _events(conn, slice, checkpoint.size):
        line = _line({**_fields(event), "previous": previous, "proof": [_base64(one) for one in proofs.of(event)]})
        digest.update(line.encode())
        yield line
        events, previous = events + 1, event.position
    seal = signer.sign(Checkpoint(export_of(origin), events, digest.digest()))
    yield _line({"events": events, "last": previous, "seal": seal})


def _events(conn: Connection, slice: Slice, size: int) -> Iterator[StoredEvent]:
    about = "".join(_ABOUT.format(name) for name in ("learner", "offering") if getattr(slice, name))
    with conn.cursor("export", row_factory=kwargs_row(StoredEvent)) as cursor:
        cursor.itersize = _BATCH
        yield from cursor.execute(_EVENTS.format(about=about).encode(), {**slice.values, "size": size})


class _Proofs:
    """Proofs that events are among those of a checkpoint, made from the hashes that were kept."""

    def __init__(self, conn: Connection, checkpoint: Checkpoint) -> None:
        self._conn = conn
        self._size = checkpoint.size
        whole, rest = divmod(self._size, PART)
        self._roots = column(conn, "SELECT root FROM audit_part WHERE part < %s ORDER BY part", bytes, [whole])
        if rest:
            self._roots.append(merkle.root(self._leaves(whole)))
        if merkle.root(self._roots) != checkpoint.root:
            raise Corrupt("The hashes of the history are not those that were signed. Run: rollbook audit verify")
        self._part = -1
        self._hashes: list[bytes] = []

    def of(self, event: StoredEvent) -> list[bytes]:
        part, index = divmod(event.position - 1, PART)
        if part != self._part:
            self._part, self._hashes = part, self._leaves(part)
        if self._hashes[index] != leaf_of(event):
            raise Corrupt(f"The event at position {event.position} is not as recorded. Run: rollbook audit verify")
        return [*merkle.path(index, self._hashes), *merkle.path(part, self._roots)]

    def _leaves(self, part: int) -> list[bytes]:
        count = min(PART, self._size - part * PART)
        query = "SELECT substring(leaves FOR %s) FROM audit_part WHERE part = %s"
        return merkle.split(b"".join(column(self._conn, query, bytes, [count * HASH, part])))


def _fields(event: StoredEvent) -> dict[str, object]:
    return {
        "position": event.position,
        "stream": str(event.stream),
        "version": event.version,
        "type": event.type,
        "recorded_at": _text(event.recorded_at),
        "meta": event.meta,
        "body": event.body.decode(),
    }


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return None if value is None else str(value)


def _line(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
