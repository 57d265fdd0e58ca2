"""A cursor that is not of this list is refused, clearly; with the cursor of another list too."""

from uuid import UUID

import pytest
from enrollment.harness import Harness

from shared.readmodel import cursor_encode

ID = UUID(int=1)
LISTS = [
    "assignments",
    f"assignments/{ID}/learners",
    "enrollments",
    "exceptions",
    "held-changes",
    "triggers",
    f"job-roles/{ID}/holders",
    f"batches/{ID}/irreversible",
    "offerings",
    "achievements",
]
OTHERS = [
    "nonsense",
    cursor_encode("two", "values"),
    cursor_encode("not an id"),
    cursor_encode("-1"),
    cursor_encode("2026-13-01", "\0"),
    cursor_encode(str(ID), str(2**63)),
]


@pytest.mark.parametrize("path", LISTS)
def test_the_cursor_of_another_list_is_refused(harness: Harness, path: str) -> None:
    for cursor in OTHERS:
        answer = harness.http.get(f"/api/enrollment/{path}", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["field"]) == (422, "cursor"), (path, cursor, answer.text)
