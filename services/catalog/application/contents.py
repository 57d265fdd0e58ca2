"""Parts of courses and of certification versions, and prices, as a request may say them."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_validator

from services.catalog.domain.offering import Approvals, MailRules
from shared.auth import ROLES
from shared.contracts.approval_stages import ApprovalStage
from shared.contracts.catalog import Activity, Price, Step
from shared.contracts.notifications import CopiedOccasion, OfferingOccasion
from shared.limits import Name
from shared.limits.narrow import Narrow

_DEAREST = Decimal("9999999999.99")
_NUMBER = {"type": "number", "exclusiveMinimum": 0, "maximum": float(_DEAREST)}
_WRITTEN = {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$", "maxLength": 13}
Amount = Annotated[
    Decimal,
    Field(gt=0, le=_DEAREST, max_digits=12, decimal_places=2),
    WithJsonSchema({"anyOf": [_WRITTEN, _NUMBER]}),
]


class LimitedActivity(Activity):
    """A part of a course (CAT-1)."""

    title: Name


class LimitedPrice(Price):
    """What a learner pays before beginning (CAT-8)."""

    amount: Amount


class LimitedStep(Step):
    """A part of a certification version (CAT-2): a course of the catalog, an exam or a task."""

    title: Name


class ApprovalsIn(BaseModel):
    """Who decides on requests about an offering, stage by stage (CAT-13). Without stages the usual approvers decide: on access site
    administrators, on a later due date the learner's manager, on a completion whoever may review completions."""

    model_config = ConfigDict(extra="forbid")

    access: tuple[ApprovalStage, ...] = Field(default=(), max_length=10)
    later_due_date: tuple[ApprovalStage, ...] = Field(default=(), max_length=10)
    completion: tuple[ApprovalStage, ...] = Field(default=(), max_length=10)
    ask_again_days: int = Field(default=0, ge=0, le=3_650)
    """So many days after a denial a learner may ask again; 0: at once (APR-3)."""
    escalation_days: int | None = Field(default=None, ge=1, le=3_650)
    """After so many days without a decision site administrators may decide too (APR-5); None: as the suite is set."""

    @field_validator("access", "later_due_date", "completion")
    @classmethod
    def _known_roles(cls, stages: tuple[ApprovalStage, ...]) -> tuple[ApprovalStage, ...]:
        named = {one.role for stage in stages for one in stage.approvers if one.role}
        if unknown := sorted(named - set(ROLES)):
            raise ValueError(f"there is no permission role '{unknown[0]}'; the roles are {', '.join(ROLES)}")
        return stages

    def approvals(self) -> Approvals:
        return Approvals(**{name: getattr(self, name) for name in Approvals.__dataclass_fields__})


ReminderDay = Annotated[int, Field(ge=-365, le=365)]
DayBefore = Annotated[int, Field(ge=-365, le=-1)]


class MailIn(BaseModel):
    """Of the e-mails about an offering: which are `off` beside those of `on`, which the learner's managers get a copy of, and when
    learners are reminded: days before (negative) or after the last day. Null reminders: as the suite is set; empty: never."""

    model_config = ConfigDict(extra="forbid")

    off: frozenset[OfferingOccasion] = Field(default=frozenset(), max_length=20)
    copied: frozenset[CopiedOccasion] = Field(default=frozenset(), max_length=20)
    due_reminders: tuple[ReminderDay, ...] | None = Field(default=None, max_length=10)
    certificate_reminders: tuple[ReminderDay, ...] | None = Field(default=None, max_length=10)
    """Of the day until which a completion counts."""
    access_reminders: tuple[DayBefore, ...] | None = Field(default=None, max_length=10)
    """Of the last day of access: before it only."""

    def rules(self) -> MailRules:
        return MailRules(
            self.off,
            self.copied,
            _in_order(self.due_reminders),
            _in_order(self.certificate_reminders),
            _in_order(self.access_reminders),
        )


def _in_order(days: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if days is None else tuple(sorted(set(days)))


PriceIn = Annotated[Price, Narrow(LimitedPrice)]
ActivityIn = Annotated[Activity, Narrow(LimitedActivity)]
StepIn = Annotated[Step, Narrow(LimitedStep)]
