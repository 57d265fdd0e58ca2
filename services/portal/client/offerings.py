"""What administrators read and command of the catalog: offerings whole, their versions and settings."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Receipt, Reply
from services.portal.client.catalog import OfferingHead

OFFERINGS = "/api/catalog/offerings"
MOST = 200
"""So many are named, and items and steps there are, at most."""
_FOUND = 20
"""So many of what a search finds are shown to choose from."""


class Price(Reply):
    amount: Decimal
    currency: str


class Activity(Reply):
    """A part of a course. `reported_by` None: by its kind."""

    kind: str
    title: str
    pass_mark: int | None = None
    address: str | None = None
    description: str = ""
    system_requirements: str = ""
    connection: str = ""
    reported_by: str | None = None


class Step(Reply):
    """A part of a certification version: a course, an exam or a task."""

    kind: str
    title: str
    course_id: UUID | None = None
    pass_mark: int | None = None
    reported_by: str | None = None


class Version(Reply):
    """`state`: draft, published or retired."""

    number: int
    state: str
    steps: tuple[Step, ...]
    in_order: bool = False


class Admission(Reply):
    """How learners come by themselves, and from when until when."""

    access: str
    opens: datetime | None = None
    closes: datetime | None = None


class Completion(Reply):
    review: bool
    earlier_completions: bool


class Visibility(Reply):
    audiences: tuple[UUID, ...]


class Approver(Reply):
    """Who decides: a person, whoever has a role, or the learner's manager."""

    kind: str
    person_id: UUID | None = None
    role: str | None = None


class Stage(Reply):
    """`needs`: any of its approvers, or all."""

    approvers: tuple[Approver, ...]
    needs: str = "any"


class Approvals(Reply):
    """Without stages the usual approvers decide. `escalation_days` None: as the suite is set."""

    access: tuple[Stage, ...] = ()
    later_due_date: tuple[Stage, ...] = ()
    completion: tuple[Stage, ...] = ()
    ask_again_days: int = 0
    escalation_days: int | None = None

    @property
    def persons(self) -> set[str]:
        """The ids of those who are named."""
        stages = (*self.access, *self.later_due_date, *self.completion)
        return {str(one.person_id) for stage in stages for one in stage.approvers if one.person_id}


class MailRules(Reply):
    """Of the e-mails beside `notifications`: which are off, which are copied to managers, and on which days learners are reminded;
    None: as the system."""

    off: tuple[str, ...]
    copied: tuple[str, ...]
    due_reminders: tuple[int, ...] | None = None
    certificate_reminders: tuple[int, ...] | None = None
    access_reminders: tuple[int, ...] | None = None


class WholeOffering(OfferingHead):
    """`own_minutes`: the time as it was entered, None: the sum of its parts; `version`: what an edit is based on."""

    version: int
    open: bool
    description: str
    activities: tuple[Activity, ...]
    items: tuple[UUID, ...]
    minimum_minutes: int
    own_minutes: int | None
    access_days: int | None
    certificate: str | None
    badge: str | None
    price: Price | None
    in_order: bool
    versions: tuple[Version, ...]
    notifications: tuple[str, ...]
    mail: MailRules
    keep_begun: bool
    earliest_due: bool
    admission: Admission
    completion: Completion
    visibility: Visibility
    approvals: Approvals

    def numbered(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.number == number), None)


class ItemWarning(Reply):
    """An item that so many learners do not see, and why."""

    item_id: UUID
    reason: str
    learners: int


class Audience(Reply):
    id: UUID
    name: str


class Change(Reply):
    """A field that differs, with its old and its new value."""

    field: str
    old: JsonValue = None
    new: JsonValue = None


class Applied(Reply):
    """What became of an offering or job role in a file, or would: created, changed or unchanged."""

    kind: str
    code: str
    outcome: str
    changes: tuple[Change, ...] = ()


class _File(Reply):
    items: tuple[Applied, ...]


class _Made(Reply):
    id: UUID
    version: int


