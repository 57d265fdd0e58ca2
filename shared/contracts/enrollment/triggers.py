"""Job roles that people hold, and triggers, which assign by themselves when a condition becomes true."""

from datetime import date
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events import Event, TextRef

TriggerKind = Literal[
    "created", "first-login", "organisation", "position", "audience", "job-role", "completion", "field"
]
"""What a trigger waits for (TRG-1): a person is created, signs in for the first time, joins an organisation, position or audience,
gets a job role, completes an offering, or has a value in a date field."""
TriggerEnd = Literal["removed", "loop", "undone"]
"""Why a trigger was stopped. `loop`: it would have caused itself (TRG-3)."""

_TARGETED = frozenset({"organisation", "position", "audience", "job-role", "completion"})


class TriggerCondition(BaseModel):
    """The condition on which a trigger fires (TRG-1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: TriggerKind
    target_id: UUID | None = Field(default=None, exclude_if=lambda value: value is None)
    """The organisation, position, audience or job role; for `completion` the offering."""
    include_below: bool = Field(default=False, exclude_if=lambda value: value is False)
    """Also everything below the organisation or position."""
    field: str | None = Field(default=None, min_length=1, max_length=100, exclude_if=lambda value: value is None)
    """For `field`: the person's date field."""
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
    """From now on the trigger assigns an offering or a job role to everybody for whom the condition becomes true (TRG-1). The
    stream is the trigger."""

    TOPIC: ClassVar[str] = "enrollment.TriggerCreated.v1"
    name: str
    when: TriggerCondition
    assignment_id: UUID | None
    """The assignment of type `trigger` that assigns the offering."""
    offering_id: UUID | None
    job_role_id: UUID | None
    undo: bool
    """When the condition ends, it takes back what it gave (TRG-2)."""


class TriggerApplied(Event):
    """An administrator applied the trigger to everybody for whom the condition is already true (TRG-2)."""

    TOPIC: ClassVar[str] = "enrollment.TriggerApplied.v1"


class TriggerStopped(Event):
    """The trigger no longer fires. The last event of its stream."""

    TOPIC: ClassVar[str] = "enrollment.TriggerStopped.v1"
    why: TriggerEnd
    take_back: bool
    """Whether what it gave is taken back; otherwise everybody keeps it."""
    loop: tuple[UUID, ...] = ()
    """The triggers that would have caused each other, in order."""
    reason: TextRef | None = None


class OfTrigger(Event):
    """Base of the events about one trigger and one person. The stream belongs to the pair."""

    person_id: UUID
    trigger_id: UUID
    offering_id: UUID | None
    job_role_id: UUID | None


class TriggerFired(OfTrigger):
    """The condition became true for a person, so the trigger assigns the offering or job role."""

    TOPIC: ClassVar[str] = "enrollment.TriggerFired.v1"


class TriggerTakenBack(OfTrigger):
    """The condition is no longer true for the person, or what the trigger gave was taken back: it no longer assigns anything
    to them (TRG-2)."""

    TOPIC: ClassVar[str] = "enrollment.TriggerTakenBack.v1"


class JobRoleAssigned(Event):
    """A person was given a job role by hand, and with it its qualifications (ASG-12). The stream belongs to the pair."""

    TOPIC: ClassVar[str] = "enrollment.JobRoleAssigned.v1"
    person_id: UUID
    job_role_id: UUID


class JobRoleUnassigned(Event):
    """A person's job role that was given by hand was taken away; a trigger may still give it."""

    TOPIC: ClassVar[str] = "enrollment.JobRoleUnassigned.v1"
    person_id: UUID
    job_role_id: UUID
    reason: TextRef | None = None


class RequirementSet(Event):
    """Whether the qualification is required of the assignment's learners, or optional, was set (ASG-11). The stream is the
    assignment."""

    TOPIC: ClassVar[str] = "enrollment.RequirementSet.v1"
    required: bool
