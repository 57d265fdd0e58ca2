"""What pages read and command of dead letters: what crashes a consumer or a worker, and what waits behind it (OPS-8)."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import quote
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Missing, Reply
from shared.suite import FOLLOWING

_SHOWN = 20
"""Letters of each service where those of all are listed."""


class DeadLetter(Reply):
    """A key whose entries wait; of what a worker has set aside, `source` is the worker and `position` 0. `type` is that of the
    first entry, `error` how it crashed; None: it only waits for a retry."""

    consumer: str
    source: str
    key: UUID
    entries: int
    position: int
    type: str
    error: str | None = None
    parked_at: datetime


class Entry(Reply):
    """`body` is None for a profile. Of what a worker has set aside, `version` says how often it was tried."""

    position: int
    type: str
    version: int
    recorded_at: datetime
    error: str | None = None
    parked_at: datetime
    correlation: UUID | None = None
    body: JsonValue = None

    @property
    def written(self) -> str:
        """What it says, for people to read."""
        return json.dumps(self.body, ensure_ascii=False, indent=2)


class _Settled(Reply):
    entries: int


class SettledAll(Reply):
    """`more`: some were not tried by this command."""

    taken: int
    crashed: int
    more: bool


@dataclass(frozen=True)
class Address:
    """Where a letter is: its service, what it came from, and its key."""

    service: str
    source: str
    key: UUID

    @property
    def path(self) -> str:
        return f"/api/{self.service}/letters/{quote(self.source, safe='')}/{self.key}"


def letters(ask: Asking) -> dict[str, Listed[DeadLetter] | Missing]:
    """The first ones of each service, all asked at once."""
    asked = {one: ask.part(partial(letters_of, ask, one, "", _SHOWN)) for one in FOLLOWING}
    return {service: answer.result() for service, answer in asked.items()}


def letters_of(ask: Asking, service: str, cursor: str, limit: int | None = None) -> Listed[DeadLetter]:
    return ask.listed(DeadLetter, f"/api/{service}/letters", {"cursor": cursor, "limit": limit})


def entries(ask: Asking, letter: Address) -> list[Entry]:
    """Oldest first."""
    return ask.every(Entry, letter.path)


def retry(ask: Asking, letter: Address, key: str) -> int:
    """How many entries were taken."""
    return ask.post(_Settled, f"{letter.path}/retry", {}, key).entries


def retry_all(ask: Asking, service: str, source: str, key: str) -> SettledAll:
    return ask.post(SettledAll, f"/api/{service}/letters/{quote(source, safe='')}/retry", {}, key)


def drop(ask: Asking, letter: Address, position: int, key: str) -> None:
    """The first entry alone, and only while it is the one at this position."""
    ask.post(_Settled, f"{letter.path}/drop", {"position": position}, key)
