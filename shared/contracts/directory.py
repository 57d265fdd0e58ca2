"""What happens to people and structure. Names, addresses and e-mail are not here: they are profiles (DIR-12)."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events import Event

UnitKind = Literal["organisation", "position"]
Deactivation = Literal["left", "suspended", "removed", "feed"]


class Job(BaseModel):
    """One job assignment of a person, whole (DIR-5). A job past `ends` places nobody from the day after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    organisation: UUID | None = None
    position: UUID | None = None
    manager_job: UUID | None = None
    manager: UUID | None = None
    """The person who holds `manager_job`."""
    temporary_manager_job: UUID | None = None
    temporary_manager: UUID | None = None
    temporary_until: date | None = None
    """The last day of the temporary manager."""
    starts: date | None = None
    ends: date | None = None
    """The last day."""
    position_assigned_on: date | None = None


class FrameworkCreated(Event):
    """A tree of organisations or positions (DIR-3, DIR-4). The stream is the framework."""

    TOPIC: ClassVar[str] = "directory.FrameworkCreated.v1"
    kind: UnitKind
    name: str
    external_id: str


class UnitCreated(Event):
    """An organisation or a position came to be. The stream is the unit."""

    TOPIC: ClassVar[str] = "directory.UnitCreated.v1"
    kind: UnitKind
    framework: UUID
    parent: UUID | None
    name: str
    external_id: str


class UnitMoved(Event):
    """A unit has another parent, or is at the top (None) of its framework, with everything below it."""

    TOPIC: ClassVar[str] = "directory.UnitMoved.v1"
    kind: UnitKind
    framework: UUID
    parent: UUID | None


class UnitRenamed(Event):
    TOPIC: ClassVar[str] = "directory.UnitRenamed.v1"
    kind: UnitKind
    name: str


class UnitRemoved(Event):
    """A unit without children and people is gone."""

    TOPIC: ClassVar[str] = "directory.UnitRemoved.v1"
    kind: UnitKind


class OrganisationProfiled(Event):
    """What an organisation sets, whole; None: as the organisation above it (DIR-7). The stream is the unit."""

    TOPIC: ClassVar[str] = "directory.OrganisationProfiled.v1"
    access_days: int | None
    anonymous_registration: bool | None
    key_field: bool | None
    time_zone: str | None
    """As the IANA names it, `Europe/Zurich`."""


class PersonRegistered(Event):
    """A person is known and active. The stream is the person; so it is for all that happens to one person."""

    TOPIC: ClassVar[str] = "directory.PersonRegistered.v1"
    home_organisation: UUID | None
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    dates: dict[str, date] = Field(default_factory=dict)
    """The structural date fields of the operator's choosing (DIR-1)."""


class PersonMoved(Event):
    """Another home organisation, which decides defaults and permission scope."""

    TOPIC: ClassVar[str] = "directory.PersonMoved.v1"
    home_organisation: UUID | None


class PersonDescribed(Event):
    """The structural fields changed; they are here whole."""

    TOPIC: ClassVar[str] = "directory.PersonDescribed.v1"
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    dates: dict[str, date] = Field(default_factory=dict)


class PersonDeactivated(Event):
    """A leaver: out of every rule, no mail, records kept (ASG-10)."""

    TOPIC: ClassVar[str] = "directory.PersonDeactivated.v1"
    why: Deactivation


class PersonReactivated(Event):
    """The same person, with the history, is active again (DIR-1)."""

    TOPIC: ClassVar[str] = "directory.PersonReactivated.v1"


class JobAssigned(Event):
    """A job assignment came to be or changed; it is here whole (DIR-5). The stream is the person who holds it."""

    TOPIC: ClassVar[str] = "directory.JobAssigned.v1"
    job: Job


class JobEnded(Event):
    """A job assignment was removed."""

    TOPIC: ClassVar[str] = "directory.JobEnded.v1"
    job: UUID


class PermissionRoleGranted(Event):
    """A permission role for an organisation and everything below it; None: for everything (SEC-2)."""

    TOPIC: ClassVar[str] = "directory.PermissionRoleGranted.v1"
    role: str
    organisation: UUID | None


class PermissionRoleRevoked(Event):
    TOPIC: ClassVar[str] = "directory.PermissionRoleRevoked.v1"
    role: str
    organisation: UUID | None


class FirstSignedIn(Event):
    """Signed in for the first time ever (DIR-10). The stream is the person."""

    TOPIC: ClassVar[str] = "directory.FirstSignedIn.v1"
    at: datetime


class AudienceCreated(Event):
    """An audience (DIR-6). The stream is the audience. Its name is the operator's, not a person's."""

    TOPIC: ClassVar[str] = "directory.AudienceCreated.v1"
    name: str
    external_id: str | None = None


class UnitCondition(BaseModel):
    """An organisation or a position of a rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: UUID
    include_below: bool = False


class DateCondition(BaseModel):
    """A date field is set, and within the days given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = Field(min_length=1, max_length=100)
    on_or_before: date | None = None
    on_or_after: date | None = None


class AudienceRule(BaseModel):
    """Who is a member: an active person for whom every given condition holds. Of a list any one will do, but of `fields` all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organisations: tuple[UnitCondition, ...] = Field(default=(), max_length=100)
    """The home, or a job of today."""
    positions: tuple[UnitCondition, ...] = Field(default=(), max_length=100)
    countries: tuple[str, ...] = Field(default=(), max_length=300)
    fields: tuple[DateCondition, ...] = Field(default=(), max_length=20)


class AudienceRuled(Event):
    """The audience follows this rule from now on (DIR-6); who joins and leaves by it is told by events of their own."""

    TOPIC: ClassVar[str] = "directory.AudienceRuled.v1"
    rule: AudienceRule


class AudienceMembersAdded(Event):
    """People joined; at most 500 in one event. None of them was a member before."""

    TOPIC: ClassVar[str] = "directory.AudienceMembersAdded.v1"
    people: tuple[UUID, ...] = Field(min_length=1, max_length=500)


class AudienceMembersRemoved(Event):
    """People left; at most 500 in one event. All of them were members before."""

    TOPIC: ClassVar[str] = "directory.AudienceMembersRemoved.v1"
    people: tuple[UUID, ...] = Field(min_length=1, max_length=500)


class AudienceRemoved(Event):
    """The audience is gone, after its last member left; nothing follows in its stream (ASG-10)."""

    TOPIC: ClassVar[str] = "directory.AudienceRemoved.v1"


class BatchStarted(Event):
    """A feed begins a bulk change (ASG-21). The stream is the batch, which is its events' correlation."""

    TOPIC: ClassVar[str] = "directory.BatchStarted.v1"
    feed: str


class BatchFinished(Event):
    """The bulk change of a feed is complete, with the number of outcomes of each kind."""

    TOPIC: ClassVar[str] = "directory.BatchFinished.v1"
    outcomes: dict[str, int]
