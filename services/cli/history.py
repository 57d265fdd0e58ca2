"""`rollbook history`: every change of one subject, as the services that know it tell it (AUD-1)."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID

from services.cli.client import Client


class Subject(StrEnum):
    OFFERING = "offering"
    PERSON = "person"
    ENROLLMENT = "enrollment"
    ASSIGNMENT = "assignment"
    REQUEST = "request"
    POOL = "pool"
    KEY = "key"


_TOLD_BY: dict[Subject, tuple[str, ...]] = {
    Subject.OFFERING: ("catalog", "enrollment"),
    Subject.PERSON: ("directory", "enrollment", "approvals"),
    Subject.ENROLLMENT: ("enrollment",),
    Subject.ASSIGNMENT: ("enrollment",),
    Subject.REQUEST: ("approvals",),
    Subject.POOL: ("keys",),
    Subject.KEY: ("keys",),
}


def changes(client: Client, subject: Subject, id: UUID, as_of: str | None, limit: int) -> Iterator[dict[str, Any]]:
    """Newest first, at most so many."""
    asked = {"limit": str(min(limit, 50)), **({"as_of": as_of} if as_of else {})}
    told = [client.pages(f"/api/{service}/history/{subject}/{id}", asked) for service in _TOLD_BY[subject]]
    return islice(merge(*told, key=_moment, reverse=True), limit)


def _moment(change: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(str(change["at"]))


def printed(change: dict[str, Any]) -> Iterator[str]:
    """A line for the change, and one for each fact."""
    who = change["actor_id"] or "Rollbook"
    through = f" through {change['interface']}" if change["interface"] else ""
    yield f"{change['at']}  {change['kind']}  by {who}{through}  ({change['how']}, batch {change['batch']})"
    if cause := change["cause"]:
        yield f"    caused by {cause['service']}/{cause['stream']}/{cause['version']}"
    for fact in change["facts"]:
        before = f"{fact['before']} -> " if fact["before"] is not None else ""
        yield f"    {fact['name']}: {before}{fact['value']}"
