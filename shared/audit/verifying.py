"""Verification of a history in its database against the checkpoints that were signed (AUD-3): what differs, and where."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import psycopg

from shared.audit import leaves, merkle
from shared.audit.locating import MOST, Finding, locate
from shared.audit.merkle import HASH, PART, PART_LEVEL, Frontier
from shared.audit.notes import Checkpoint, Forged, claimed, opened, origin_of
from shared.database import Connection, column, scalar, snapshot

MISSING = bytes(HASH)
"""Stands for the hash of an event that is not there."""
_STORED = "SELECT note FROM audit_checkpoint ORDER BY signed_at, size"

Progress = Callable[[int, int], None]
"""Hears how many events are done, of how many."""


def silent(done: int, total: int) -> None:
    """Nobody hears."""


class Verification(NamedTuple):
    """What was found. No findings: the first `sealed` events are those that were signed, all of them, in their order."""

    service: str
    origin: str
    events: int
    sealed: int
    checkpoints: int
    anchored: int
    """Checkpoints from outside of the database."""
    findings: list[Finding]


class _Notes(NamedTuple):
    checkpoints: list[Checkpoint]
    forged: list[Finding]


def verify(
    conninfo: str,
    service: str,
    keys: Sequence[bytes],
    anchored: Sequence[str] = (),
    progress: Progress = silent,
) -> Verification:
    """Read all events of one moment, and compare with every checkpoint that is in the database or `anchored` outside of it."""
    with psycopg.connect(conninfo, autocommit=True, application_name="audit verify") as conn, snapshot(conn):
        origin = origin_of(service, scalar(conn, "SELECT id FROM epoch", UUID))
        stored = column(conn, _STORED, str)
        known = _opened(service, list(dict.fromkeys([*anchored, *stored])), list(keys))
        last = leaves.ends(conn).last
        findings = [*known.forged, *_before_the_first(conn), *_cut(known.checkpoints, last)]
        if last and not known.checkpoints:
            findings.append(
                Finding("not signed", 1, "there is no checkpoint that a given key has signed; nothing is proved")
            )
        within = [one for one in known.checkpoints if one.size <= last]
        tree = _Tree(conn, within, last, progress)
        findings += tree.findings
        if tree.differs:
            findings += locate(conn, tree.agreed, tree.differs, known=tree.missing)
        sealed = max((one.size for one in within), default=0)
    findings.sort(key=lambda one: one.position)
    return Verification(service, origin, last, sealed, len(known.checkpoints), len(anchored), findings)


class _Tree:
    """The tree over the events as they are now, compared at the size of each checkpoint."""

    def __init__(self, conn: Connection, checkpoints: list[Checkpoint], last: int, progress: Progress) -> None:
        self.findings: list[Finding] = []
        self.agreed = 0
        """The largest size at which a checkpoint agrees before the first that does not."""
        self.differs: Checkpoint | None = None
        """The first that does not."""
        self.missing: set[int] = set()
        self._size = 0
        self._due = iter(sorted(checkpoints, key=lambda one: one.size))
        self._next = next(self._due, None)
        self._frontier = Frontier()
        self._compare(0, self._frontier)
        for hashes in self._parts(conn, last):
            self._add(hashes)
            progress(min(self._size, last), last)

    def _parts(self, conn: Connection, last: int) -> Iterator[list[bytes]]:
        """The leaves part by part, with `MISSING` where there is none."""
        at = 0
        for part in leaves.parts(conn, 0, last):
            while at < part.part:
                yield self._mended(conn, at * PART, min(last, (at + 1) * PART))
                at += 1
            end = min(last, (at + 1) * PART)
            whole = part.first == at * PART + 1 and part.last == end and part.contiguous
            yield merkle.split(part.leaves) if whole else self._mended(conn, at * PART, end)
            at += 1

    def _mended(self, conn: Connection, after: int, end: int) -> list[bytes]:
        found: dict[int, bytes] = {}
        for one in leaves.placed(conn, after, end):
            if one.position in found:
                self._report("added", one.position, f"position {one.position} is there more than once")
            found.setdefault(one.position, one.leaf)
        gaps = [position for position in range(after + 1, end + 1) if position not in found]
        for first, last in _ranges(gaps):
            self._report("removed", first, f"there are no events at positions {first} to {last}")
        self.missing.update(gaps)
        return [found.get(position, MISSING) for position in range(after + 1, end + 1)]

    def _report(self, kind: str, position: int, told: str) -> None:
        if len(self.findings) < MOST:
            self.findings.append(Finding(kind, position, told))

    def _add(self, hashes: list[bytes]) -> None:
        end = self._size + len(hashes)
        inside = self._frontier.copy()
        for number, leaf in enumerate(hashes if self._next and self._next.size < end else (), self._size + 1):
            inside.add(leaf)
            self._compare(number, inside)
        if len(hashes) == PART:
            self._frontier.add(merkle.root(hashes), PART_LEVEL)
        else:
            for leaf in hashes:
                self._frontier.add(leaf)
        self._size = end
        self._compare(end, self._frontier)

    def _compare(self, size: int, frontier: Frontier) -> None:
        while self._next and self._next.size == size:
            if self.differs is None and frontier.root() == self._next.root:
                self.agreed = size
            elif self.differs is None:
                self.differs = self._next
            self._next = next(self._due, None)


def _ranges(positions: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of those that follow one another."""
    for _, run in groupby(enumerate(positions), key=lambda one: one[1] - one[0]):
        found = [position for _, position in run]
        yield found[0], found[-1]


def _opened(service: str, found: Sequence[str], keys: list[bytes]) -> _Notes:
    read = _Notes([], [])
    for note in found:
        said = claimed(note)
        try:
            one = opened(note, keys)
            if not one.origin.startswith(f"rollbook/{service}/"):
                raise Forged(f"it is of {one.origin}")
            read.checkpoints.append(one)
        except Forged as why:
            at = said.size if said else 0
            read.forged.append(
                Finding("forged checkpoint", at, f"the checkpoint of {at} events cannot be trusted: {why}")
            )
    return read


def _before_the_first(conn: Connection) -> list[Finding]:
    query = "SELECT position FROM events WHERE position < 1 ORDER BY position LIMIT %s"
    return [Finding("added", at, "no history begins before position 1") for at in column(conn, query, int, [MOST])]


def _cut(checkpoints: Sequence[Checkpoint], last: int) -> list[Finding]:
    beyond = [one for one in checkpoints if one.size > last]
    if not beyond:
        return []
    most = max(beyond, key=lambda one: one.size)
    told = (
        f"the history ends at position {last}, but {most.size} events were signed as {most.origin}: "
        f"the last {most.size - last} are gone"
    )
    return [Finding("cut tail", last + 1, told)]
