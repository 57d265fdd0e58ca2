"""The state tables that the store writes together with the events."""

from collections.abc import Mapping
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

import pydantic_core

from shared.contracts.directory import Job, UnitKind
from shared.folding import fold
from shared.profiles import Profile
from shared.store import Int4, Row, Table

NIL = UUID(int=0)
"""Stands for 'everything' where a key column holds an organisation."""

Element = Literal["org", "pos", "user", "jobassignment"]


class FrameworkRow(NamedTuple):
    """A row of `framework`."""

    id: UUID
    revision: Int4
    kind: UnitKind
    name: str
    external_id: str


class UnitRow(NamedTuple):
    """A row of `unit`."""

    id: UUID
    revision: Int4
    kind: UnitKind
    framework: UUID
    parent: UUID | None
    name: str
    external_id: str
    name_folded: str


class PersonRow(NamedTuple):
    """A row of `person`. `dates` is JSON."""

    id: UUID
    revision: Int4
    active: bool
    home: UUID | None
    country: str | None
    dates: str


class ProfileRow(NamedTuple):
    """One person's profile and its revision."""

    id: UUID
    revision: Int4
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


class JobRow(NamedTuple):
    """A row of `job_assignment`."""

    id: UUID
    revision: Int4
    person: UUID
    number: Int4
    external_id: str
    title: str | None
    organisation: UUID | None
    position: UUID | None
    manager_job: UUID | None
    manager: UUID | None
    temporary_manager_job: UUID | None
    temporary_manager: UUID | None
    temporary_until: date | None
    starts: date | None
    ends: date | None
    position_assigned_on: date | None


class OrganisationProfileRow(NamedTuple):
    """A row of `organisation_profile`: what one organisation sets, None where it does not."""

    id: UUID
    access_days: Int4 | None
    anonymous_registration: bool | None
    key_field: bool | None
    time_zone: str | None
    contact: UUID | None
    record_assignment_types: bool | None
    record_assignment_names: bool | None


class AudienceRow(NamedTuple):
    """A row of `audience`."""

    id: UUID
    revision: Int4
    name: str
    external_id: str | None
    name_folded: str


class ManagedRow(NamedTuple):
    """A row of `managed`: which feed manages a record, and the stamp it came with."""

    id: UUID
    element: Element
    feed: str
    stamp: str | None
    home: UUID | None


FRAMEWORK = Table.of("framework", FrameworkRow)
UNIT = Table.of("unit", UnitRow)
PERSON = Table.of("person", PersonRow)
PROFILE = Table(
    "profile",
    ("id",),
    {
        **Table.of("profile", ProfileRow).columns,
        "first_name_folded": "text",
        "last_name_folded": "text",
        "email_folded": "text",
        "user_name_folded": "text",
    },
)
JOB = Table.of("job_assignment", JobRow)
ORGANISATION_PROFILE = Table.of("organisation_profile", OrganisationProfileRow)
AUDIENCE = Table.of("audience", AudienceRow)
AUDIENCE_RULE = Table("audience_rule", ("audience",), {"audience": "uuid", "rule": "text"})
MEMBER = Table("audience_member", ("audience", "person"), {"audience": "uuid", "person": "uuid"})
ROLE = Table(
    "permission_role", ("person", "role", "organisation"), {"person": "uuid", "role": "text", "organisation": "uuid"}
)
MANAGED = Table.of("managed", ManagedRow)


class JobDetails(NamedTuple):
    """What is kept about a job beside its events: its place among the person's jobs, its number and title."""

    number: int
    external_id: str
    title: str | None


def person_row(
    id: UUID, version: int, *, active: bool, home: UUID | None, country: str | None, dates: Mapping[str, date]
) -> Row:
    text = pydantic_core.to_json(dict(dates)).decode()
    row = PersonRow(id=id, revision=version, active=active, home=home, country=country, dates=text)
    return Row(PERSON, row)


def job_row(person: UUID, revision: int, job: Job, details: JobDetails) -> Row:
    return Row(
        JOB,
        JobRow(
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
    return Row(AUDIENCE, AudienceRow(id, revision, name, external_id, fold(name)))


def role_row(person: UUID, role: str, organisation: UUID | None) -> Row:
    return Row(ROLE, (person, role, organisation or NIL))


def managed_row(id: UUID, element: Element, feed: str, stamp: str | None, home: UUID | None = None) -> Row:
    return Row(MANAGED, ManagedRow(id, element, feed, stamp, home))
