"""One person, as administrators see and change them (DIR-1 to DIR-5, SEC-2)."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from pydantic import Field, JsonValue

from services.portal.client.asking import Asking, Listed, Receipt, Reply
from services.portal.client.person_lists import PEOPLE, ListedPerson

ENROLLMENTS = "/api/enrollment/enrollments"


class Job(Reply):
    """A job assignment; `manager` is a person."""

    id: UUID
    title: str | None = None
    organisation_name: str | None = None
    position_name: str | None = None
    manager: UUID | None = None
    temporary_manager: UUID | None = None
    temporary_until: date | None = None
    starts: date | None = None
    ends: date | None = None
    position_assigned_on: date | None = None


class HeldRole(Reply):
    """A permission role; `organisation` None: for everything."""

    role: str
    organisation: UUID | None = None
    organisation_name: str | None = None


class WholePerson(ListedPerson):
    """`version`: what an edit is based on."""

    version: int
    user_name: str
    external_id: str | None = None
    country: str | None = None
    dates: dict[str, date] = Field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    roles: tuple[HeldRole, ...] = ()

    @property
    def managers(self) -> list[UUID]:
        found = [id for job in self.jobs for id in (job.manager, job.temporary_manager) if id]
        return list(dict.fromkeys(found))


class Training(Reply):
    """How somebody stands on an offering."""

    id: UUID
    offering_id: UUID
    offering_title: str
    offering_kind: str
    status: str
    due_on: date | None = None
    completed_at: datetime | None = None
    valid_until: date | None = None


class _Registered(Reply):
    person_id: UUID


def whole_person(ask: Asking, id: UUID) -> WholePerson:
    return ask.one(WholePerson, f"{PEOPLE}/{id}")


def training(ask: Asking, person: UUID, cursor: str) -> Listed[Training]:
    return ask.listed(Training, ENROLLMENTS, {"person_id": str(person), "cursor": cursor, "limit": 50})


def one_training(ask: Asking, id: UUID) -> Training:
    return ask.one(Training, f"{ENROLLMENTS}/{id}")


def register(ask: Asking, body: Mapping[str, JsonValue], key: str) -> UUID:
    """The id of whoever was registered, with a password as an account too (DIR-2)."""
    return _Registered.model_validate(ask.send("POST", PEOPLE, body, key).result).person_id


def edit(ask: Asking, id: UUID, changes: Mapping[str, JsonValue], version: int, key: str) -> Receipt:
    """What is not named stays."""
    return ask.send("PATCH", f"{PEOPLE}/{id}", changes, key, version=version)


def move(ask: Asking, id: UUID, organisation: str | None, version: int, key: str) -> Receipt:
    """To another home organisation; None: to none."""
    return ask.send("POST", f"{PEOPLE}/{id}/move", {"organisation_id": organisation}, key, version=version)


def deactivate(ask: Asking, id: UUID, version: int, key: str) -> Receipt:
    return ask.send("POST", f"{PEOPLE}/{id}/deactivate", {}, key, version=version)


def reactivate(ask: Asking, id: UUID, version: int, key: str) -> Receipt:
    return ask.send("POST", f"{PEOPLE}/{id}/reactivate", None, key, version=version)


def grant(ask: Asking, id: UUID, role: str, organisation: str | None, key: str) -> Receipt:
    """For an organisation and everything below it; None: for everything."""
    return ask.send("POST", f"{PEOPLE}/{id}/roles", {"role": role, "organisation": organisation}, key)


def revoke(ask: Asking, id: UUID, role: str, organisation: str | None, key: str) -> Receipt:
    return ask.send("DELETE", f"{PEOPLE}/{id}/roles/{role}", None, key, params={"organisation": organisation})