def listed(ask: Asking, kind: str, words: str, active: str, sort: str, cursor: str) -> Listed[OfferingHead]:
    """Of one kind; `active`: true, false, or empty for all."""
    asked = {"kind": kind, "q": words, "active": active, "sort": sort, "cursor": cursor}
    return ask.listed(OfferingHead, OFFERINGS, asked)


def whole(ask: Asking, id: UUID) -> WholeOffering:
    return ask.one(WholeOffering, f"{OFFERINGS}/{id}")


def named(ask: Asking, ids: Collection[UUID]) -> dict[UUID, OfferingHead]:
    """Those of these ids that there are."""
    if not ids:
        return {}
    asked = [str(id) for id in sorted(ids)[:MOST]]
    found = ask.listed(OfferingHead, OFFERINGS, {"ids": asked, "limit": MOST})
    return {UUID(one.id): one for one in found.items}


def found(ask: Asking, words: str, kind: str = "") -> list[OfferingHead]:
    """The first ones whose title or code has this."""
    return ask.listed(OfferingHead, OFFERINGS, {"q": words, "kind": kind, "limit": _FOUND}).items


def item_warnings(ask: Asking, id: UUID) -> list[ItemWarning]:
    return ask.every(ItemWarning, f"/api/enrollment/offerings/{id}/item-warnings")


def audiences_called(ask: Asking, name: str) -> list[Audience]:
    """The first ones whose name has this."""
    return ask.listed(Audience, "/api/directory/audiences", {"name": name, "limit": _FOUND}).items


def audiences_named(ask: Asking, ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of those that there are."""
    if not ids:
        return {}
    asked = [str(id) for id in sorted(ids)[:MOST]]
    found = ask.listed(Audience, "/api/directory/audiences", {"ids": asked, "limit": MOST})
    return {one.id: one.name for one in found.items}


def create(ask: Asking, body: Mapping[str, JsonValue], key: str) -> UUID:
    return _made(ask.send("POST", OFFERINGS, body, key)).id


def describe(ask: Asking, id: UUID, body: Mapping[str, JsonValue], version: int, key: str) -> Receipt:
    return ask.send("PUT", f"{OFFERINGS}/{id}", body, key, version=version)


def activate(ask: Asking, id: UUID, *, active: bool, version: int, key: str) -> Receipt:
    return ask.send("PUT" if active else "DELETE", f"{OFFERINGS}/{id}/active", None, key, version=version)


def set_section(ask: Asking, id: UUID, section: str, body: Mapping[str, JsonValue], version: int, key: str) -> Receipt:
    """One of its settings: admission, visibility, completion, approvals, due-dates, drop-outs, notifications."""
    return ask.send("PUT", f"{OFFERINGS}/{id}/{section}", body, key, version=version)


def draft(ask: Asking, id: UUID, number: int, body: Mapping[str, JsonValue], version: int, key: str) -> int:
    """Write a draft; the version of the offering after it."""
    return _made(ask.send("PUT", f"{OFFERINGS}/{id}/versions/{number}", body, key, version=version)).version


def publish(ask: Asking, id: UUID, number: int, version: int, key: str) -> Receipt:
    return ask.send("POST", f"{OFFERINGS}/{id}/versions/{number}/publish", None, key, version=version)


def retire(ask: Asking, id: UUID, number: int, version: int, key: str) -> Receipt:
    return ask.send("POST", f"{OFFERINGS}/{id}/versions/{number}/retire", None, key, version=version)


def apply(ask: Asking, content: str, *, dry_run: bool, key: str | None = None) -> tuple[Applied, ...]:
    """What becomes of everything in a file, all or nothing; `dry_run`: only the difference."""
    path, sent = "/api/catalog/apply", content.encode()
    receipt = ask.upload(path, sent, "application/yaml", params={"dry_run": dry_run}, key=key)
    return _File.model_validate(receipt.result).items


def _made(receipt: Receipt) -> _Made:
    return _Made.model_validate(receipt.result)
