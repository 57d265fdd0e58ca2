"""What a preview is asked about, and what it answers (ASG-8, ASG-9)."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.enrollment.application.due_rules import DueRuleIn
from services.enrollment.projections.learning_items import ItemWarning
from shared.limits import MANY, Day, Days

Assignable = Literal["individual", "audience", "organisation", "position", "manager"]
"""What an administrator can name. Groups are made, and learners enrol by themselves."""


class TargetRequest(BaseModel):
    """Whom to assign; `include_below` takes in everything or everybody below (ASG-3)."""

    type: Assignable
    target_id: UUID
    include_below: bool = False


class AddRules(BaseModel):
    """Add one assignment for each target."""

    action: Literal["assign"]
    offering_id: UUID
    targets: list[TargetRequest] = Field(min_length=1, max_length=500)
    allow_empty: bool = False
    access_days: Days | None = None
    access_until: Day | None = None
    due: DueRuleIn | None = None
    required: bool | None = None
    """`access_days`, or a last day: shorter than the course's (ASG-14); `required`: of a qualification (ASG-11). A note is given
    when confirming: previews keep no free text."""


class AssignPeople(BaseModel):
    """Assign every person to every offering (ASG-4). The rest as in `assign`."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["assign-people"]
    offerings: list[UUID] = Field(min_length=1, max_length=MANY)
    people: list[UUID] = Field(default=[], max_length=MANY)
    selection_id: UUID | None = None
    """Instead of people: a selection of the caller's at the directory, of any size, counted and assigned in parts by jobs."""
    without: list[UUID] = Field(default=[], max_length=500)
    """Of the selection: all but these."""
    access_days: Days | None = None
    access_until: Day | None = None
    due: DueRuleIn | None = None
    required: bool | None = None

    @model_validator(mode="after")
    def _people_or_selection(self) -> Self:
        if bool(self.people) == bool(self.selection_id):
            raise ValueError("name people, or a selection, and not both")
        return self


class RemoveRules(BaseModel):
    """Remove assignments of one offering. Why, is said when confirming: previews keep no free text."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["remove"]
    assignment_ids: list[UUID] = Field(min_length=1, max_length=500)


class ApplyTrigger(BaseModel):
    """Let a trigger act on everybody of whom its condition is true already (TRG-2)."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["apply-trigger"]
    trigger_id: UUID


class ChangeDue(BaseModel):
    """Give an assignment another due rule; None: none (DUE-1)."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["due"]
    assignment_id: UUID
    due: DueRuleIn | None


PreviewRequest = Annotated[
    AddRules | AssignPeople | RemoveRules | ApplyTrigger | ChangeDue, Field(discriminator="action")
]


class Asked(BaseModel):
    """A stored request."""

    request: PreviewRequest


class Emails(BaseModel):
    """How many e-mails go out, and which notifications of the offering are on."""

    count: int
    notifications: list[str]


class Summary(BaseModel):
    """The numbers of a preview, each a sum over the qualifications of a job role, or over the offerings of people.

    `people` is X of the texts: the distinct people in the targets, before overlaps.
    """

    offering_id: UUID | None
    """None: the qualifications of a job role, or several offerings, taken together."""
    kind: str
    title: str
    text: str
    assignments: int = 1
    """How many would be added, removed or changed."""
    offerings: int = 1
    people: int
    enrolled: int = 0
    """Would be enrolled who is not."""
    source_added: int = 0
    """Are enrolled already, and would be held by one more assignment."""
    withdrawn: int = 0
    source_removed: int = 0
    """Would stay enrolled by another assignment."""
    kept_without_source: int = 0
    dates_moved: int = 0
    """Would only be due later (DUE-3)."""
    excluded: int = 0
    """Are kept away by an exclusion."""
    held_by_exceptions: int = 0
    """Would wait for an administrator (DUE-4, DUE-5)."""
    refused: int = 0
    """Of people times offerings: cannot be assigned, since they are unknown, not active, or have this very assignment (ASG-5)."""
    access_until: date | None = None
    """The last day of access of who comes today, chosen or by default: the latest of all (ASG-14). None: without end."""
    emails: Emails
    warnings: list[str] = []
    """A rule that can never be met."""
    item_warnings: list[ItemWarning] = []
    """Items of a qualification that those who would be enrolled do not see (CAT-11)."""


SUMMED = (
    "assignments",
    "enrolled",
    "source_added",
    "withdrawn",
    "source_removed",
    "kept_without_source",
    "dates_moved",
    "excluded",
    "held_by_exceptions",
    "refused",
)
"""What of several summaries is added up."""


PreviewState = Literal["counting", "ready", "refused"]
"""`counting`: a selection, in parts; the numbers are those of the people counted so far."""
Action = Literal["assign", "assign-people", "remove", "apply-trigger", "due"]


class Preview(Summary):
    """What would happen, decided on one snapshot. Confirming names its id."""

    id: UUID
    action: Action
    digest: str
    created_at: datetime
    state: PreviewState = "ready"
    job: UUID | None = None
    """Counts it, or has counted it: a preview of a selection."""
    counted: int = 0
    """Of a selection: so many people so far."""
    selected: int | None = None
    """How many people there are in the selection; None: not known yet, or there is none."""
    refusal: str | None = None
    """Why nobody can be assigned, where that came out while counting."""
