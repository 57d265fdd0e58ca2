"""Due rules and conditions of triggers as a request may say them: within the calendar, whatever they count from."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.enrollment import DueRule, TriggerCondition
from shared.contracts.enrollment.vocabulary import DueUnit
from shared.limits import Day, FieldName
from shared.limits import TimeOfDay as Clock
from shared.limits.narrow import Narrow

LONGEST: dict[DueUnit, int] = {"days": 36_500, "weeks": 5_200, "months": 1_200, "years": 100}
"""About a hundred years after what a due date counts from, which is a day before 3000 itself: no sum leaves the calendar."""


class LimitedDueRule(DueRule):
    """When training is due (DUE-1): on a day, or so long after something that happens, a hundred years at most."""

    on: Day | None = None
    field: FieldName | None = None
    time: Clock | None = None

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if self.amount is not None and self.unit is not None and self.amount > LONGEST[self.unit]:
            raise ValueError(
                f"a due date must be at most {LONGEST[self.unit]} {self.unit} after the date that it is based on"
            )
        return self


class LimitedTriggerCondition(TriggerCondition):
    """When a trigger acts (TRG-1)."""

    field: FieldName | None = Field(default=None)
    on_or_after: Day | None = None
    on_or_before: Day | None = None


DueRuleIn = Annotated[DueRule, Narrow(LimitedDueRule)]
TriggerConditionIn = Annotated[TriggerCondition, Narrow(LimitedTriggerCondition)]
