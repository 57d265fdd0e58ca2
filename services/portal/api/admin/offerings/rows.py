"""Lists that a form edits by buttons: what is in each row travels with it, and nothing is stored before it is saved."""

from collections.abc import Sequence
from typing import TypeVar

R = TypeVar("R")


def rearranged(rows: Sequence[R], do: str) -> list[R]:
    """After a button was pressed: `up-N`, `down-N` and `remove-N` are about the row at place N; anything else leaves the rows."""
    what, _, told = do.partition("-")
    place = int(told) if told.isascii() and told.isdigit() else -1
    after = list(rows)
    if not 0 <= place < len(after):
        return after
    if what == "remove":
        del after[place]
    elif what in ("up", "down"):
        other = place + (1 if what == "down" else -1)
        if 0 <= other < len(after):
            after[place], after[other] = after[other], after[place]
    return after


def wrong_row(field: str, rows: str) -> tuple[int, str] | None:
    """The place and the part that a refusal is about: `course.activities.2.title` with `activities` is 2 and title."""
    parts = field.split(".")
    if rows in parts[:-2] and (told := parts[parts.index(rows) + 1]).isdigit():
        return int(told), parts[-1]
    return None
