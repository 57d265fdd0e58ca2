"""What a preview is asked about (ASG-8, ASG-9)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.enrollment import AssignmentType


class TargetRequest(BaseModel):
    """Whom to assign; `include_below` takes in everything or everybody below (ASG-3)."""

    type: AssignmentType
    target_id: UUID
    include_below: bool = False


class AddRules(BaseModel):
    """Add one assignment for each target."""

    action: Literal["assign"]
    offering_id: UUID
    targets: list[TargetRequest] = Field(min_length=1, max_length=500)
    allow_empty: bool = False
    access_days: int | None = Field(default=None, ge=1, le=36_500)
    """Shorter than the course's (ASG-14). A note is given when confirming: previews keep no free text."""


class RemoveRules(BaseModel):
    """Remove assignments of one offering. Why, is said when confirming: previews keep no free text."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["remove"]
    assignment_ids: list[UUID] = Field(min_length=1, max_length=500)


PreviewRequest = Annotated[AddRules | RemoveRules, Field(discriminator="action")]


class Asked(BaseModel):
    """A stored request."""

    request: PreviewRequest
