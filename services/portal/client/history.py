"""What happened to something, as the services tell it, each for itself; put together by time (AUD-1)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from pydantic import Field, JsonValue, TypeAdapter

from services.portal.client.asking import Asking, Params, Reply
from services.portal.client.learning import DueRule

PAGE = 50
_SEPARATOR = "="
"""Of cursors, which have none within."""


class Fact(Reply):
    """One thing that a change says; `before`: what it was until then. `kind` says how to read both."""

    name: str
    kind: str
    value: JsonValue = None
    before: JsonValue = None

    @staticmethod
    def due_rule(value: JsonValue) -> DueRule | None:
        return DueRule.model_validate(value) if value else None

    @staticmethod
    def day(value: str) -> date:
        return date.fromisoformat(value)

    @staticmethod
    def moment(value: str) -> datetime:
        return TypeAdapter(datetime).validate_python(value)

    @property
    def people(self) -> Iterator[str]:
        """The ids of people in it."""
        if self.kind in ("person", "people"):
            for value in (self.value, self.before):
                yield from (str(one) for one in (value if isinstance(value, list) else [value]) if one)


class Cause(Reply):
    """The event that led to a change: whose history it is in, and where."""

    service: str
    stream: UUID
    version: int


class Change(Reply):
    """`actor_id` None: Rollbook by itself. `how`: what led to it; `interface`: through which the command came."""

    at: datetime
    kind: str
    facts: tuple[Fact, ...] = ()
    actor_id: str | None = None
    how: str
    interface: str | None = None
    batch: UUID
    cause: Cause | None = None
    event: str
    stream: UUID
    version: int
    cursor: str

    def fact(self, name: str) -> JsonValue:
        """What it says under this name; None where it says nothing."""
        return next((one.value for one in self.facts if one.name == name), None)

    @property
    def service(self) -> str:
        return self.event.partition(".")[0]


class _Page(Reply):
    items: tuple[Change, ...]
    next: str | None = None
    names: dict[str, str] = Field(default_factory=dict)


class Source(NamedTuple):
    """Which service to ask for whose history."""

    service: str
    subject: str
    id: UUID


class Period(NamedTuple):
    """Which part of a history. `people`: only what people did themselves."""

    since: datetime | None = None
    as_of: datetime | None = None
    people: bool = False


class Told(NamedTuple):
    """A page of changes, newest first, and where it goes on: the cursors of all sources."""

    changes: list[Change]
    names: Mapping[str, str]
    next: str | None

    @property
    def people(self) -> set[str]:
        """All who did something, or whom a change is about."""
        found = {one.actor_id for one in self.changes if one.actor_id}
        return found | {id for one in self.changes for fact in one.facts for id in fact.people}


def history(ask: Asking, sources: Sequence[Source], period: Period, cursor: str) -> Told:
    """Of several services at once. Each is asked from where its own last change on the page before was."""
    places = cursor.split(_SEPARATOR) if cursor else [""] * len(sources)
    if len(places) != len(sources):
        places = [""] * len(sources)
    asked = [ask.begin(partial(_page, ask, *one, period)) for one in zip(sources, places, strict=True)]
    pages = [one.result() for one in asked]
    newest = sorted(((one, n) for n, page in enumerate(pages) for one in page.items), key=_when, reverse=True)[:PAGE]
    last = {n: one.cursor for one, n in newest}
    more = sum(len(page.items) for page in pages) > len(newest) or any(page.next for page in pages)
    following = _SEPARATOR.join(last.get(n, place) for n, place in enumerate(places)) if more else None
    return Told([one for one, _ in newest], {id: name for page in pages for id, name in page.names.items()}, following)


def _when(told: tuple[Change, int]) -> datetime:
    return told[0].at


def _page(ask: Asking, source: Source, cursor: str, period: Period) -> _Page:
    since, as_of = (one.isoformat() if one else None for one in (period.since, period.as_of))
    asked: Params = {"since": since, "as_of": as_of, "people": period.people or None, "cursor": cursor, "limit": PAGE}
    return ask.one(_Page, f"/api/{source.service}/history/{source.subject}/{source.id}", asked)
