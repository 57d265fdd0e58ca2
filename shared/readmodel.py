"""What read models share: how far they are, waiting for a position, and pages by cursor."""

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar, overload
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import from_json

from shared.database import Connection, Database, fetch
from shared.errors import Invalid, NotYet
from shared.events import Position
from shared.suite import SOURCES

T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")

_POLL_SECONDS = 0.02


class Page(BaseModel, Generic[T]):
    """One page of a list. `next` is the cursor of the following page, None on the last one."""

    items: list[T]
    next: str | None = None


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[object]]) -> Page[T]:
    """A page of at most `limit` rows, of which one more was read to see whether there are more; `key` is what its cursor holds."""
    more = len(rows) > limit
    return Page(items=list(rows[:limit]), next=cursor_encode(*map(str, key(rows[limit - 1]))) if more else None)


def cursor_encode(*values: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


@overload
def cursor_decode(text: str, first: Callable[[str], T], /) -> tuple[T]: ...
@overload
def cursor_decode(text: str, first: Callable[[str], T], second: Callable[[str], U], /) -> tuple[T, U]: ...
@overload
def cursor_decode(
    text: str, first: Callable[[str], T], second: Callable[[str], U], third: Callable[[str], V], /
) -> tuple[T, U, V]: ...
def cursor_decode(text: str, *kinds: Callable[[str], object]) -> tuple[object, ...]:
    """The values that `cursor_encode` was given, each read by its kind, which raises ValueError for what is none.

    Raises Invalid for anything else, the cursor of another list included.
    """
    try:
        values = from_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or not all(isinstance(value, str) and "\0" not in value for value in values):
            raise ValueError
        return tuple(kind(value) for kind, value in zip(kinds, values, strict=True))
    except (ValueError, binascii.Error):
        raise Invalid(
            "The cursor does not belong to this list. Start again without a cursor.", field="cursor"
        ) from None


def cursor_number(text: str) -> int:
    """A kind for `cursor_decode`: a number as rows have one. Raises ValueError."""
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number


class _Taken(NamedTuple):
    epoch: UUID | None
    position: int


def applied(conn: Connection, source: str) -> Position | None:
    """How far this service's consumers have all taken a source, in all of its partitions."""
    query = (
        "SELECT h.epoch, coalesce(h.position, 0) AS position FROM followed f CROSS JOIN generate_series(0, f.partitions - 1) AS p "
        "LEFT JOIN high_water h ON h.consumer = f.consumer AND h.source = f.source AND h.partition = p WHERE f.source = %s"
    )
    rows = fetch(conn, _Taken, query, [source])
    epochs = {row.epoch for row in rows if row.epoch is not None}
    if len(epochs) != 1:
        return None
    return Position(epochs.pop(), min(row.position for row in rows))


def parse_position(text: str) -> tuple[str, int]:
    """`enrollment:1234` as source and number. Raises Invalid."""
    source, _, number = text.strip().rpartition(":")
    if source not in SOURCES or not re.fullmatch("[0-9]{1,18}", number):
        raise Invalid("A position looks like enrollment:1234. Use the one from a command's answer.", field="at_least")
    return source, int(number)


def wait_for(database: Database, at_least: str | None, timeout: float) -> None:
    """Return once the read models have applied every named position (RPT-6); comma-separated for several.

    Raises NotYet after `timeout` seconds, Invalid for something that is no position.
    """
    deadline = time.monotonic() + timeout
    for source, number in map(parse_position, (at_least or "").split(",") if at_least else []):
        while True:
            with database.connection() as conn:
                reached = applied(conn, source)
            if reached is not None and reached.number >= number:
                break
            if time.monotonic() >= deadline:
                so_far = reached.number if reached else 0
                raise NotYet(
                    f"The report has reached {source}:{so_far}, but not yet {source}:{number}. Try again in a moment.",
                    field="at_least",
                )
            time.sleep(_POLL_SECONDS)
