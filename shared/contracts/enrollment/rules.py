"""Job roles that people hold, and triggers: what assigns by itself when something becomes so."""

from datetime import date
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events import Event, TextRef

TriggerKind = Literal[
    "created", "first-login", "organisation", "position", "audience", "job-role", "completion", "field"
]
"""What a trigger waits for (TRG-1): a person is created, signs in first, joins an organisation, position or audience, gets a job
role, completes an offering, or has a value in a date field."""
TriggerEnd = Literal["removed", "loop", "undone"]
"""Why a trigger does nothing any more. `loop`: it would have caused itself (TRG-3)."""

_TARGETED = frozenset({"organisation", "position", "audience", "job-role", "completion"})


class TriggerCondition(BaseModel):
    """When a trigger acts (TRG-1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: TriggerKind
    target_id: UUID | None = Field(default=None, exclude_if=lambda value: value is None)
    """The organisation, position, audience or job role; of `completion` the offering."""
    include_below: bool = Field(default=False, exclude_if=lambda value: value is False)
    """Also everything below the organisation or position."""
    field: str | None = Field(default=None, min_length=1, max_length=100, exclude_if=lambda value: value is None)
    """Of `field`: the person's date field."""
    on_or_after: date | None = Field(default=None, exclude_if=lambda value: value is None)
    on_or_before: date | None = Field(default=None, exclude_if=lambda value: value is None)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.kind in _TARGETED) != (self.target_id is not None):
            raise ValueError(
                f"a condition of kind '{self.kind}' {'needs a' if self.target_id is None else 'has no'} target_id"
            )
        if (self.kind == "field") != (self.field is not None):
            raise ValueError(f"a condition of kind '{self.kind}' {'needs a' if self.field is None else 'has no'} field")
        if self.include_below and self.kind not in ("organisation", "position"):
            raise ValueError(f"a condition of kind '{self.kind}' has nothing below")
        if (self.on_or_after or self.on_or_before) and self.kind != "field":
            raise ValueError(f"a condition of kind '{self.kind}' has no days")
        if self.on_or_after and self.on_or_before and self.on_or_before < self.on_or_after:
            raise ValueError("no day is on or after, and on or before these days")
        return self


class TriggerCreated(Event):
    """From now on it assigns an offering or a job role to whomever the condition becomes true of (TRG-1). The stream is its own."""

    TOPIC: ClassVar[str] = "enrollment.TriggerCreated.v1"
    name: str
    when: TriggerCondition
    assignment_id: UUID | None
    """The assignment of type trigger by which the offering is assigned."""
    offering_id: UUID | None
    job_role_id: UUID | None
    undo: bool
    """It takes back what it gave when the condition ends (TRG-2)."""


class TriggerApplied(Event):
    """A person let it act on everybody of whom the condition is true already (TRG-2)."""

    TOPIC: ClassVar[str] = "enrollment.TriggerApplied.v1"


class TriggerStopped(Event):
    """It acts no more; nothing follows in its stream."""

    TOPIC: ClassVar[str] = "enrollment.TriggerStopped.v1"
    why: TriggerEnd
    take_back: bool
    """What it gave is taken back; else everybody keeps it."""
    loop: tuple[UUID, ...] = ()
    """The triggers that would have caused one another, in their order."""
    reason: TextRef | None = None


class OfTrigger(Event):
    """What is said of one trigger and one person. The stream is of the two."""

    person_id: UUID
    trigger_id: UUID
    offering_id: UUID | None
    job_role_id: UUID | None


class TriggerFired(OfTrigger):
    """The condition came to be true of a person: the trigger assigns what it assigns from now on."""

    TOPIC: ClassVar[str] = "enrollment.TriggerFired.v1"


class TriggerTakenBack(OfTrigger):
    """The condition is not true of the person any more, or the trigger was taken back: it does not assign any more (TRG-2)."""

    TOPIC: ClassVar[str] = "enrollment.TriggerTakenBack.v1"


class JobRoleAssigned(Event):
    """A person holds a job role from now on, by hand, and with it come its qualifications (ASG-12). The stream is of the two."""

    TOPIC: ClassVar[str] = "enrollment.JobRoleAssigned.v1"
    person_id: UUID
    job_role_id: UUID


class JobRoleUnassigned(Event):
    """A person does not hold a job role by hand any more; a trigger may still give it."""

    TOPIC: ClassVar[str] = "enrollment.JobRoleUnassigned.v1"
    person_id: UUID
    job_role_id: UUID
    reason: TextRef | None = None


class RequirementSet(Event):
    """Whether the qualification is required of the assignment's learners, or optional (ASG-11). The stream is the assignment."""

    TOPIC: ClassVar[str] = "enrollment.RequirementSet.v1"
    required: bool
