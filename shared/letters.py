"""Dead letters over HTTP (OPS-8): events that crash consumers, and work that crashes workers; looked at, retried, dropped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic_core import from_json

from shared.auth import CurrentCaller, Permission
from shared.consumer import Consumer
from shared.database import Database, fetch, uuid_of
from shared.errors import Conflict, NotFound, Refusal
from shared.events import Meta
from shared.feeds import PROFILES
from shared.http import CommandContextDep, Cursor, PageSize
from shared.limits import Key, Number
from shared.readmodel import Page, cursor_decode, cursor_number, page_of
from shared.set_aside import Retryable, decide, find, passing

_LETTERS = """
SELECT consumer, source, key, count(*) AS entries, min(position) AS position,
    (array_agg(type ORDER BY position))[1] AS type, (array_agg(error ORDER BY position))[1] AS error, min(parked_at) AS parked_at
FROM parked_event WHERE (source, key, consumer) > (%(source)s, %(key)s, %(consumer)s) GROUP BY consumer, source, key
UNION ALL
SELECT worker, worker, subject, 1, 0, kind, error, first_at FROM set_aside
WHERE (worker, subject, worker) > (%(source)s, %(key)s, %(consumer)s)
ORDER BY source, key, consumer LIMIT %(limit)s
"""
_ENTRIES = """
SELECT position, type, version, recorded_at, error, parked_at, meta, body FROM parked_event
WHERE source = %(source)s AND key = %(key)s
UNION ALL
SELECT 0, kind, tries, first_at, error, last_at, '', convert_to(about::text, 'UTF8') FROM set_aside
WHERE worker = %(source)s AND subject = %(key)s
ORDER BY position LIMIT 1000
"""
_KEYS = """
SELECT DISTINCT key FROM parked_event WHERE source = %(source)s
UNION SELECT subject FROM set_aside WHERE worker = %(source)s LIMIT %(limit)s
"""
_AT_ONCE = 500
"""Keys that one request takes again."""
_DECISIONS = """
SELECT number, consumer, source, key, position, type, action, actor, decided_at FROM letter_decision
WHERE number < %s ORDER BY number DESC LIMIT %s
"""


class DeadLetter(BaseModel):
    """A key whose entries wait, or what a worker has set aside. `type` and `position` are those of the first.

    `error` says how it crashed; none where the first was dropped and this one only waits for a retry. Of what a worker has set
    aside, `source` is the worker, `type` what it is (a person, an assignment, a timer, a job ...), `key` its id, `position` 0.
    """

    consumer: str
    source: str
    key: UUID
    entries: int
    position: int
    type: str
    error: str | None
    parked_at: datetime


class Entry(BaseModel):
    """`body` is empty for a profile: that is personal data, and stays where it is.

    Of what a worker has set aside, `version` says how often it was tried, and `body` what it is about.
    """

    position: int
    type: str
    version: int
    recorded_at: datetime
    error: str | None
    parked_at: datetime
    correlation: UUID | None
    body: JsonValue


class Decision(BaseModel):
    """Who gave up, or took again, what."""

    number: int
    consumer: str
    source: str
    key: UUID
    position: int
    type: str
    action: str
    actor: UUID
    decided_at: datetime


class Drop(BaseModel):
    model_config = ConfigDict(extra="forbid")

    position: Number = Field(
        description="The position of the first entry of the key; the entries behind it wait for a retry"
    )


class Settled(BaseModel):
    entries: int


class SettledAll(BaseModel):
    """How many keys were taken again, and how many crashed again and wait on. `more`: some were not tried by this request."""

    taken: int
    crashed: int
    more: bool


Source = Annotated[
    Key, Path(description="Such as `enrollment` or `directory.profiles`; or the worker that set it aside")
]


class _Letters:
    """What a service's consumers and workers have put aside, whoever it was."""

    def __init__(self, database: Database, consumers: Sequence[Consumer], workers: Sequence[Retryable]) -> None:
        self.database = database
        self._consumers = consumers
        self._workers = {worker.name: worker for worker in workers}

    def retry(self, source: str, key: UUID, by: Meta) -> int:
        """How many entries were taken. Raises what crashes again; nothing was changed then."""
        if worker := self._workers.get(source):
            with self.database.transaction() as conn:
                row = find(conn, source, key)
            if row is None:
                return 0
            worker.retry(row, by)
            with self.database.transaction() as conn:
                decide(conn, row, "retried", by)
            return 1
        return sum(consumer.retry(key, by) for consumer in self._consumers if consumer.source == source)

    def drop(self, source: str, key: UUID, position: int, by: Meta) -> bool:
        if worker := self._workers.get(source):
            with self.database.transaction() as conn:
                row = find(conn, source, key) if position == 0 else None
                if row:
                    worker.drop(conn, row)
                    decide(conn, row, "dropped", by)
            return row is not None
        dropped = [one.drop(key, position, by) for one in self._consumers if one.source == source]
        return any(dropped)

    def keys(self, source: str, limit: int) -> list[UUID]:
        with self.database.connection() as conn:
            return [uuid_of(key) for (key,) in conn.execute(_KEYS, {"source": source, "limit": limit})]


