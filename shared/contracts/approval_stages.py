"""Who decides on requests, stage by stage: what the catalog says of an offering (CAT-13)."""

from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Approver(BaseModel):
    """Who may decide on requests (CAT-13): a person; whoever holds a permission role for the learner's organisation; or the
    learner's manager, a temporary one included until the last day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["person", "role", "manager"]
    person_id: UUID | None = Field(default=None, exclude_if=lambda value: value is None)
    role: str | None = Field(default=None, max_length=100, exclude_if=lambda value: value is None)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = {"person": (True, False), "role": (False, True), "manager": (False, False)}[self.kind]
        if (self.person_id is not None, self.role is not None) != needed:
            raise ValueError("a person needs person_id, a role needs role, and neither has anything else")
        return self


class ApprovalStage(BaseModel):
    """One stage of a decision (APR-4): passed when `any` of its approvers, or `all` of them, have approved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    approvers: tuple[Approver, ...] = Field(min_length=1, max_length=50)
    needs: Literal["any", "all"] = "any"
