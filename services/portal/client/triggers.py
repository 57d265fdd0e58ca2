"""What pages read and command of triggers (TRG-1 to TRG-3)."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Params, Receipt, Reply
from services.portal.client.people import Unit

TRIGGERS = "/api/enrollment/triggers"
PREVIEWS = "/api/enrollment/previews"


class Condition(Reply):
    """When a trigger acts."""

    kind: str
    target_id: UUID | None = None
    include_below: bool = False
    field: str | None = None
    on_or_after: date | None = None
    on_or_before: date | None = None


class Trigger(Reply):
    """When it acts, what it assigns, how many hold it by it; of one that was stopped, why. `loop_names`: the chain (TRG-3)."""

    id: UUID
    name: str
    when: Condition
    target_name: str | None = None
    offering_id: UUID | None = None
    offering_title: str | None = None
    job_role_id: UUID | None = None
    job_role_name: str | None = None
    undo: bool
    state: str
    stopped_because: str | None = None
    loop: tuple[UUID, ...] = ()
    loop_names: tuple[str, ...] = ()
    people: int
    created_at: datetime

    @property
    def chain(self) -> list[tuple[UUID, str]]:
        """The triggers that would have caused one another, with their names."""
        return list(zip(self.loop, self.loop_names, strict=False))


class Mails(Reply):
    count: int


class Applied(Reply):
    """What applying a trigger to those who match today would do."""

    id: UUID
    people: int
    enrolled: int = 0
    source_added: int = 0
    excluded: int = 0
    held_by_exceptions: int = 0
    emails: Mails
    warnings: tuple[str, ...] = ()


class _Option(Reply):
    id: UUID
    name: str


class _Offering(Reply):
    id: UUID
    title: str


class _Made(Reply):
    trigger_id: UUID | None = None
    jobs: tuple[UUID, ...] = ()


def triggers(ask: Asking, cursor: str) -> Listed[Trigger]:
    """The oldest first."""
    return ask.listed(Trigger, TRIGGERS, {"cursor": cursor})


def trigger(ask: Asking, id: UUID) -> Trigger:
    return ask.one(Trigger, f"{TRIGGERS}/{id}")


def create(ask: Asking, body: Mapping[str, JsonValue], key: str) -> UUID | None:
    return _Made.model_validate(ask.send("POST", TRIGGERS, body, key).result).trigger_id


def stop(ask: Asking, id: UUID, reason: str, key: str, *, take_back: bool) -> Receipt:
    return ask.send("DELETE", f"{TRIGGERS}/{id}", {"reason": reason or None, "take_back": take_back}, key)


def look_ahead(ask: Asking, id: UUID, key: str) -> Applied:
    """A preview of applying it to those who match today; nothing changes."""
    return ask.post(Applied, PREVIEWS, {"action": "apply-trigger", "trigger_id": str(id)}, key)


def preview(ask: Asking, id: UUID) -> Applied:
    return ask.one(Applied, f"{PREVIEWS}/{id}")


def confirm(ask: Asking, id: UUID, key: str) -> UUID | None:
    """The job that carries it out."""
    return next(iter(_Made.model_validate(ask.send("POST", f"{PREVIEWS}/{id}/confirm", None, key).result).jobs), None)


def targets(ask: Asking, kind: str, sought: str) -> list[tuple[str, str]]:
    """What a condition of this kind can be about, as pairs of a value and a name."""
    if kind in ("organisation", "position"):
        asked: Params = {"kind": kind, "name": sought, "limit": 200}
        return [one.pair for one in ask.listed(Unit, "/api/directory/units", asked).items]
    if kind == "audience":
        found = ask.listed(_Option, "/api/directory/audiences", {"name": sought, "limit": 200})
        return [(str(one.id), one.name) for one in found.items]
    if kind == "job-role":
        return job_roles(ask, sought)
    return offerings(ask, sought) if kind == "completion" else []


def offerings(ask: Asking, sought: str) -> list[tuple[str, str]]:
    found = ask.listed(_Offering, "/api/catalog/offerings", {"q": sought, "limit": 200})
    return [(str(one.id), one.title) for one in found.items]


def job_roles(ask: Asking, sought: str) -> list[tuple[str, str]]:
    found = ask.listed(_Option, "/api/catalog/job-roles", {"q": sought, "limit": 200})
    return [(str(one.id), one.name) for one in found.items]
