"""Limits at the edge, for every service: what a text, a day, a moment and a number may be, and how a request may be built.

One value that a rule, a query or a calendar cannot take must not come in at all. Routes, files and forms use the types here;
`wire` looks at every request as a whole; `tests/project` fails where a route forgets them.
"""

from shared.limits.numbers import BIGGEST, MANY, Days, Number, Place
from shared.limits.text import (
    Code,
    Country,
    Cursor,
    Description,
    Email,
    FieldName,
    Key,
    Language,
    Line,
    LongKey,
    Name,
    PersonName,
    Positions,
    Remark,
    Role,
    Secret,
    Sought,
    Text,
    Zone,
    check_text,
    clean,
)
from shared.limits.times import FIRST_DAY, LAST_DAY, AsOf, Day, Moment, Month, TimeOfDay, check_day

__all__ = [
    "BIGGEST",
    "FIRST_DAY",
    "LAST_DAY",
    "MANY",
    "AsOf",
    "Code",
    "Country",
    "Cursor",
    "Day",
    "Days",
    "Description",
    "Email",
    "FieldName",
    "Key",
    "Language",
    "Line",
    "LongKey",
    "Moment",
    "Month",
    "Name",
    "Number",
    "PersonName",
    "Place",
    "Positions",
    "Remark",
    "Role",
    "Secret",
    "Sought",
    "Text",
    "TimeOfDay",
    "Zone",
    "check_day",
    "check_text",
    "clean",
]
