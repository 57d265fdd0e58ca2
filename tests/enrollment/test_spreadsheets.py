"""Learners from a spreadsheet: what a row becomes (IMP-1 to IMP-5)."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from enrollment.client import MANAGER
from enrollment.harness import Harness, OpenHarness
from httpx import Response
from sheets import libreoffice, xlsx

from services.enrollment.application.assignments.commands import AssignmentCommands
from shared.contracts import directory


def send(
    harness: Harness, offering: UUID, body: bytes, key: str | None = None, by: Any = None, **asked: object
) -> Response:
    answer: Response = (by or harness.http).post(
        f"/api/enrollment/offerings/{offering}/learners/import",
        params={name: str(value) for name, value in asked.items()},
        content=body,
        headers={"Idempotency-Key": key or str(uuid4())},
    )
    return answer


def imported(
    harness: Harness, offering: UUID, body: bytes, key: str | None = None, by: Any = None, **asked: object
) -> Any:
    answer = send(harness, offering, body, key, by, **asked)
    assert answer.status_code == (202 if answer.json()["result"]["jobs"] else 200), answer.text
    return answer.json()["result"]


def outcomes(report: Any) -> list[tuple[int, str]]:
    return [(row["row"], row["outcome"]) for row in report["rows"]]


@pytest.fixture
def staffed(harness: Harness) -> Harness:
    """Ada, Bob and Cem; Dan is not active."""
    for name in ("Ada", "Bob", "Cem", "Dan"):
        id = harness.named(name, "Lovelace", f"{name.lower()}@example.org")
    harness.tell(harness.directory, directory.PersonDeactivated, id, why="feed")
    harness.settle()
    return harness


@pytest.fixture
def course(staffed: Harness) -> UUID:
    id = staffed.course("First aid")
    staffed.settle()
    return id


MIXED = xlsx(
    [
        *["E-mail", " ADA@Example.org ", None, "bob@example.org", "  ", "ada@example.ORG", "nobody@example.org"],
        *["dan@example.org", 5, True, date(2026, 1, 31), "not an address", "two@at@example.org"],
        *["with blank@example.org", "a@" + "b" * 320],
    ]
)
EXPECTED = [
    *[(2, "assigned"), (4, "assigned"), (6, "duplicate"), (7, "unknown"), (8, "inactive"), (9, "malformed")],
    *[(10, "malformed"), (11, "malformed"), (12, "malformed"), (13, "malformed"), (14, "malformed"), (15, "malformed")],
]


@pytest.mark.feature("ASG-1", "ASG-5", "IMP-1", "IMP-2", "IMP-3")
def test_each_row_that_is_not_blank_has_an_outcome_and_whom_it_names_is_assigned(
    staffed: Harness, course: UUID
) -> None:
    report = imported(staffed, course, MIXED)
    assert outcomes(report) == EXPECTED
    assert report["heading"] == 1
    assert report["counts"] == {
        **{"assigned": 2, "already-assigned": 0, "duplicate": 1, "unknown": 1, "inactive": 1},
        **{"malformed": 7, "not-imported": 0},
    }
    assert report["rows"][2]["detail"] == "The same address as in row 2."
    assert [row["detail"] for row in report["rows"][5:8]] == [
        f"This cell contains {what}, not text." for what in ("a number", "TRUE or FALSE", "a date")
    ]
    staffed.settle()
    assert staffed.enrolled(course) == {UUID(row["person_id"]) for row in report["rows"][:2]}
    shown = staffed.http.get(f"/api/enrollment/assignments/{report['rows'][0]['assignment_id']}").json()
    assert (shown["type"], shown["target_id"]) == ("individual", report["rows"][0]["person_id"])


@pytest.mark.feature("IMP-3")
def test_no_account_is_created_and_only_enrollments_follow(staffed: Harness, course: UUID) -> None:
    imported(staffed, course, MIXED)
    staffed.settle()
    assert set(staffed.told()) == {"AssignmentCreated", "LearnerAssigned"}
    with staffed.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM profile").fetchone() == (4,)


@pytest.mark.feature("IMP-1")
def test_a_first_cell_with_an_at_is_an_entry_and_any_one_column_will_do(staffed: Harness, course: UUID) -> None:
    report = imported(
        staffed, course, xlsx([], lambda _, sheet: sheet.write_column("C3", ["ada@example.org", "bob@example.org"]))
    )
    assert report["heading"] is None
    assert outcomes(report) == [(3, "assigned"), (4, "assigned")]


@pytest.mark.feature("IMP-1")
def test_files_as_libreoffice_writes_them_and_links_that_excel_makes_of_addresses_are_read(
    staffed: Harness, course: UUID
) -> None:
    report = imported(staffed, course, libreoffice(["Mail", "ada@example.org", "bob@example.org"]))
    assert outcomes(report) == [(2, "assigned"), (3, "assigned")]
    linked = xlsx([], lambda _, sheet: sheet.write_url("A1", "mailto:cem@example.org", string="cem@example.org"))
    assert outcomes(imported(staffed, course, linked)) == [(1, "assigned")]


WRITTEN = Path(__file__).parent / "libreoffice"
"""Files that LibreOffice Calc 7.4 wrote."""


@pytest.mark.feature("IMP-1", "IMP-2", "IMP-3")
def test_a_file_that_libreoffice_wrote_is_read_with_its_blanks_upper_case_and_trailing_spaces(
    staffed: Harness, course: UUID
) -> None:
    report = imported(staffed, course, (WRITTEN / "staff.xlsx").read_bytes())
    assert report["heading"] == 1
    assert outcomes(report) == [(2, "assigned"), (4, "assigned"), (5, "duplicate"), (6, "unknown")]


@pytest.mark.feature("IMP-1", "IMP-5")
@pytest.mark.parametrize(("name", "kind"), [("two-columns", "second-column"), ("formula", "formula")])
def test_what_libreoffice_wrote_is_refused_for_a_second_column_and_for_a_formula(
    staffed: Harness, course: UUID, name: str, kind: str
) -> None:
    refused = send(staffed, course, (WRITTEN / f"{name}.xlsx").read_bytes())
    assert (refused.status_code, refused.json()["type"]) == (422, f"urn:rollbook:problem:spreadsheet-{kind}")
    assert staffed.told() == []


@pytest.mark.feature("ASG-2", "ASG-6")
def test_whoever_is_assigned_already_is_led_to_that_assignment(staffed: Harness, course: UUID) -> None:
    first = imported(staffed, course, xlsx(["ada@example.org"]))["rows"][0]
    (again, other) = imported(staffed, course, xlsx(["ada@example.org", "bob@example.org"]))["rows"]
    assert again["outcome"] == "already-assigned"
    assert (again["assignment_id"], again["person_id"]) == (first["assignment_id"], first["person_id"])
    assert other["outcome"] == "assigned"
    assert staffed.told().count("AssignmentCreated") == 2


@pytest.mark.feature("ASG-6")
def test_the_same_command_again_has_the_same_answer_and_another_file_under_its_id_is_refused(
    staffed: Harness, course: UUID
) -> None:
    first = send(staffed, course, MIXED, "once").json()
    assert send(staffed, course, MIXED, "once").json() == first
    assert staffed.told().count("AssignmentCreated") == 2
    other = send(staffed, course, xlsx(["cem@example.org"]), "once")
    assert (other.status_code, other.json()["type"]) == (409, "urn:rollbook:problem:command-id-reused")


@pytest.mark.feature("IMP-5")
def test_a_dry_run_gives_the_same_report_and_changes_nothing(staffed: Harness, course: UUID) -> None:
    imported(staffed, course, xlsx(["bob@example.org"]))
    staffed.settle()
    before = staffed.told()
    dry = imported(staffed, course, MIXED, "same", dry_run=True, limit=5)
    staffed.settle()
    assert staffed.told() == before
    with staffed.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM command WHERE key = 'same'").fetchone() == (0,)
    real = imported(staffed, course, MIXED, limit=5)
    assert [row["outcome"] for row in real["rows"][:3]] == ["assigned", "already-assigned", "duplicate"]
    new = real["rows"][0].pop("assignment_id")
    assert dry.pop("rows") == real.pop("rows")
    assert [dry.pop(name) for name in ("dry_run", "jobs")] == [True, []]
    assert [real.pop("dry_run"), len(real.pop("jobs"))] == [False, 1]
    assert dry == real
    assert new in staffed.http.get("/api/enrollment/assignments").text


@pytest.mark.feature("IMP-4")
def test_one_hundred_entries_are_imported_by_default_refused_ones_included_and_further_rows_are_reported(
    staffed: Harness, course: UUID
) -> None:
    file = xlsx(
        ["Address", "nobody@example.org", None, *["wrong"] * 98, "ada@example.org", "bob@example.org", None, "x"]
    )
    report = imported(staffed, course, file)
    assert (report["counts"]["malformed"], report["limit"]) == (98, 100)
    assert outcomes(report)[-3:] == [(102, "assigned"), (103, "not-imported"), (105, "not-imported")]
    more = imported(staffed, course, file, limit=101)
    assert outcomes(more)[-2:] == [(103, "assigned"), (105, "not-imported")]
    beyond = send(staffed, course, file, limit=100_001)
    assert (beyond.status_code, beyond.json()["field"]) == (422, "limit")
    assert "ROLLBOOK_LEARNERS_IMPORT_LIMIT" in beyond.json()["detail"]


@pytest.mark.feature("IMP-3", "SEC-2", "SEC-4")
def test_an_address_beyond_the_scope_is_reported_as_an_unknown_one(staffed: Harness, course: UUID) -> None:
    north, south = staffed.unit("North"), staffed.unit("South")
    staffed.named("Eve", "North", "eve@example.org", north)
    gone = staffed.named("Fay", "South", "fay@example.org", south)
    staffed.tell(staffed.directory, directory.PersonDeactivated, gone, why="feed")
    staffed.settle()
    manager = staffed.client(uuid4(), (MANAGER, north))
    file = xlsx(["eve@example.org", "fay@example.org", "ada@example.org", "nobody@example.org"])
    (seen, *others) = imported(staffed, course, file, by=manager)["rows"]
    assert seen["outcome"] == "assigned"
    assert [{**row, "row": 0} for row in others] == [{**others[2], "row": 0}] * 3
    assert others[2]["outcome"] == "unknown"
    refused = send(staffed, course, file, by=staffed.client(uuid4()))
    assert (refused.status_code, refused.json()["permission"]) == (403, "assign")


@pytest.mark.feature("IMP-1")
def test_an_offering_that_is_unknown_or_not_open_is_refused(staffed: Harness) -> None:
    draft = staffed.certification("Draft", published=False)
    staffed.settle()
    assert send(staffed, uuid4(), MIXED).status_code == 404
    assert send(staffed, draft, MIXED).status_code == 409
    assert staffed.told() == []


@pytest.mark.feature("DIR-12")
def test_no_address_is_in_a_report_or_a_stored_result(staffed: Harness, course: UUID) -> None:
    said = send(staffed, course, MIXED).text
    staffed.settle()
    with staffed.database.connection() as conn:
        rows = conn.execute("SELECT result::text FROM command UNION ALL SELECT args::text FROM job").fetchall()
    stored = [str(text) for (text,) in rows]
    assert len(stored) == 2
    assert [text for text in (said, *stored) if "@" in text or "example.org" in text.lower()] == []


@pytest.fixture
def small(open_harness: OpenHarness) -> Harness:
    """A transaction takes two entries of an import."""
    return open_harness(assignment_rows_limit=2)


@pytest.mark.feature("ASG-6", "ASG-22", "IMP-4")
def test_a_large_import_is_one_batch_in_parts_and_goes_on_where_it_was_interrupted(
    small: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [small.named("P", str(n), f"p{n}@example.org") for n in range(5)]
    course = small.course("First aid")
    small.settle()
    file = xlsx([f"p{n}@example.org" for n in (0, 1, 2, 0, 3, 4)])
    assigning = small.service.app.state.services[AssignmentCommands]
    create, parts = assigning.create, 0

    def interrupted(*given: Any, **more: Any) -> Any:
        nonlocal parts
        parts += 1
        if parts == 3:
            raise ConnectionError
        return create(*given, **more)

    monkeypatch.setattr(assigning, "create", interrupted)
    with pytest.raises(ConnectionError):
        send(small, course, file, "large")
    assert small.told().count("AssignmentCreated") == 3
    whole = send(small, course, file, "large").json()
    assert [outcome for _, outcome in outcomes(whole["result"])] == [*["assigned"] * 3, "duplicate", *["assigned"] * 2]
    assert parts == 4
    assert len(whole["result"]["jobs"]) == 3
    batch = small.http.get("/api/enrollment/assignments", params={"batch": whole["batch"]}).json()["items"]
    assert {item["target_id"] for item in batch} == {str(person) for person in people}
    small.settle()
    assert small.enrolled(course) == set(people)
    assert send(small, course, file, "large").json() == whole
