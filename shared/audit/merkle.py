"""The Merkle tree of RFC 6962: one hash for a whole list, and short proofs that something is in it, at its place."""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()
PART_LEVEL = 10
PART = 1 << PART_LEVEL
"""Leaves of a part. As it is a power of two, the tree over the roots of parts is the tree over all leaves."""
HASH = 32


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(leaves: bytes) -> list[bytes]:
    """Hashes that were joined, apart."""
    return [leaves[at : at + HASH] for at in range(0, len(leaves), HASH)]


def root(hashes: Sequence[bytes]) -> bytes:
    """Of leaves, or of subtrees of one height of which only the last may be smaller."""
    if not hashes:
        return EMPTY
    while len(hashes) > 1:
        hashes = _parents(hashes)
    return hashes[0]


def path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """What, with the hash at the index, gives the root: from the leaf upwards."""
    found = []
    while len(hashes) > 1:
        if (sibling := index ^ 1) < len(hashes):
            found.append(hashes[sibling])
        hashes, index = _parents(hashes), index >> 1
    return found


def _parents(hashes: Sequence[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    above = [sha256(b"\x01" + a + b).digest() for a, b in zip(hashes[::2], hashes[1::2], strict=False)]
    return [*above, hashes[-1]] if len(hashes) % 2 else above


def root_of_path(leaf: bytes, index: int, size: int, proof: Iterable[bytes]) -> bytes | None:
    """The root that a proof leads to (RFC 9162, 2.1.3.2); None for one that fits no tree of that size."""
    if not 0 <= index < size:
        return None
    last, found = size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if index & 1 or index == last:
            found = node_hash(sibling, found)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        index, last = index >> 1, last >> 1
    return found if last == 0 else None


class Frontier:
    """A tree that grows: of what it has, only the roots of its whole subtrees."""

    def __init__(self, peaks: Iterable[tuple[int, bytes]] = ()) -> None:
        self._peaks = list(peaks)

    def add(self, hash: bytes, level: int = 0) -> None:
        """The next leaf, or the root of the next 2 to the power of `level` leaves."""
        while self._peaks and self._peaks[-1][0] == level:
            hash, level = node_hash(self._peaks.pop()[1], hash), level + 1
        self._peaks.append((level, hash))

    def copy(self) -> "Frontier":
        return Frontier(self._peaks)

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY
        found = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            found = node_hash(peak, found)
        return found
