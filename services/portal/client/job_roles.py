"""What pages read and command of job roles, and of who holds them (CAT-10, ASG-12)."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Receipt, Reply
from services.portal.client.offerings import MOST, OFFERINGS

JOB_ROLES = "/api/catalog/job-roles"
HELD = "/api/enrollment/job-roles"


class JobRole(Reply):
    """In a list."""

    id: UUID
    code: str
    name: str
    qualifications: tuple[UUID, ...] = ()

    @property
    def pair(self) -> tuple[str, str]:
        """To choose it."""
        return str(self.id), f"{self.name} ({self.code})"


class Qualification(Reply):
    """One to choose. `title` empty: not known here."""

    id: UUID
    title: str = ""
    code: str = ""
    kind: str = "qualification"


class Link(Reply):
    """A qualification that goes with a job role."""

    qualification_id: UUID
    required: bool


class JobRoleWhole(Reply):
    id: UUID
    version: int
    code: str
    name: str
    description: str
    qualifications: tuple[Link, ...] = ()

    @property
    def ids(self) -> list[UUID]:
        return [one.qualification_id for one in self.qualifications]


class Holder(Reply):
    """Somebody who has it: by hand, or by triggers. `name` None: not known here."""

    person_id: UUID
    name: str | None = None
    by_hand: bool
    triggers: tuple[UUID, ...] = ()


class Refused(Reply):
    """Somebody who was not given it, and why."""

    person_id: UUID
    name: str | None = None
    kind: str
    detail: str


class Assigned(Reply):
    assigned: tuple[UUID, ...] = ()
    refused: tuple[Refused, ...] = ()


class _Made(Reply):
    id: UUID


def job_roles(ask: Asking, words: str, cursor: str) -> Listed[JobRole]:
    """By name."""
    return ask.listed(JobRole, JOB_ROLES, {"q": words, "cursor": cursor})


def job_role(ask: Asking, id: UUID) -> JobRoleWhole:
    return ask.one(JobRoleWhole, f"{JOB_ROLES}/{id}")


def qualifications(ask: Asking, words: str) -> list[Qualification]:
    """The first ones whose title or code has this."""
    return ask.listed(Qualification, OFFERINGS, {"q": words, "kind": "qualification", "limit": 50}).items


def named(ask: Asking, ids: Collection[UUID]) -> dict[UUID, Qualification]:
    """Those of these that there are."""
    if not ids:
        return {}
    asked = [str(id) for id in sorted(ids)[:MOST]]
    return {one.id: one for one in ask.listed(Qualification, OFFERINGS, {"ids": asked, "limit": MOST}).items}


def create(ask: Asking, body: Mapping[str, JsonValue], key: str) -> UUID:
    return _Made.model_validate(ask.send("POST", JOB_ROLES, body, key).result).id


def edit(ask: Asking, id: UUID, body: Mapping[str, JsonValue], version: int, key: str) -> Receipt:
    return ask.send("PUT", f"{JOB_ROLES}/{id}", body, key, version=version)


def delete(ask: Asking, id: UUID, version: int, key: str) -> Receipt:
    return ask.send("DELETE", f"{JOB_ROLES}/{id}", None, key, version=version)


def holders(ask: Asking, id: UUID, cursor: str) -> Listed[Holder]:
    return ask.listed(Holder, f"{HELD}/{id}/holders", {"cursor": cursor})


def assign(ask: Asking, id: UUID, people: Sequence[UUID], key: str) -> Assigned:
    body: dict[str, JsonValue] = {"people": [str(one) for one in people]}
    return Assigned.model_validate(ask.send("POST", f"{HELD}/{id}/holders", body, key).result)


def take(ask: Asking, id: UUID, person: UUID, reason: str, key: str) -> Receipt:
    """From somebody who has it by hand."""
    return ask.send("DELETE", f"{HELD}/{id}/holders/{person}", {"reason": reason} if reason else None, key)
