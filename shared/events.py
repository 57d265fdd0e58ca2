"""The event is the contract (DESIGN 2): one frozen class, decided, stored, published and projected unchanged."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar, NamedTuple, Self
from uuid import UUID

from eventsourcing.persistence import Mapper, StoredEvent
from eventsourcing.utils import register_topic
from pydantic import BaseModel, ConfigDict, Field

_registry: dict[str, "type[Event]"] = {}


class Event(BaseModel):
    """Something that happened, for ever. Subclasses are past tense and name their `TOPIC`, as `enrollment.LearnerAssigned.v1`.

    No personal data and no secrets: people are UUIDs, free text is a `TextRef`. A change of meaning is a new class
    with the next version; the old one stays registered and says in `upcast` how it reads today.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="iso8601")

    TOPIC: ClassVar[str]

    originator_id: UUID = Field(exclude=True)
    """The stream: one aggregate's events, in the order of `originator_version`. Not part of the body."""
    originator_version: int = Field(exclude=True, ge=1)
    """1 for the first event of a stream. Not part of the body."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        if "TOPIC" in cls.__dict__:
            register_topic(cls.TOPIC, cls)
            _registry[cls.TOPIC] = cls

    def upcast(self) -> "Event":
        """The same fact as the newest version of its class tells it."""
        return self

    @classmethod
    def unchecked_next(cls, stream: UUID, version: int, fields: Mapping[str, object]) -> Self:
        """The event after `version`, from values that the domain has made itself: not validated again, for bulk."""
        values: dict[str, Any] = {**fields, "originator_id": stream, "originator_version": version + 1}
        event: Self = cls.model_construct(**values)  # type: ignore[assignment]
        return event

    @classmethod
    def read(cls, stream: UUID, version: int, body: bytes) -> Self:
        """Raises ValueError when the body does not fit the class."""
        place = _place(version)
        event: Self = cls.__pydantic_validator__.validate_json(
            b"{" + place if body == b"{}" else body[:-1] + b"," + place
        )
        event.__dict__["originator_id"] = stream  # a stream is no text that has to be parsed
        return event


@lru_cache(maxsize=1_000)
def _place(version: int) -> bytes:
    return b'"originator_id":"00000000-0000-0000-0000-000000000000","originator_version":%d}' % version


def registered() -> Mapping[str, type[Event]]:
    """Every event class by wire name. Import the contracts first: `import shared.contracts`."""
    return _registry


def added_field(default: Any = None) -> Any:
    """A member that a class got after it was published: left out of the body at its default: old bodies stay as they are."""
    return Field(default=default, exclude_if=lambda value: value == default)


class TextRef(BaseModel):
    """Where a free text is kept, and a salted digest that proves it, without the text (`shared.texts`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Meta(BaseModel):
    """Who, why and caused by what: beside every event, never inside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: UUID
    """The person or client that acted; `SYSTEM` for Rollbook itself."""
    reason_code: str = "command"
    """One of a short list: command, directory, rule, import, removal, demo, timer ..."""
    organisation: UUID | None = None
    """The home organisation for which the actor acted; none for site administrators."""
    correlation: UUID
    """The batch: everything that one command caused carries the same."""
    causation: str | None = None
    """The id of the event, or the job, that led to this one."""
    traceparent: str | None = None
    """W3C trace context."""
    interface: str | None = None
    """Through which the command came that led to it: `page`, `command-line` or `api`; None: no command did, or it is from before
    this was recorded."""
    notifications: str | None = None
    """What becomes of the e-mails that it leads to: `hold` or `silence`; None: they are sent (NTF-3)."""

    def encode(self) -> str:
        return self.model_dump_json(exclude_none=True)


FAR = date(2999, 12, 31)
"""The last day that any rule counts with; a later one, as HR systems write it, is no end."""

SYSTEM = UUID("00000000-0000-4000-8000-000000000000")
"""The actor of what Rollbook does by itself."""


class Position(NamedTuple):
    """A place in one source's history. Numbers compare only within an epoch (DESIGN 2)."""

    epoch: UUID
    number: int


class Recorded(NamedTuple):
    """An event as it was stored, with what the store added."""

    position: int
    recorded_at: datetime
    event: Event
    meta: Meta

    def causing(self, source: str) -> Meta:
        """What to say of all that follows from it in a service that follows `source`: it stays in the batch."""
        causation = f"{source}/{self.event.originator_id}/{self.event.originator_version}"
        return self.meta.model_copy(update={"causation": causation, "reason_code": source})


class EventMapper(Mapper[UUID]):
    """Events to stored bytes and back. The same bytes are published, so nothing is serialised twice."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        return encode(domain_event)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        return decode(
            stored_event.topic,
            UUID(str(stored_event.originator_id)),
            stored_event.originator_version,
            stored_event.state,
        )


def encode(event: Event) -> StoredEvent:
    return StoredEvent(
        originator_id=event.originator_id,
        originator_version=event.originator_version,
        topic=event.TOPIC,
        state=event.__pydantic_serializer__.to_json(event),
    )


def decode(topic: str, stream: UUID, version: int, body: bytes) -> Event:
    """Raises LookupError for a topic that nobody registered, ValueError for a body that does not fit."""
    try:
        cls = _registry[topic]
    except KeyError:
        raise LookupError(f"unknown event type {topic}; is this process older than the one that wrote it?") from None
    return cls.read(stream, version, body).upcast()


def digest(salt: bytes, text: str) -> str:
    return hashlib.sha256(salt + text.encode()).hexdigest()
