"""The worker that hashes a service's history and signs checkpoints, beside the commands and never within one (AUD-3).

Events are hashed once, soon after they were written, and their hashes are kept; a checkpoint is made of these hashes. So what is
changed later is not signed again, and differs from every checkpoint that covers it.
"""

import threading
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from shared import telemetry
from shared.audit import leaves, merkle
from shared.audit.anchors import Anchor
from shared.audit.merkle import HASH, PART
from shared.audit.notes import Checkpoint, Forged, Signer, claimed, opened, origin_of
from shared.audit.settings import AuditSettings
from shared.database import Connection, Database, column, fetch_one, keep_stepping, scalar
from shared.errors import Corrupt

log = telemetry.logger(__name__)

_LOCK = 7_400_106
_PARTS_AT_ONCE = 64
_LAST = "SELECT part, leaves FROM audit_part ORDER BY part DESC LIMIT 1"
_WRITE = (
    "INSERT INTO audit_part (part, leaves, root) VALUES (%s, %s, %s) "
    "ON CONFLICT (part) DO UPDATE SET leaves = excluded.leaves, root = excluded.root"
)
_ROOTS = "SELECT root FROM audit_part WHERE part < %s ORDER BY part"
_LATEST = "SELECT note FROM audit_checkpoint WHERE origin = %s ORDER BY size DESC LIMIT 1"
_SIGNED = "INSERT INTO audit_checkpoint (origin, size, note) VALUES (%s, %s, %s)"
_TO_ANCHOR = "SELECT note FROM audit_checkpoint WHERE origin = %s AND size > %s ORDER BY size"
_ADVICE = "Nothing is signed any more. Run: rollbook audit verify"


class StoredPart(NamedTuple):
    """The hashes of one part as they were when its events were hashed."""

    part: int
    leaves: bytes

    @property
    def end(self) -> int:
        """The position up to which events are hashed."""
        return self.part * PART + len(self.leaves) // HASH


class Sealer:
    """One for each service; of several processes one works at a time. Resumes where the last part ends."""

    def __init__(self, service: str, database: Database, settings: AuditSettings) -> None:
        self.name = f"{service} sealing"
        self._service = service
        self._database = database
        self._signer = Signer(settings.audit_key) if settings.audit_key else None
        folder = settings.audit_checkpoints
        self._anchor = Anchor(folder, service) if folder else None
        self._pause = settings.audit_pause

    def run(self, stop: threading.Event) -> None:
        """Raises Corrupt where the history is not the one that was signed before."""
        keep_stepping(stop, self.step, self._pause, worker=self.name)

    def step(self) -> int:
        """Hash what is new, at most 65,536 events, and sign once all is hashed. Returns how many are left to hash, roughly."""
        with self._database.transaction() as conn:
            if not scalar(conn, "SELECT pg_try_advisory_xact_lock(%s)", bool, [_LOCK]):
                return 0
            last = leaves.ends(conn).last
            hashed = _hash(conn, last)
            origin = origin_of(self._service, scalar(conn, "SELECT id FROM epoch", UUID))
            if hashed == last and self._signer:
                self._sign(conn, self._signer, origin, hashed)
        if hashed == last and self._anchor and self._signer:
            self._append(self._anchor, self._signer, origin)
        return max(0, last - hashed)

    def _sign(self, conn: Connection, signer: Signer, origin: str, size: int) -> None:
        stored = column(conn, _LATEST, str, [origin])
        known = _largest(origin, signer, [*stored, *(self._anchor.latest() if self._anchor else ())])
        if known and known.size > size:
            raise Corrupt(f"the history ends at position {size}, but {known.size} events were signed. {_ADVICE}")
        if known and _root(conn, known.size) != known.root:
            raise Corrupt(f"the hashes of the first {known.size} events were changed. {_ADVICE}")
        if size and (known is None or size > known.size):
            note = signer.sign(Checkpoint(origin, size, _root(conn, size)))
            conn.execute(_SIGNED, [origin, size, note])
            if self._anchor is None:  # the log is the only place outside of the database then
                log.info("the history is signed", service=self._service, size=size, note=note)

    def _append(self, anchor: Anchor, signer: Signer, origin: str) -> None:
        """What the file does not have yet, also where the last run ended between the database and the file."""
        known = _largest(origin, signer, anchor.latest())
        with self._database.connection() as conn:
            missing = column(conn, _TO_ANCHOR, str, [origin, known.size if known else 0])
        if missing:
            anchor.append(missing)


def _hash(conn: Connection, last: int) -> int:
    """Up to where events are hashed now. Raises Corrupt for a hole in the positions, or a tail that is gone."""
    stored = fetch_one(conn, StoredPart, _LAST)
    hashed = stored.end if stored else 0
    if hashed > last:
        raise Corrupt(f"the history ends at position {last}, but {hashed} events were hashed. {_ADVICE}")
    end = min(last, (hashed // PART + _PARTS_AT_ONCE) * PART)
    for found in leaves.parts(conn, hashed, end, _PARTS_AT_ONCE):
        if found.first != hashed + 1 or not found.contiguous:
            raise Corrupt(f"positions are missing in the history after {hashed}. {_ADVICE}")
        joined = stored.leaves + found.leaves if stored and stored.part == found.part else found.leaves
        conn.execute(_WRITE, [found.part, joined, merkle.root(merkle.split(joined))])
        hashed = found.last
    return hashed


def _root(conn: Connection, size: int) -> bytes:
    """Of the first `size` events, from their stored hashes."""
    whole, rest = divmod(size, PART)
    roots = column(conn, _ROOTS, bytes, [whole])
    if rest:
        cut = column(
            conn, "SELECT substring(leaves FOR %s) FROM audit_part WHERE part = %s", bytes, [rest * HASH, whole]
        )
        roots += [merkle.root(merkle.split(part)) for part in cut]
    return merkle.root(roots)


def _largest(origin: str, signer: Signer, found: Sequence[str]) -> Checkpoint | None:
    """Of those that this key has signed for this history."""
    read: list[Checkpoint] = []
    for note in found:
        try:
            if (said := claimed(note)) and said.origin == origin:
                read.append(opened(note, [signer.public]))
        except Forged:
            log.warning("a checkpoint is not signed by our key", origin=origin)
    return max(read, key=lambda one: one.size, default=None)
