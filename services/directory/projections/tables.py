"""The state tables that the store writes together with the events."""

from collections.abc import Mapping
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

import pydantic_core

from shared.contracts.directory import Job
from shared.folding import fold
from shared.profiles import Profile
from shared.store import Row, Table

NIL = UUID(int=0)
"""Stands for 'everything' where a key column holds an organisation."""

FRAMEWORK = Table(
    "framework", ("id",), {"id": "uuid", "revision": "int4", "kind": "text", "name": "text", "external_id": "text"}
)
UNIT = Table(
    "unit",
    ("id",),
    {
        "id": "uuid",
        "revision": "int4",
        "kind": "text",
        "framework": "uuid",
        "parent": "uuid",
        "name": "text",
        "external_id": "text",
        "name_folded": "text",
    },
)
PERSON = Table(
    "person",
    ("id",),
    {"id": "uuid", "revision": "int4", "active": "bool", "home": "uuid", "country": "text", "dates": "text"},
)
PROFILE = Table(
    "profile",
    ("id",),
    {
        "id": "uuid",
        "revision": "int4",
        "first_name": "text",
        "last_name": "text",
        "email": "text",
        "user_name": "text",
        "external_id": "text",
        "language": "text",
        "time_zone": "text",
        "first_name_folded": "text",
        "last_name_folded": "text",
        "email_folded": "text",
        "user_name_folded": "text",
    },
)
JOB = Table(
    "job_assignment",
    ("id",),
    {
        "id": "uuid",
        "revision": "int4",
        "person": "uuid",
        "number": "int4",
        "external_id": "text",
        "title": "text",
        "organisation": "uuid",
        "position": "uuid",
        "manager_job": "uuid",
        "manager": "uuid",
        "temporary_manager_job": "uuid",
        "temporary_manager": "uuid",
        "temporary_until": "date",
        "starts": "date",
        "ends": "date",
        "position_assigned_on": "date",
    },
)
ORGANISATION_PROFILE = Table(
    "organisation_profile",
    ("id",),
    {
        "id": "uuid",
        "access_days": "int4",
        "anonymous_registration": "bool",
        "key_field": "bool",
        "time_zone": "text",
    },
)
AUDIENCE = Table(
    "audience",
    ("id",),
    {"id": "uuid", "revision": "int4", "name": "text", "external_id": "text", "name_folded": "text"},
)
AUDIENCE_RULE = Table("audience_rule", ("audience",), {"audience": "uuid", "rule": "text"})
MEMBER = Table("audience_member", ("audience", "person"), {"audience": "uuid", "person": "uuid"})
ROLE = Table(
    "permission_role", ("person", "role", "organisation"), {"person": "uuid", "role": "text", "organisation": "uuid"}
)
MANAGED = Table("managed", ("id",), {"id": "uuid", "element": "text", "feed": "text", "stamp": "text", "home": "uuid"})


class ProfileRow(NamedTuple):
    """One person's profile and its revision."""

    id: UUID
    revision: int
    first_name: str
    last_name: str
    email: str
    user_name: str
    external_id: str | None = None
    language: str | None = None
    time_zone: str | None = None

    @classmethod
    def of(cls, id: UUID, revision: int, profile: Profile) -> "ProfileRow":
        return cls(id, revision, **profile.model_dump())

    def row(self) -> Row:
        folded = (fold(self.first_name), fold(self.last_name), fold(self.email), fold(self.user_name))
        return Row(PROFILE, (*self, *folded))


class JobDetails(NamedTuple):
    """What is kept about a job beside its events: its place among the person's jobs, its number and title."""

    number: int
    external_id: str
    title: str | None


def person_row(
    id: UUID, version: int, active: bool, home: UUID | None, country: str | None, dates: Mapping[str, date]
) -> Row:
    return Row(PERSON, (id, version, active, home, country, pydantic_core.to_json(dict(dates)).decode()))


def job_row(person: UUID, revision: int, job: Job, details: JobDetails) -> Row:
    return Row(
        JOB,
        (
            job.id,
            revision,
            person,
            *details,
            job.organisation,
            job.position,
            job.manager_job,
            job.manager,
            job.temporary_manager_job,
            job.temporary_manager,
            job.temporary_until,
            job.starts,
            job.ends,
            job.position_assigned_on,
        ),
    )


def audience_row(id: UUID, revision: int, name: str, external_id: str | None) -> Row:
    return Row(AUDIENCE, (id, revision, name, external_id, fold(name)))


def role_row(person: UUID, role: str, organisation: UUID | None) -> Row:
    return Row(ROLE, (person, role, organisation or NIL))


Element = Literal["org", "pos", "user", "jobassignment"]


def managed_row(id: UUID, element: Element, feed: str, stamp: str | None, home: UUID | None = None) -> Row:
    return Row(MANAGED, (id, element, feed, stamp, home))
