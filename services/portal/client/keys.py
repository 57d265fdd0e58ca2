"""What pages read and command of pools and training keys. No key is ever in an address."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import httpx
from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Receipt, Reply

POOLS = "/api/keys/pools"
KEYS = "/api/keys/keys"


class Counts(Reply):
    """How many keys of a pool are in each state."""

    free: int = 0
    sent: int = 0
    reserved: int = 0
    redeemed: int = 0
    revoked: int = 0

    @property
    def total(self) -> int:
        return self.free + self.sent + self.reserved + self.redeemed + self.revoked


class Pool(Reply):
    """Keys for one course and one organisation, from a moment until another."""

    id: UUID
    version: int
    name: str
    offering_id: UUID
    offering_title: str | None = None
    organisation_id: UUID
    organisation_name: str | None = None
    starts: datetime
    expires: datetime
    access_days: int
    share_below: bool
    keys: Counts = Counts()

    def standing(self, now: datetime) -> str:
        """Whether its keys can be redeemed: coming, open, over."""
        if now < self.starts:
            return "coming"
        return "open" if now < self.expires else "over"


class TrainingKey(Reply):
    """A key without its secret, and what became of it. Names where whoever looks may know them."""

    id: UUID
    pool_id: UUID
    pool_name: str
    fingerprint: str
    state: str
    generated: bool
    added_at: datetime
    sent_at: datetime | None = None
    sent_to_id: UUID | None = None
    sent_to_name: str | None = None
    sent_to_email: str | None = None
    person_id: UUID | None = None
    person_name: str | None = None
    assignment_id: UUID | None = None
    redeemed_at: datetime | None = None
    revoked_at: datetime | None = None


class Export(Reply):
    """That somebody took keys out. `state` None: keys in whatever state."""

    format: str
    state: str | None = None
    keys: int
    actor_id: UUID
    actor_name: str | None = None
    at: datetime


class Job(Reply):
    """How far the service is with keys that are generated, or sent to many."""

    id: UUID
    kind: str
    state: str
    done: int
    total: int | None = None
    error: str | None = None
    result: dict[str, int] | None = None
    created_at: datetime
    finished_at: datetime | None = None

    @property
    def over(self) -> bool:
        return self.state in ("finished", "failed")


class LineResult(Reply):
    """What became of a line of pasted keys; the first one is 1."""

    line: int
    outcome: str


class _Lines(Reply):
    added: int
    lines: tuple[LineResult, ...]


class _Made(Reply):
    pool_id: UUID | None = None
    job_id: UUID | None = None


def pools(ask: Asking, name: str, cursor: str) -> Listed[Pool]:
    """By name."""
    return ask.listed(Pool, POOLS, {"q": name, "cursor": cursor})


def pool(ask: Asking, id: UUID) -> Pool:
    return ask.one(Pool, f"{POOLS}/{id}")


def create_pool(ask: Asking, body: Mapping[str, JsonValue], key: str) -> UUID | None:
    return _made(ask.send("POST", POOLS, body, key)).pool_id


def edit_pool(ask: Asking, id: UUID, body: Mapping[str, JsonValue], version: int, key: str) -> Receipt:
    return ask.send("PUT", f"{POOLS}/{id}", body, key, version=version)


def keys_of(ask: Asking, id: UUID, state: str, cursor: str) -> Listed[TrainingKey]:
    """The newest first."""
    return ask.listed(TrainingKey, f"{POOLS}/{id}/keys", {"state": state, "cursor": cursor})


def training_key(ask: Asking, id: UUID) -> TrainingKey:
    return ask.one(TrainingKey, f"{KEYS}/{id}")


def find(ask: Asking, text: str) -> TrainingKey:
    """By what is written on it."""
    return ask.post(TrainingKey, f"{KEYS}/find", {"key": text})


def add_one(ask: Asking, id: UUID, text: str, key: str) -> Receipt:
    return ask.send("POST", f"{POOLS}/{id}/keys", {"key": text}, key)


def add_lines(ask: Asking, id: UUID, lines: Sequence[str], key: str) -> tuple[LineResult, ...]:
    receipt = ask.send("POST", f"{POOLS}/{id}/keys", {"lines": list(lines)}, key)
    return _Lines.model_validate(receipt.result).lines


def generate(ask: Asking, id: UUID, many: str, key: str) -> UUID | None:
    """The job that does it."""
    return _made(ask.send("POST", f"{POOLS}/{id}/keys", {"generate": many}, key)).job_id


def revoke(ask: Asking, id: UUID, reason: str, ends: bool | None, key: str, *, override: bool) -> Receipt:
    """`ends`: of a key that was redeemed, whether its assignment ends, too."""
    body: dict[str, JsonValue] = {"reason": reason or None, "end_assignment": ends, "override": override}
    return ask.send("POST", f"{KEYS}/{id}/revoke", body, key)


def reopen(ask: Asking, id: UUID, reason: str, key: str) -> Receipt:
    return ask.send("POST", f"{KEYS}/{id}/reopen", {"reason": reason}, key)


def exports(ask: Asking, id: UUID, cursor: str) -> Listed[Export]:
    """The newest first."""
    return ask.listed(Export, f"{POOLS}/{id}/exports", {"cursor": cursor})


def export(ask: Asking, id: UUID, format: str, state: str) -> httpx.Response:
    """The keys, as they come; each export is on record."""
    return ask.stream(f"{POOLS}/{id}/exports", {"format": format, "state": state or None})


def job(ask: Asking, id: UUID) -> Job:
    return ask.one(Job, f"/api/keys/jobs/{id}")


def _made(receipt: Receipt) -> _Made:
    return _Made.model_validate(receipt.result)
