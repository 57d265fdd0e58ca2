"""Events about people and the structure they work in. Names and addresses are not in them: those are profiles (DIR-12)."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events import Event, TextRef, added_field

UnitKind = Literal["organisation", "position"]
Deactivation = Literal["left", "suspended", "removed", "feed"]


class Job(BaseModel):
    """A person's job assignment, with all of its fields (DIR-5). After the day `ends` it places nobody any more."""

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
    """A tree of organisations or positions was created (DIR-3, DIR-4). The stream is the framework."""

    TOPIC: ClassVar[str] = "directory.FrameworkCreated.v1"
    kind: UnitKind
    name: str
    external_id: str


class UnitCreated(Event):
    """An organisation or a position was created. The stream is the unit."""

    TOPIC: ClassVar[str] = "directory.UnitCreated.v1"
    kind: UnitKind
    framework: UUID
    parent: UUID | None
    name: str
    external_id: str


class UnitMoved(Event):
    """A unit was moved below another parent, or to the top of its framework (None), with everything below it."""

    TOPIC: ClassVar[str] = "directory.UnitMoved.v1"
    kind: UnitKind
    framework: UUID
    parent: UUID | None


class UnitRenamed(Event):
    TOPIC: ClassVar[str] = "directory.UnitRenamed.v1"
    kind: UnitKind
    name: str


class UnitRemoved(Event):
    """A unit that contained neither units nor people was removed."""

    TOPIC: ClassVar[str] = "directory.UnitRemoved.v1"
    kind: UnitKind


class OrganisationProfiled(Event):
    """Everything that an organisation sets; None: inherited from the organisation above it (DIR-7). The stream is the unit."""

    TOPIC: ClassVar[str] = "directory.OrganisationProfiled.v1"
    access_days: int | None
    anonymous_registration: bool | None
    key_field: bool | None
    time_zone: str | None
    """An IANA name, such as `Europe/Zurich`."""
    contact: TextRef | None = added_field()
    """Whom its people ask: the directory keeps who that is."""
    record_assignment_types: bool | None = added_field()
    """Its people's record of learning tells the types of the assignments (LRN-5)."""
    record_assignment_names: bool | None = added_field()
    """And what these are called."""


class PersonRegistered(Event):
    """A person was registered, and is active. The stream is the person, as for every event about one person."""

    TOPIC: ClassVar[str] = "directory.PersonRegistered.v1"
    home_organisation: UUID | None
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    dates: dict[str, date] = Field(default_factory=dict)
    """The structural date fields that the operator has defined (DIR-1)."""


class PersonMoved(Event):
    """A person's home organisation changed; it decides defaults and permission scope."""

    TOPIC: ClassVar[str] = "directory.PersonMoved.v1"
    home_organisation: UUID | None


class PersonDescribed(Event):
    """A person's structural fields changed; the event has all of them."""

    TOPIC: ClassVar[str] = "directory.PersonDescribed.v1"
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    dates: dict[str, date] = Field(default_factory=dict)


class PersonDeactivated(Event):
    """The person is inactive: no rule applies to them, they get no e-mail, and their records are kept (ASG-10)."""

    TOPIC: ClassVar[str] = "directory.PersonDeactivated.v1"
    why: Deactivation


class PersonReactivated(Event):
    """The same person, with their history, is active again (DIR-1)."""

    TOPIC: ClassVar[str] = "directory.PersonReactivated.v1"


class JobAssigned(Event):
    """A job assignment was created or changed; the event has all of its fields (DIR-5). The stream is the person who holds it."""

    TOPIC: ClassVar[str] = "directory.JobAssigned.v1"
    job: Job


class JobEnded(Event):
    """A job assignment was removed."""

    TOPIC: ClassVar[str] = "directory.JobEnded.v1"
    job: UUID


class PermissionRoleGranted(Event):
    """A permission role was granted for an organisation and everything below it; None: for everything (SEC-2)."""

    TOPIC: ClassVar[str] = "directory.PermissionRoleGranted.v1"
    role: str
    organisation: UUID | None


class PermissionRoleRevoked(Event):
    TOPIC: ClassVar[str] = "directory.PermissionRoleRevoked.v1"
    role: str
    organisation: UUID | None


class MachineClientCreated(Event):
    """A machine client with these permissions, for an organisation and everything below it; None: for everything (SEC-5).
    The stream is the client."""

    TOPIC: ClassVar[str] = "directory.MachineClientCreated.v1"
    permissions: tuple[str, ...]
    organisation: UUID | None


class MachineClientSecretRotated(Event):
    """It has another secret; the one before holds until then."""

    TOPIC: ClassVar[str] = "directory.MachineClientSecretRotated.v1"
    old_until: datetime


class MachineClientRevoked(Event):
    """It gets no tokens any more; nothing follows in its stream."""

    TOPIC: ClassVar[str] = "directory.MachineClientRevoked.v1"


class FirstSignedIn(Event):
    """The person signed in for the first time ever (DIR-10). The stream is the person."""

    TOPIC: ClassVar[str] = "directory.FirstSignedIn.v1"
    at: datetime


class AudienceCreated(Event):
    """An audience was created (DIR-6). The stream is the audience. Its name is given by the operator, and is not personal data."""

    TOPIC: ClassVar[str] = "directory.AudienceCreated.v1"
    name: str
    external_id: str | None = None


class UnitCondition(BaseModel):
    """An organisation or a position in an audience rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: UUID
    include_below: bool = False


class DateCondition(BaseModel):
    """A date field has a value, and it is within the given days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = Field(min_length=1, max_length=100)
    on_or_before: date | None = None
    on_or_after: date | None = None


class AudienceRule(BaseModel):
    """Who is a member: every active person who meets all given conditions. Any entry of a list is enough, but all of `fields`
    are needed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organisations: tuple[UnitCondition, ...] = Field(default=(), max_length=100)
    """The home organisation, or that of a current job assignment."""
    positions: tuple[UnitCondition, ...] = Field(default=(), max_length=100)
    countries: tuple[str, ...] = Field(default=(), max_length=300)
    fields: tuple[DateCondition, ...] = Field(default=(), max_length=20)


class AudienceRuled(Event):
    """From now on the audience follows this rule (DIR-6). Separate events say who joins and leaves because of it."""

    TOPIC: ClassVar[str] = "directory.AudienceRuled.v1"
    rule: AudienceRule


class AudienceMembersAdded(Event):
    """At most 500 people joined the audience. None of them was a member before."""

    TOPIC: ClassVar[str] = "directory.AudienceMembersAdded.v1"
    people: tuple[UUID, ...] = Field(min_length=1, max_length=500)


class AudienceMembersRemoved(Event):
    """At most 500 people left the audience. All of them were members before."""

    TOPIC: ClassVar[str] = "directory.AudienceMembersRemoved.v1"
    people: tuple[UUID, ...] = Field(min_length=1, max_length=500)


class AudienceRemoved(Event):
    """The audience was removed, after its last member had left (ASG-10). The last event of its stream."""

    TOPIC: ClassVar[str] = "directory.AudienceRemoved.v1"


class BatchStarted(Event):
    """An HR feed begins a bulk change (ASG-21). The stream is the batch, which is the correlation id of its events."""

    TOPIC: ClassVar[str] = "directory.BatchStarted.v1"
    feed: str


class BatchFinished(Event):
    """An HR feed has completed a bulk change; with the number of outcomes of each kind."""

    TOPIC: ClassVar[str] = "directory.BatchFinished.v1"
    outcomes: dict[str, int]
