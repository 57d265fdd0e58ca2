"""What a history says of an event: each service has a table from its event classes to kinds of change and their facts (AUD-1)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, JsonValue
from pydantic_core import to_jsonable_python

from shared.events import Event, TextRef

K = TypeVar("K", bound=str)

FactKind = Literal[
    "text",
    "code",
    "codes",
    "number",
    "numbers",
    "flag",
    "day",
    "days",
    "moment",
    "time",
    "due-rule",
    "condition",
    "price",
    "parts",
    "stages",
    "audience-rule",
    "note",
    "person",
    "people",
    "offering",
    "offerings",
    "enrollment",
    "assignment",
    "assignments",
    "unit",
    "audience",
    "audiences",
    "job-role",
    "trigger",
    "request",
    "pool",
    "key",
    "target",
]
"""How to read the value of a fact. `code`: a word of a closed set; `days`: days by name; `parts`: steps or activities; `note`: what
a person wrote, null where it is gone; `target`: whatever the entry's assignment type or condition says. The last ones are ids."""
IDS: frozenset[FactKind] = frozenset(
    (
        "offering",
        "offerings",
        "assignment",
        "assignments",
        "unit",
        "audience",
        "audiences",
        "job-role",
        "trigger",
        "pool",
        "target",
    )
)
"""The kinds whose values a service can name; people are named by whoever shows them, as far as that one may know them."""


@dataclass(frozen=True)
class Says:
    """One fact of an event: the field of that name, or what `read` makes of the event.

    `holds`: it is so until another event of the stream says otherwise, under the same name: then a history tells what it was
    before, and leaves out what did not change. `silent`: None says nothing, rather than that there is none.
    """

    name: str
    kind: FactKind = "text"
    read: Callable[[Any], object] | None = None
    holds: bool = False
    silent: bool = False

    def of(self, event: Event) -> JsonValue:
        value = self.read(event) if self.read else getattr(event, self.name)
        if isinstance(value, TextRef):
            return str(value.id)
        found: JsonValue = to_jsonable_python(value)
        return found


@dataclass(frozen=True)
class Telling(Generic[K]):
    """What one event class is in a history."""

    kind: K
    facts: tuple[Says, ...] = ()

    @property
    def holding(self) -> Iterator[Says]:
        return (fact for fact in self.facts if fact.holds)


Table = Mapping[type[Event], Telling[K]]


def tell(kind: K, *facts: Says) -> Telling[K]:
    return Telling(kind, facts)


class Fact(BaseModel):
    """`before` null: there was none, or it is not of the kind that replaces an earlier one."""

    name: str
    kind: FactKind
    value: JsonValue
    before: JsonValue = None


Before = Mapping[str, JsonValue]
"""What held before an event, by the names of facts."""


def facts(telling: Telling[Any], event: Event, before: Before, *, first: bool) -> list[Fact]:
    """Those that say something; of what holds, only what changed, but with the first event of a stream."""
    found = []
    for says in telling.facts:
        value, was = says.of(event), before.get(says.name) if says.holds else None
        unchanged = says.holds and not first and value == was
        if (
            not unchanged
            and not (value in (None, [], {}, "") and was in (None, [], {}, ""))
            and not _quiet(says, value)
        ):
            found.append(Fact(name=says.name, kind=says.kind, value=value, before=was))
    return found


def _quiet(says: Says, value: JsonValue) -> bool:
    return says.silent and value is None


def held(telling: Telling[Any], event: Event) -> dict[str, JsonValue]:
    """What the event makes so."""
    told = {says.name: (says, says.of(event)) for says in telling.holding}
    return {name: value for name, (says, value) in told.items() if not _quiet(says, value)}


def ids(found: Fact) -> Iterator[UUID]:
    """The ids that a fact has, before and after."""
    if found.kind in IDS:
        for value in (found.value, found.before):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    yield UUID(one)
