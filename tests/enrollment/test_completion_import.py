"""Completions from former systems (ENR-13)."""

from datetime import date, timedelta

import pytest
from enrollment.harness import Harness

ADDRESS = "/api/enrollment/completions/import"
TOMORROW = date.today() + timedelta(days=1)


def sent(harness: Harness, text: str, *, dry_run: bool = False, key: str | None = None) -> dict[str, object]:
    answer = harness.http.post(
        ADDRESS,
        params={"dry_run": dry_run},
        content=text.encode(),
        headers={"Idempotency-Key": key} if key else {},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def outcomes(report: dict[str, object]) -> list[str]:
    rows = report["rows"]
    assert isinstance(rows, list)
    return [row["outcome"] for row in rows]


FILE = f"""person,offering,completed,expires,evidence
Ada@Example.org,first aid,2024-05-01,2029-04-30,Folder 7
bob@example.org,First aid,2024-05-01,,
nobody@example.org,First aid,2024-05-01,,
ada@example.org,Third aid,2024-05-01,,
ada@example.org,First aid,{TOMORROW},,
ada@example.org,First aid,1 May 2024,,
bob@example.org,First aid,2023-05-01,,
bob@example.org,First aid,2024-05-01,,
"""
EXPECTED = ["recorded", "recorded", "refused", "refused", "refused", "refused", "refused", "unchanged"]


@pytest.fixture
def staffed(harness: Harness) -> Harness:
    for name in ("Ada", "Bob"):
        harness.named(name, "Lovelace", f"{name.lower()}@example.org")
    harness.course("First aid", 1)
    harness.settle()
    return harness


@pytest.mark.feature("ENR-13")
def test_a_dry_run_says_the_same_and_changes_nothing_and_repeats_change_nothing(staffed: Harness) -> None:
    before = staffed.told()
    dry = sent(staffed, FILE, dry_run=True)
    assert (outcomes(dry), staffed.told()) == (EXPECTED, before)
    done = sent(staffed, FILE)
    assert done["rows"] == dry["rows"]
    assert (outcomes(done), done["recorded"], done["refused"]) == (EXPECTED, 2, 5)
    again = sent(staffed, FILE)
    assert outcomes(again) == ["unchanged", "unchanged", *EXPECTED[2:]]
    assert staffed.told().count("EnrollmentCompleted") == 2
    found = {one["valid_until"] for one in staffed.enrollments() if one["status"] == "completed"}
    assert found == {"2029-04-30", None}
    details = [row["detail"] for row in done["rows"] if row["detail"]]  # type: ignore[attr-defined]
    assert "is in the future" in details[2]
    assert "2026-01-31" in details[3]


@pytest.mark.feature("ENR-13")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,offering,completed\n", "Missing: person"),
        ("person,offering,completed,colour\n", "Not known: colour"),
        ("person,offering,completed\na,b\n", "Row 1 does not have the same number of columns"),
        ('person,offering,completed\n"a,b,c\n', "not valid CSV"),
    ],
)
def test_another_file_is_refused_with_the_reason(staffed: Harness, text: str, said: str) -> None:
    answer = staffed.http.post(ADDRESS, content=text.encode())
    assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text
    assert staffed.http.post(ADDRESS, content=b"person,offering,completed\n\xff,b,c\n").status_code == 422


@pytest.mark.feature("ENR-13", "SEC-2")
def test_it_takes_the_permission_and_stays_within_the_scope(staffed: Harness) -> None:
    north = staffed.unit("North")
    staffed.settle()
    assert staffed.client(staffed.person()).post(ADDRESS, content=FILE.encode()).status_code == 403
    manager = staffed.client(staffed.person(), ("enrollment-manager", north))
    assert manager.post(ADDRESS, content=FILE.encode()).json()["recorded"] == 0
