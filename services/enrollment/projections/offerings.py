"""Offerings: what the catalog has said of each, kept by reactions and read by the rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from shared.contracts.catalog import NOTIFICATIONS, Activity, LearnerAccess, Price, Step
from shared.database import Connection, column, fetch, pairs
from shared.folding import fold

Steps = tuple[Activity | Step, ...]


@dataclass(frozen=True)
class Draft:
    """A version of a certification that may be published."""

    steps: Steps
    in_order: bool


@dataclass(frozen=True)
class OfferingFact:
    """A row of `offering_fact`. `drafts`: by version, also after one is published."""

    id: UUID
    kind: str
    title: str
    active: bool = True
    published: int | None = None
    steps: Steps = ()
    notifications: frozenset[str] = NOTIFICATIONS
    keep_begun: bool = True
    in_order: bool = False
    review: bool = False
    access: LearnerAccess = "request"
    access_days: int | None = None
    certificate: bool = False
    badge: str | None = None
    price: Price | None = None
    opens: datetime | None = None
    closes: datetime | None = None
    credit: bool = False
    minimum_minutes: int | None = None
    """None: the sum of its courses."""
    earliest_due: bool = False
    items: tuple[UUID, ...] = ()
    audiences: tuple[UUID, ...] = ()
    revision: int = 0
    code: str = ""
    drafts: dict[str, Draft] = field(default_factory=dict)


_NAMES = tuple(OfferingFact.__dataclass_fields__)
_COLUMNS = ", ".join(_NAMES)
_STEPS: TypeAdapter[Steps] = TypeAdapter(Steps)
_DRAFTS = TypeAdapter(dict[str, Draft])
_PRICE: TypeAdapter[Price | None] = TypeAdapter(Price | None)


def offerings(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, OfferingFact]:
    query = f"SELECT {_COLUMNS} FROM offering_fact WHERE id = ANY(%s)"
    return {fact.id: fact for fact in fetch(conn, _fact, query, [list(ids)])}


def sharing(conn: Connection, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of these certifications that have a course in common with another one (DUE-5)."""
    query = (
        "SELECT a.id FROM offering_fact a WHERE a.id = ANY(%s) AND a.kind = 'certification' AND a.courses <> '{}' AND EXISTS ("
        "SELECT FROM offering_fact b WHERE b.kind = 'certification' AND b.id <> a.id AND b.courses && a.courses)"
    )
    return frozenset(column(conn, query, UUID, [list(ids)]))


def minutes_of_courses(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, int]:
    """How long the courses of each take together at least."""
    if not ids:
        return {}
    query = (
        "SELECT o.id, sum(c.minimum_minutes) FROM offering_fact o JOIN offering_fact c ON c.id = ANY(o.courses) "
        "WHERE o.id = ANY(%s) AND c.minimum_minutes IS NOT NULL GROUP BY o.id"
    )
    return dict(pairs(conn, query, UUID, int, [ids]))


def by_code(conn: Connection, codes: Iterable[str]) -> dict[str, OfferingFact]:
    """By the folded code: codes are unique regardless of case."""
    query = f"SELECT {_COLUMNS} FROM offering_fact WHERE code_folded = ANY(%s)"
    return {fold(fact.code): fact for fact in fetch(conn, _fact, query, [[fold(code) for code in codes]])}


def save(conn: Connection, facts: Sequence[OfferingFact]) -> None:
    names = (*_NAMES, "title_folded", "code_folded")
    places = ", ".join(f"%({name})s" for name in names)
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    statement = (
        f"INSERT INTO offering_fact ({', '.join(names)}) VALUES ({places}) ON CONFLICT (id) DO UPDATE SET {changes}"
    )
    for fact in facts:
        conn.execute(statement.encode(), _values(fact))


def _fact(**value: Any) -> OfferingFact:
    value["steps"] = _STEPS.validate_python(value["steps"])
    value["drafts"] = _DRAFTS.validate_python(value["drafts"])
    value["price"] = _PRICE.validate_python(value["price"])
    value["notifications"] = frozenset(value["notifications"])
    value["items"], value["audiences"] = tuple(value["items"]), tuple(value["audiences"])
    return OfferingFact(**value)


def _values(fact: OfferingFact) -> dict[str, object]:
    return {
        **vars(fact),
        "title_folded": fold(fact.title),
        "code_folded": fold(fact.code),
        "steps": Jsonb(_STEPS.dump_python(fact.steps, mode="json")),
        "drafts": Jsonb(_DRAFTS.dump_python(fact.drafts, mode="json")),
        "price": Jsonb(_PRICE.dump_python(fact.price, mode="json")) if fact.price else None,
        "notifications": sorted(fact.notifications),
        "items": list(fact.items),
        "audiences": list(fact.audiences),
    }
