"""What a day and a moment may be: from 1900 to 2999, so that every calendar, time zone and addition stays inside."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from shared.errors import Invalid
from shared.limits.text import Text

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
BEYOND = f"a date must be between {FIRST_DAY} and {LAST_DAY}; leave it out if there is none"


def within(day: date) -> bool:
    return FIRST_DAY <= day <= LAST_DAY


@dataclass(frozen=True)
class _Within:
    """Of a date or a datetime with offset: its calendar day is within the limits. `first` and `last` are as documents name them."""

    first: str
    last: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(_checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "formatMinimum": self.first, "formatMaximum": self.last}


def _checked(value: date) -> date:
    if not within(value.date() if isinstance(value, datetime) else value):
        raise PydanticCustomError("day", BEYOND)
    return value


Day = Annotated[date, _Within(f"{FIRST_DAY}", f"{LAST_DAY}")]
Moment = Annotated[AwareDatetime, _Within(f"{FIRST_DAY}T00:00:00Z", f"{LAST_DAY}T23:59:59Z")]
"""A time with its offset."""
Month = Annotated[str, Text(7, 7, pattern="^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])$", example="2026-11")]
AsOf = Annotated[str, Text(40, example="2026-01-31")]
"""A day, or a time with its offset."""
TimeOfDay = Annotated[str, Text(5, 5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", example="17:00")]


def check_day(day: date, field: str) -> date:
    """For cells and files, which no model reads. Raises Invalid."""
    if not within(day):
        raise Invalid(f"{field}: {BEYOND}.", field=field)
    return day
