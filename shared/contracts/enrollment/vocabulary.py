"""Types and values that the events of enrollment share."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.events import Event

AssignmentType = Literal[
    "individual",
    "audience",
    "organisation",
    "position",
    "manager",
    "group",
    "self",
    "job-role",
    "trigger",
    "request",
    "key",
]
"""The ways to assign (ASG-1). `manager`: the management hierarchy below a person; `self`: self-enrollment; `request`: an access
request that was approved; `key`: a training key that was redeemed."""
OF_ONE_PERSON: tuple[AssignmentType, ...] = ("individual", "self", "request", "key")
"""The types whose target is a person: nobody else can ever be held by one."""
Admission = Literal["request", "key"]
"""What another service decided, and what brings one person to an offering as an assignment of that type."""

Unassignment = Literal["assignment-removed", "removed-by-hand", "dropped-out", "cancelled", "left", "undone"]
"""`left`: the learner left. `undone`: the batch that gave it was undone (ASG-20)."""
ExclusionReason = Literal["removed-by-hand", "cancelled", "not-assigned", "undone"]
"""`not-assigned`: the answer to an exception (DUE-6). `undone`: the batch that gave the grant was undone (ASG-20)."""
Status = Literal[
    "not-enrolled",
    "held",
    "awaiting-payment",
    "not-started",
    "in-progress",
    "pending-approval",
    "completed",
    "certification-expired",
    "access-expired",
    "withdrawn",
    "cancelled",
]
"""A learner's status on an offering (ENR-1), under the same name in every service. It follows from the events; no event states it.
`held`: not enrolled, and an exception waits for an administrator (DUE-4)."""
Ending = Literal["withdrawn", "cancelled", "expired"]
"""How a term ended."""
Payment = Literal["none", "due", "paid", "refunded"]
"""A term's payment. `refunded`: after the training began, so an administrator has to decide."""
By = Literal["learner", "administrator"]

TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time on a 24-hour clock, such as `17:00`."""
DueEvent = Literal["first-login", "position-assigned", "job-start", "completion", "field", "enrollment"]
DueUnit = Literal["days", "weeks", "months", "years"]
ExceptionKind = Literal["time-allowance", "already-assigned", "completion-time-unknown"]
"""Why an assignment is held back: too little time is left (DUE-4), another certification of the learner contains the same course,
or the date that the due date is based on is unknown (DUE-5)."""
ExceptionState = Literal["open", "dismissed"]
"""The state of an exception without an answer. `dismissed`: an administrator has put it aside."""
Resolution = Literal["assigned", "realistic-date", "not-assigned", "dismissed"]
"""An administrator's answer to an exception (DUE-6)."""


class DueRule(BaseModel):
    """When training is due (DUE-1): on a fixed day, or a period after something happens. Months and years are calendar months
    and years."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["fixed"] | DueEvent
    on: date | None = Field(default=None, exclude_if=lambda value: value is None)
    """For `fixed`: the day, up to and including its end."""
    amount: int | None = Field(default=None, ge=0, le=36_500, exclude_if=lambda value: value is None)
    unit: DueUnit | None = Field(default=None, exclude_if=lambda value: value is None)
    offering_id: UUID | None = Field(default=None, exclude_if=lambda value: value is None)
    """For `completion`: the other offering."""
    field: str | None = Field(default=None, max_length=100, exclude_if=lambda value: value is None)
    """For `field`: the person's date field."""
    time: TimeOfDay | None = Field(default=None, exclude_if=lambda value: value is None)
    """For every kind: the time on that day, in the learner's time zone; None: the end of the day."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = {
            "fixed": {"on"},
            "completion": {"amount", "unit", "offering_id"},
            "field": {"amount", "unit", "field"},
        }
        expected = needed.get(self.kind, {"amount", "unit"})
        given = {name for name in ("on", "amount", "unit", "offering_id", "field") if getattr(self, name) is not None}
        if given != expected:
            raise ValueError(f"a due date of kind '{self.kind}' needs exactly: {', '.join(sorted(expected))}")
        return self


_AFTER = {
    "first-login": "first login",
    "position-assigned": "the position was assigned",
    "job-start": "the job starts",
    "completion": "another offering is completed",
    "enrollment": "enrollment",
}


def describe(rule: DueRule | None) -> str:
    """A due rule in a few words, for lists (ASG-17)."""
    if rule is None:
        return "none"
    if rule.on is not None:
        return f"{rule.on} at {rule.time}" if rule.time else f"{rule.on}"
    unit = rule.unit if rule.amount != 1 else (rule.unit or "")[:-1]
    after = f"the field '{rule.field}'" if rule.kind == "field" else _AFTER[rule.kind]
    return f"{rule.amount} {unit} after {after}" + (f", at {rule.time}" if rule.time else "")


class Hold(BaseModel):
    """An assignment that waits for an exception to be answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    assignment_id: UUID
    since: date
    """The day from which it would have held the learner: the enrollment date (DUE-1)."""
    cause: str
    """What made it wait, so that a new cause can be told from the same one (DUE-6)."""


class OfTerm(Event):
    """Base of the events about one term of an enrollment."""

    person_id: UUID
    offering_id: UUID
    term: int


class OfLearner(Event):
    """Base of the events about one assignment and one learner. The stream is the enrollment."""

    person_id: UUID
    offering_id: UUID
    assignment_id: UUID
