"""What a change would make different, field by field: for whoever compares a file with what is there (CAT-16)."""

from collections.abc import Mapping

from pydantic import JsonValue

_NOTHING: tuple[JsonValue, ...] = (None, "", False, [], {})
"""What a new thing need not say."""


def differences(old: Mapping[str, JsonValue] | None, new: Mapping[str, JsonValue]) -> list[JsonValue]:
    """The fields that differ, each with the old and the new value. `old` None: it is not there yet, and every old value is null."""
    if old is None:
        return [{"field": name, "old": None, "new": value} for name, value in new.items() if value not in _NOTHING]
    names = [*new, *(name for name in old if name not in new)]
    changed = [name for name in names if old.get(name) != new.get(name)]
    return [{"field": name, "old": old.get(name), "new": new.get(name)} for name in changed]
