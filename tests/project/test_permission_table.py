"""The one table of permission roles is the same in code and docs (SEC-1)."""

import re
from pathlib import Path

import pytest

from shared.auth import ROLES, Permission

DOCS = Path(__file__).parents[2] / "docs" / "directory.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@pytest.mark.feature("SEC-1")
def test_the_table_of_the_docs_is_that_of_the_code() -> None:
    section = DOCS.read_text(encoding="utf-8").split("## Permission roles")[1].split("\n## ")[0]
    told = {name: {role.strip(" `") for role in roles.split(",")} for name, _, roles in ROW.findall(section)}
    assert told == {
        str(permission): {role for role, allowed in ROLES.items() if permission in allowed} for permission in Permission
    }
    without = {role for role, allowed in ROLES.items() if not allowed}
    assert {f"`{role}`" for role in without} == set(re.findall(r"`[a-z-]+`", section.rsplit("\n\n", 1)[1]))
