"""Reports as CSV, xlsx and Parquet: the rows of the list, chosen columns, formulas defused, memory bounded (RPT-4)."""

import csv
import io
import sys
import zipfile
from datetime import datetime
from uuid import uuid4

import pyarrow.parquet
import pytest
from python_calamine import CalamineWorkbook
from reporting.company import SOURCES, company
from reporting.harness import MEMBERSHIP, Harness, OpenHarness

from services.reporting.reports import files

FORMULA = "=HYPERLINK(1)"


def table(content: bytes) -> list[list[object]]:
    (sheet,) = CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet).to_python()


@pytest.mark.feature("RPT-4")
@pytest.mark.parametrize("name", SOURCES)
def test_every_report_is_exported_in_every_format_with_the_rows_of_its_list(harness: Harness, name: str) -> None:
    company(harness)
    listed = harness.report(name)
    columns = list(listed[0])

    def exported(format: str) -> bytes:
        answer = harness.http.get(f"/api/reporting/{name}.{format}")
        assert answer.status_code == 200, answer.text
        assert f'filename="{name}.{format}"' in answer.headers["content-disposition"]
        return answer.content

    rows = list(csv.reader(io.StringIO(exported("csv").decode("utf-8-sig"), newline="")))
    assert rows[0] == columns
    assert [row[0] for row in rows[1:]] == [str(row[columns[0]]) for row in listed]
    sheet = table(exported("xlsx"))
    assert sheet[0] == columns
    assert [row[0] for row in sheet[1:]] == [str(row[columns[0]]) for row in listed]
    parquet = pyarrow.parquet.read_table(io.BytesIO(exported("parquet"))).to_pylist()
    for told, row in zip(parquet, listed, strict=True):
        for column, value in row.items():
            found = told[column]
            if isinstance(found, datetime):
                assert found == datetime.fromisoformat(value), column
            else:
                assert (found if found is None or isinstance(found, bool | int) else str(found)) == value, column


@pytest.mark.feature("RPT-4", "RPT-3")
@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet"])
def test_an_export_has_only_the_chosen_columns_in_the_chosen_order(harness: Harness, format: str) -> None:
    company(harness)
    asked = {"columns": ["state", "last_name"], "sort": "person"}
    answer = harness.http.get(f"/api/reporting/completion.{format}", params=asked)
    if format == "csv":
        rows: object = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    elif format == "xlsx":
        rows = table(answer.content)
    else:
        found = pyarrow.parquet.read_table(io.BytesIO(answer.content))
        rows = [found.column_names, *([*row.values()] for row in found.to_pylist())]
    assert rows == [["state", "last_name"], ["completed", "North"], ["completed", "South"]]
    refused = harness.http.get(f"/api/reporting/completion.{format}", params={"columns": "salary"})
    assert (refused.status_code, refused.json()["field"]) == (422, "query.columns.0")


@pytest.mark.feature("RPT-4")
def test_a_workbook_holds_texts_as_texts_and_times_as_times(harness: Harness) -> None:
    course = harness.course(FORMULA)
    harness.enrol(harness.person("=1+1 @cmd"), offering=course, assignment=harness.assignment(course))
    harness.settle()
    content = harness.http.get(f"{MEMBERSHIP}.xlsx").content
    header, row = table(content)
    told = dict(zip(header, row, strict=True))
    assert (told["offering_title"], told["first_name"]) == (FORMULA, "=1+1")
    assert isinstance(told["assigned_at"], datetime)
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert FORMULA.encode() in sheet


@pytest.mark.feature("RPT-4")
def test_more_rows_than_a_sheet_has_are_refused_and_lead_to_another_format(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(harness)
    monkeypatch.setattr(files, "SHEET_ROWS", 1)
    refused = harness.http.get(f"{MEMBERSHIP}.xlsx")
    assert (refused.status_code, refused.json()["field"]) == (422, "format")
    assert "CSV or Parquet" in refused.json()["detail"]


@pytest.mark.feature("RPT-4")
def test_parquet_where_it_cannot_be_written_is_refused_with_what_is_missing(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused = harness.http.get(f"{MEMBERSHIP}.parquet")
    assert (refused.status_code, refused.json()["field"]) == (422, "format")
    assert "rollbook[parquet]" in refused.json()["detail"]


@pytest.mark.feature("RPT-4")
@pytest.mark.parametrize("format", ["xlsx", "parquet"])
def test_a_file_of_many_rows_is_read_from_the_database_in_portions(
    open_harness: OpenHarness, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    harness = open_harness()
    course = harness.course()
    harness.enrol(*(uuid4() for _ in range(25)), offering=course, assignment=harness.assignment(course))
    harness.settle()
    monkeypatch.setattr(files, "_ROWS", 4)
    content = harness.http.get(f"{MEMBERSHIP}.{format}").content
    if format == "xlsx":
        assert len(table(content)) == 26
    else:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(content))
        assert (file.metadata.num_rows, file.num_row_groups) == (25, 7)