def letter_routes(
    service: str, database: Database, consumers: Sequence[Consumer], workers: Sequence[Retryable] = ()
) -> APIRouter:
    """`workers`: those that set aside what crashes them."""
    router = APIRouter(prefix=f"/api/{service}/letters", tags=["dead letters"])
    _reading(router, database)
    _deciding(router, _Letters(database, consumers, workers))
    return router


def _reading(router: APIRouter, database: Database) -> None:

    @router.get("")
    def list_letters(caller: CurrentCaller, size: PageSize, cursor: Cursor = None) -> Page[DeadLetter]:
        """List the keys that are parked."""
        caller.everywhere(Permission.OPERATE)
        source, key, consumer = cursor_decode(cursor, str, UUID, str) if cursor else ("", UUID(int=0), "")
        after = {"source": source, "key": key, "consumer": consumer, "limit": size + 1}
        with database.connection() as conn:
            found = fetch(conn, DeadLetter, _LETTERS, after)
        return page_of(found, size, lambda letter: [letter.source, letter.key, letter.consumer])

    @router.get("/decisions")
    def list_decisions(caller: CurrentCaller, size: PageSize, cursor: Cursor = None) -> Page[Decision]:
        """List what people decided, newest first."""
        caller.everywhere(Permission.OPERATE)
        before = cursor_decode(cursor, cursor_number)[0] if cursor else 2**62
        with database.connection() as conn:
            found = fetch(conn, Decision, _DECISIONS, [before, size + 1])
        return page_of(found, size, lambda decision: [decision.number])

    @router.get("/{source}/{key}")
    def show_letter(source: Source, key: UUID, caller: CurrentCaller) -> list[Entry]:
        """List the entries of a key, oldest first; at most a thousand."""
        caller.everywhere(Permission.OPERATE)
        with database.connection() as conn:
            rows = conn.execute(_ENTRIES, {"source": source, "key": key}).fetchall()
        if not rows:
            raise _gone()
        return [_entry(source, row) for row in rows]


def _deciding(router: APIRouter, letters: _Letters) -> None:
    @router.post("/{source}/{key}/retry")
    def retry(source: Source, key: UUID, caller: CurrentCaller, context: CommandContextDep) -> Settled:
        """Process all entries of a key again, in order. If one crashes again, the request is rejected and nothing changes."""
        caller.everywhere(Permission.OPERATE)
        try:
            taken = letters.retry(source, key, context.meta())
        except Exception as error:
            if passing(error) or isinstance(error, Refusal):
                raise
            raise Conflict(
                f"It crashed again ({type(error).__name__}) and is still parked. Fix the handler, or drop the first entry.",
                kind="crashed-again",
            ) from error
        if not taken:
            raise _gone()
        return Settled(entries=taken)

    @router.post("/{source}/retry")
    def retry_all(source: Source, caller: CurrentCaller, context: CommandContextDep) -> SettledAll:
        """Process every key of a source again. Keys that crash again stay parked and do not stop the others."""
        caller.everywhere(Permission.OPERATE)
        keys = letters.keys(source, _AT_ONCE + 1)
        crashed = 0
        for key in keys[:_AT_ONCE]:
            try:
                letters.retry(source, key, context.meta())
            except Exception as error:
                if passing(error):
                    raise
                crashed += 1
        return SettledAll(taken=len(keys[:_AT_ONCE]) - crashed, crashed=crashed, more=len(keys) > _AT_ONCE)

    @router.post("/{source}/{key}/drop")
    def drop(source: Source, key: UUID, body: Drop, caller: CurrentCaller, context: CommandContextDep) -> Settled:
        """Drop the first entry of a key permanently. The entries behind it wait for a retry."""
        caller.everywhere(Permission.OPERATE)
        if not letters.drop(source, key, body.position, context.meta()):
            raise _gone()
        return Settled(entries=1)


def _gone() -> NotFound:
    return NotFound(
        "This is not the first parked entry of the key. It may have been retried or dropped in the "
        "meantime; list the entries again.",
        field="key",
    )


def _entry(source: str, row: Sequence[object]) -> Entry:
    position, type, version, recorded_at, error, parked_at, meta, body = row
    told = from_json(str(meta)) if meta else {"correlation": None}
    return Entry.model_validate(
        {
            "position": position,
            "type": type,
            "version": version,
            "recorded_at": recorded_at,
            "error": error,
            "parked_at": parked_at,
            "correlation": told.get("correlation"),
            "body": None if source == PROFILES else _json(body),
        }
    )


def _json(body: object) -> JsonValue:
    """What cannot be read is shown as the text that it is."""
    content = body if isinstance(body, bytes) else b""
    try:
        found: JsonValue = from_json(content)
    except ValueError:
        return content.decode(errors="replace")
    return found
