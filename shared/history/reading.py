"""The history of a subject out of the event store: newest first, a page at a time, as of any moment (AUD-1)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from shared import texts
from shared.database import Connection, fetch
from shared.events import SYSTEM, Event, Meta, Recorded, decode
from shared.history.telling import Before, Fact, Table, facts, held, ids
from shared.interface import Interface, known
from shared.limits import Cursor, Moment
from shared.readmodel import Page, cursor_decode, cursor_encode, cursor_number

K = TypeVar("K", bound=str)


class Cause(BaseModel):
    """The event that led to this one, in the history of the service that recorded it."""

    service: str
    stream: UUID
    version: int


class Entry(BaseModel, Generic[K]):
    """One change: when, who, what, why, through which interface, and caused by what."""

    at: datetime
    kind: K
    facts: list[Fact]
    actor_id: UUID | None
    """The person or client that acted; None: Rollbook by itself."""
    how: str
    """`command`: somebody commanded it; `import`, `rule`, `timer`, another service's name … : what led to it."""
    interface: Interface | None
    """Through which the command came that led to it; None: no command did, or it was not recorded then."""
    batch: UUID
    """Everything that one command caused has the same."""
    cause: Cause | None
    event: str
    stream: UUID
    version: int
    cursor: str
    """To read on after this entry."""


class HistoryPage(Page[Entry[K]], Generic[K]):
    """Newest first. `names`: of what the facts name by its id, but people, as far as they are known today."""

    names: dict[UUID, str] = Field(default_factory=dict)


class HistoryQuery(BaseModel):
    """Which part of a history; None: all of it."""

    as_of: Moment | None = None
    """As it was then: nothing later."""
    since: Moment | None = None
    people: bool = False
    """Only what people or clients did themselves."""
    cursor: Cursor | None = None


Asked = Annotated[HistoryQuery, Query()]


class Subject(NamedTuple):
    """Which events are about it: a condition on a row `e` of events, with its values."""

    condition: str
    values: Mapping[str, object]

    @classmethod
    def of_streams(cls, streams: Iterable[UUID]) -> "Subject":
        return cls("e.stream = ANY(%(streams)s)", {"streams": list(streams)})


Names = Callable[[Connection, Sequence[UUID]], Mapping[UUID, str]]

_COLUMNS = "e.position, e.type, e.stream, e.version, e.body, e.recorded_at, e.meta"
_PAGE = f"""
SELECT {_COLUMNS} FROM events e WHERE ({{condition}})
    AND (%(before)s::bigint IS NULL OR e.position < %(before)s)
    AND (%(as_of)s::timestamptz IS NULL OR e.recorded_at <= %(as_of)s)
    AND (%(since)s::timestamptz IS NULL OR e.recorded_at >= %(since)s)
    AND (NOT %(people)s OR e.meta NOT LIKE %(system)s)
ORDER BY e.position DESC LIMIT %(limit)s
"""
_EARLIER = f"""
SELECT {_COLUMNS} FROM events e WHERE e.stream = ANY(%(streams)s) AND e.type = ANY(%(types)s) AND e.position <= %(last)s
ORDER BY e.position
"""


class Histories(Generic[K]):
    """Reads what one service's table tells."""

    def __init__(self, table: Table[K], names: Names) -> None:
        self._table = table
        self._names = names
        self._stateful = [cls.TOPIC for cls, telling in table.items() if any(telling.holding)]

    def page(self, conn: Connection, subject: Subject, query: HistoryQuery, limit: int) -> HistoryPage[K]:
        before = cursor_decode(query.cursor, cursor_number)[0] if query.cursor else None
        values = {**subject.values, "before": before, "as_of": query.as_of, "since": query.since, "limit": limit + 1}
        asked = {**values, "people": query.people, "system": f'%"actor":"{SYSTEM}"%'}
        found = fetch(conn, recorded, _PAGE.format(condition=subject.condition), asked, binary=True)
        entries = self._entries(conn, found[:limit])
        named = self._names(conn, list({id for entry in entries for fact in entry.facts for id in ids(fact)}))
        following = entries[-1].cursor if len(found) > limit else None
        return HistoryPage(items=entries, next=following, names=dict(named))

    def _entries(self, conn: Connection, found: Sequence[Recorded]) -> list[Entry[K]]:
        before = self._before(conn, found)
        entries = [self._entry(one, before.get(one.position, {})) for one in found]
        notes = [fact for entry in entries for fact in entry.facts if fact.kind == "note"]
        written = texts.read(conn, [UUID(str(fact.value)) for fact in notes])
        for fact in notes:
            fact.value = written.get(UUID(str(fact.value)))
        return entries

    def _before(self, conn: Connection, found: Sequence[Recorded]) -> dict[int, Before]:
        """What held before each of these, by position: folded from the beginning of their streams."""
        streams = {one.event.originator_id for one in found if type(one.event).TOPIC in self._stateful}
        if not streams:
            return {}
        values = {"streams": list(streams), "types": self._stateful, "last": found[0].position}
        state: dict[UUID, Before] = {}
        before: dict[int, Before] = {}
        for one in fetch(conn, recorded, _EARLIER, values, binary=True):
            stream = one.event.originator_id
            before[one.position] = state.get(stream, {})
            state[stream] = {**before[one.position], **held(self._table[type(one.event)], one.event)}
        return before

    def _entry(self, one: Recorded, before: Before) -> Entry[K]:
        event, meta = one.event, one.meta
        telling = self._table[type(event)]
        return Entry(
            at=one.recorded_at,
            kind=telling.kind,
            facts=facts(telling, event, before, first=event.originator_version == 1),
            actor_id=None if meta.actor == SYSTEM else meta.actor,
            how=meta.reason_code,
            interface=known(meta.interface),
            batch=meta.correlation,
            cause=_cause(meta.causation),
            event=type(event).TOPIC,
            stream=event.originator_id,
            version=event.originator_version,
            cursor=cursor_encode(str(one.position)),
        )


def recorded(
    *, position: int, type: str, stream: UUID, version: int, body: bytes, recorded_at: datetime, meta: str
) -> Recorded:
    """A row of events."""
    return Recorded(position, recorded_at, decode(type, stream, version, body), Meta.model_validate_json(meta))


def _cause(text: str | None) -> Cause | None:
    """None for a job, which has the batch in common with what it does."""
    source, _, place = (text or "").partition("/")
    stream, _, version = place.partition("/")
    try:
        return Cause(service=source, stream=UUID(stream), version=int(version))
    except ValueError:
        return None


def untold(table: Table[Any], classes: Iterable[type[Event]]) -> set[str]:
    """The event classes that the table does not have."""
    return {cls.TOPIC for cls in classes if cls not in table}
