"""An export of a history checked without any database (AUD-4): only the file and a public key."""

import base64
import hashlib
import struct
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError

from shared.audit import merkle
from shared.audit.exporting import FORMAT
from shared.audit.leaves import StoredEvent, leaf_of
from shared.audit.locating import Finding
from shared.audit.notes import Checkpoint, Forged, export_of, opened


class _Head(BaseModel):
    format: Annotated[str, Field(pattern=f"^{FORMAT}$")]
    service: str
    slice: dict[str, str | None]
    checkpoint: str


class _Event(BaseModel):
    position: int
    stream: UUID
    version: int
    type: str
    recorded_at: datetime
    meta: str
    body: str
    previous: int
    proof: list[str]

    def leads_to(self, checkpoint: Checkpoint) -> bool:
        """Whether its proof says that it is in that history, at its position."""
        body = self.body.encode()
        try:
            event = StoredEvent(self.position, self.stream, self.version, self.type, self.recorded_at, self.meta, body)
            leaf = leaf_of(event)
            proof = [base64.b64decode(one, validate=True) for one in self.proof]
        except (ValueError, TypeError, struct.error):
            return False
        found = merkle.root_of_path(leaf, self.position - 1, checkpoint.size, proof)
        return found == checkpoint.root


class _End(BaseModel):
    events: int
    last: int
    seal: str


class FileCheck(NamedTuple):
    """What was found. No findings: all events of the file are in the signed history, and none that was exported is missing."""

    origin: str
    sealed: int
    events: int
    findings: list[Finding]


def check(lines: Iterable[bytes], keys: Sequence[bytes]) -> FileCheck:
    """Raises ValueError for what is no export."""
    remaining = iter(lines)
    first = next(remaining, b"")
    try:
        head = _Head.model_validate_json(first)
    except ValidationError:
        raise ValueError("This file is no export of a history: its first line does not say so.") from None
    try:
        checkpoint = opened(head.checkpoint, list(keys))
    except Forged as why:
        told = f"the checkpoint of this export cannot be trusted: {why}"
        return FileCheck("", 0, 0, [Finding("forged checkpoint", 0, told)])
    return _Check(checkpoint, list(keys)).run(first, remaining)


class _Check:
    def __init__(self, checkpoint: Checkpoint, keys: list[bytes]) -> None:
        self._checkpoint = checkpoint
        self._keys = keys
        self._findings: list[Finding] = []
        self._previous = 0
        self._events = 0

    def run(self, first: bytes, lines: Iterable[bytes]) -> FileCheck:
        digest = hashlib.sha256(first)
        sealed = False
        for line in lines:
            read = _read(line)
            if isinstance(read, _Event) and not sealed:
                self._event(read)
            elif isinstance(read, _End) and not sealed:
                sealed = True
                self._end(read, digest.digest())
            else:
                self._find("added", self._previous + 1, f"after position {self._previous} is a line that is no event")
            digest.update(line)
        if not sealed:
            self._find(
                "cut tail", self._previous + 1, f"the file ends after position {self._previous}, without its last line"
            )
        return FileCheck(self._checkpoint.origin, self._checkpoint.size, self._events, self._findings)

    def _event(self, event: _Event) -> None:
        at = event.position
        if not event.leads_to(self._checkpoint):
            self._find("changed", at, f"the event at position {at} is not the one that was recorded, or was added")
        if at <= self._previous:
            self._find("reordered", at, f"position {at} comes after position {self._previous}")
        elif event.previous != self._previous:
            told = (
                f"after position {self._previous} comes {at}, but when it was exported {event.previous} came before it"
            )
            self._find("removed", self._previous + 1, told)
        self._previous = max(self._previous, at)
        self._events += 1

    def _end(self, end: _End, digest: bytes) -> None:
        if end.last != self._previous or end.events != self._events:
            told = f"{end.events} events up to position {end.last} were exported, not {self._events} up to {self._previous}"
            self._find("removed", self._previous + 1, told)
        try:
            seal = opened(end.seal, self._keys)
        except Forged as why:
            self._find("forged seal", end.last, f"the end of the file cannot be trusted: {why}")
            return
        exported = Checkpoint(export_of(self._checkpoint.origin), self._events, digest)
        if seal != exported and not self._findings:
            self._find("changed", 0, "the file is not the one that was exported")

    def _find(self, kind: str, position: int, told: str) -> None:
        self._findings.append(Finding(kind, position, told))


def _read(line: bytes) -> _Event | _End | None:
    for kind in (_Event, _End):
        try:
            return kind.model_validate_json(line)
        except ValidationError:
            continue
    return None
