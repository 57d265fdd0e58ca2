"""Where a history differs from what was signed: by the hashes that were kept when its events were written (AUD-3)."""

from collections.abc import Iterator, Set
from typing import NamedTuple

from shared.audit import leaves, merkle
from shared.audit.leaves import StoredEvent, leaf_of
from shared.audit.merkle import PART, PART_LEVEL, Frontier
from shared.audit.notes import Checkpoint
from shared.database import Connection, fetch_one

MOST = 20
"""Findings that are told one by one."""
_ENOUGH = 1_000
_WINDOW = 50
"""Among so many differing positions an event is looked for that has moved."""


class Finding(NamedTuple):
    """What is not as it was signed; `position` where, or from where on."""

    kind: str
    position: int
    told: str


class _Kept(NamedTuple):
    leaves: bytes


class _Difference(NamedTuple):
    """A position, and the hash that was kept for it."""

    position: int
    kept: bytes


def locate(conn: Connection, agreed: int, differs: Checkpoint, *, known: Set[int]) -> list[Finding]:
    """The first `agreed` events are as they were signed, the first `differs.size` are not. `known` positions are told already."""
    if _kept_root(conn, differs.size) != differs.root:
        told = (
            f"somewhere in positions {agreed + 1} to {differs.size} events were changed, removed, added or reordered; the kept "
            "hashes were changed too, or are gone, so that nobody can say where"
        )
        return [] if known else [Finding("changed", agreed + 1, told)]
    differing = [one for one in _differing(conn, agreed, differs.size) if one.position not in known]
    found = list(_named(conn, differing))
    if len(found) > MOST:
        rest = Finding("changed", found[MOST].position, f"and {len(found) - MOST} or more further positions differ")
        found = [*found[:MOST], rest]
    return found


def _kept(conn: Connection, start: int, size: int) -> Iterator[list[bytes]]:
    """The hashes of the first `size` events as they were kept, part by part, from the part on in which `start` is."""
    for part in range(start // PART, (size + PART - 1) // PART):
        row = fetch_one(conn, _Kept, "SELECT leaves FROM audit_part WHERE part = %s", [part], binary=True)
        yield merkle.split(row.leaves)[: size - part * PART] if row else []


def _kept_root(conn: Connection, size: int) -> bytes:
    tree = Frontier()
    for hashes in _kept(conn, 0, size):
        if len(hashes) == PART:
            tree.add(merkle.root(hashes), PART_LEVEL)
        else:
            for leaf in hashes:
                tree.add(leaf)
    return tree.root()


def _differing(conn: Connection, agreed: int, size: int) -> list[_Difference]:
    """Positions whose events have other hashes than those that were kept, a thousand and not many more."""
    found: list[_Difference] = []
    start = agreed // PART * PART
    for hashes in _kept(conn, agreed, size):
        end = start + len(hashes)
        now = {one.position: one.leaf for one in leaves.placed(conn, start, end)}
        found += [_Difference(at, kept) for at, kept in enumerate(hashes, start + 1) if now.get(at) != kept]
        start = end
        if len(found) >= _ENOUGH:
            break
    return found


def _named(conn: Connection, differing: list[_Difference]) -> Iterator[Finding]:
    """What happened at each: an event whose hash is that of another position has moved from there."""
    window = differing[:_WINDOW]
    was = _moved(leaves.events_at(conn, [one.position for one in window]), {one.kept: one.position for one in window})
    now = {origin: at for at, origin in was.items()}
    for at, _ in differing:
        if at in now and at in was:
            yield Finding("reordered", at, f"what was recorded at position {at} is now at {now[at]}")
        elif at in now:
            yield Finding(
                "added", at, f"what is at position {at} was added; from there on all has moved by {now[at] - at}"
            )
            return
        elif at in was:
            yield Finding(
                "removed", at, f"what was at position {at} is gone; from there on all has moved by {at - was[at]}"
            )
            return
        else:
            yield Finding("changed", at, f"the event at position {at} is not the one that was recorded")


def _moved(events: list[StoredEvent], kept: dict[bytes, int]) -> dict[int, int]:
    """For events that were recorded elsewhere: from the position where they are to the one that they had."""
    return {
        event.position: position
        for event in events
        for position in kept.values()
        if position != event.position and kept.get(leaf_of(event._replace(position=position))) == position
    }
