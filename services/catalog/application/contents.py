"""Parts of courses and of certification versions, and prices, as a request may say them."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, WithJsonSchema

from shared.contracts.catalog import Activity, Price, Step
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
    """A part of a certification version (CAT-2): a course of the catalogue, an exam or a task."""

    title: Name


PriceIn = Annotated[Price, Narrow(LimitedPrice)]
ActivityIn = Annotated[Activity, Narrow(LimitedActivity)]
StepIn = Annotated[Step, Narrow(LimitedStep)]
