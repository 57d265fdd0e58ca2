"""Dead letters over HTTP: looked at, retried, dropped by a person (OPS-8). Within a service a source has one consumer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import psycopg
from fastapi import APIRouter, Path
from psycopg.rows import class_row
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic_core import from_json

from shared.auth import Permission, SignedIn
from shared.consumer import Consumer
from shared.database import Database
from shared.errors import Conflict, NotFound, Refusal
from shared.feeds import PROFILES
from shared.http import Commanded, Cursor, PageSize
from shared.limits import Key, Number
from shared.readmodel import Page, cursor_decode, cursor_encode, cursor_number

_LETTERS = """
SELECT consumer, source, key, count(*) AS entries, min(position) AS position,
    (array_agg(type ORDER BY position))[1] AS type, (array_agg(error ORDER BY position))[1] AS error, min(parked_at) AS parked_at
FROM parked_event WHERE (source, key) > (%(source)s, %(key)s) GROUP BY consumer, source, key
ORDER BY source, key LIMIT %(limit)s
"""
_ENTRIES = """
SELECT position, type, version, recorded_at, error, parked_at, meta, body FROM parked_event
WHERE source = %s AND key = %s ORDER BY position LIMIT 1000
"""
_DECISIONS = """
SELECT number, consumer, source, key, position, type, action, actor, decided_at FROM letter_decision
WHERE number < %s ORDER BY number DESC LIMIT %s
"""


class Letter(BaseModel):
    """A key whose entries wait. `type` and `position` are those of the first.

    `error` says how it crashed; none where the first was dropped and this one only waits for a retry.
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
    """`body` is empty for a profile: that is personal data, and stays where it is."""

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

    position: Number = Field(description="Of the first entry of the key: those behind it wait for a retry")


class Settled(BaseModel):
    entries: int


Source = Annotated[Key, Path(description="As `enrollment` or `directory.profiles`")]


def letter_routes(service: str, database: Database, consumers: Sequence[Consumer]) -> APIRouter:
    router = APIRouter(prefix=f"/api/{service}/letters", tags=["dead letters"])
    by_source = {consumer.source: consumer for consumer in consumers}

    @router.get("")
    def list_letters(caller: SignedIn, size: PageSize, cursor: Cursor = None) -> Page[Letter]:
        """The keys that wait."""
        caller.everywhere(Permission.OPERATE)
        source, key = cursor_decode(cursor, str, UUID) if cursor else ("", UUID(int=0))
        with database.connection() as conn, conn.cursor(row_factory=class_row(Letter)) as rows:
            found = rows.execute(_LETTERS, {"source": source, "key": key, "limit": size + 1}).fetchall()
        last = found[size - 1] if len(found) > size else None
        return Page[Letter](items=found[:size], next=cursor_encode(last.source, str(last.key)) if last else None)

    @router.get("/decisions")
    def list_decisions(caller: SignedIn, size: PageSize, cursor: Cursor = None) -> Page[Decision]:
        """What people decided, newest first."""
        caller.everywhere(Permission.OPERATE)
        before = cursor_decode(cursor, cursor_number)[0] if cursor else 2**62
        with database.connection() as conn, conn.cursor(row_factory=class_row(Decision)) as rows:
            found = rows.execute(_DECISIONS, [before, size + 1]).fetchall()
        more = cursor_encode(str(found[size - 1].number)) if len(found) > size else None
        return Page[Decision](items=found[:size], next=more)

    @router.get("/{source}/{key}")
    def show_letter(source: Source, key: UUID, caller: SignedIn) -> list[Entry]:
        """Its entries, oldest first; at most a thousand."""
        caller.everywhere(Permission.OPERATE)
        with database.connection() as conn:
            rows = conn.execute(_ENTRIES, [source, key]).fetchall()
        if not rows:
            raise _gone()
        return [_entry(source, row) for row in rows]

    @router.post("/{source}/{key}/retry")
    def retry(source: Source, key: UUID, caller: SignedIn, context: Commanded) -> Settled:
        """Take all its entries again, in order. Refused, and nothing changed, when one crashes again."""
        caller.everywhere(Permission.OPERATE)
        consumer = by_source.get(source)
        try:
            taken = consumer.retry(key, context.meta()) if consumer else 0
        except (Refusal, psycopg.OperationalError):
            raise
        except Exception as error:
            raise Conflict(
                f"It crashed again ({type(error).__name__}), and waits on. Mend the handler, or drop the first entry.",
                kind="crashed-again",
            ) from error
        if not taken:
            raise _gone()
        return Settled(entries=taken)

    @router.post("/{source}/{key}/drop")
    def drop(source: Source, key: UUID, body: Drop, caller: SignedIn, context: Commanded) -> Settled:
        """Give its first entry up, for ever. What was behind it waits for a retry."""
        caller.everywhere(Permission.OPERATE)
        consumer = by_source.get(source)
        if not consumer or not consumer.drop(key, body.position, context.meta()):
            raise _gone()
        return Settled(entries=1)

    return router


def _gone() -> NotFound:
    return NotFound("No entry of this key waits there as the first; it may have been settled meanwhile.", field="key")


def _entry(source: str, row: Sequence[object]) -> Entry:
    position, type, version, recorded_at, error, parked_at, meta, body = row
    told = from_json(str(meta)) if meta else {}
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
