"""Files that are not a list of addresses are refused with the reason, within bounded memory and time (IMP-1, IMP-5)."""

import io
import os
import struct
import sys
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from enrollment.harness import Harness, OpenHarness
from httpx import Response
from sheets import SHEET, bomb, edited, packed, parts, xlsx

from services.enrollment import spreadsheets
from services.enrollment.application.imports.learners import LearnerImport

MEMORY, SECONDS = 150_000_000, 5
GOOD = xlsx(["ada@example.org"])
THREE = xlsx(["ada@example.org", "bob@example.org", "cy@example.org"])
RELATIONS = "xl/_rels/workbook.xml.rels"
OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MARKUP = (
    b"""<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>"""
)


def with_part(name: str, content: bytes) -> bytes:
    return packed({**parts(GOOD), name: content})


def external(type: bytes, target: bytes) -> bytes:
    link = b'<Relationship Id="r9" Type="%s/%s" Target="%s" TargetMode="External"/></R' % (OFFICE, type, target)
    return edited(GOOD, RELATIONS, b"</R", link)


def locked() -> bytes:
    """As `zip --encrypt` marks its members."""
    body = bytearray(GOOD)
    begin = body.index(b"PK\x01\x02")
    body[begin + 8 : begin + 10] = struct.pack("<H", 1)
    return bytes(body)


def twice() -> bytes:
    """Two parts of one name: which of them is read would depend on the reader."""
    body = io.BytesIO(GOOD)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(body, "a") as archive:
        archive.writestr(SHEET, parts(GOOD)[SHEET])
    return body.getvalue()


def flipped() -> bytes:
    """One byte of a part is another than its checksum says."""
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        for name, content in parts(GOOD).items():
            archive.writestr(name, content)
    return plain.getvalue().replace(b"ada@example.org", b"bob@example.org")


def hidden(book: object, _: object) -> None:
    sheet = book.add_worksheet()  # type: ignore[attr-defined]
    sheet.write("A1", "bob@example.org")
    sheet.hide()


def chart(book: object, _: object) -> None:
    drawn = book.add_chart({"type": "column"})  # type: ignore[attr-defined]
    drawn.add_series({"values": "=Sheet1!$A$1:$A$1"})
    book.add_chartsheet().set_chart(drawn)  # type: ignore[attr-defined]


def middle(cell: bytes) -> bytes:
    """With another cell in the second of three rows."""
    return edited(THREE, SHEET, b'<c r="A2" t="s"><v>1</v></c>', cell)


def second(string: bytes) -> bytes:
    """With another shared string in the second of three rows."""
    return edited(THREE, "xl/sharedStrings.xml", b"<si><t>bob@example.org</t></si>", string)


def again() -> bytes:
    """Its third row is called the second one, too."""
    return edited(edited(THREE, SHEET, b'<row r="3"', b'<row r="2"'), SHEET, b'"A3"', b'"A2"')


READ: dict[str, Callable[[], bytes]] = {
    "CDATA in the cell": lambda: middle(b'<c r="A2" t="inlineStr"><is><t>bob@<![CDATA[example.org]]></t></is></c>'),
    "CDATA in a shared string": lambda: second(b"<si><t><![CDATA[bob@example.org]]></t></si>"),
    "runs in the cell": lambda: middle(
        b'<c r="A2" t="inlineStr"><is><r><t>bob@</t></r><r><rPr><b/></rPr><t>example.org</t></r></is></c>'
    ),
    "runs in a shared string": lambda: second(b"<si><r><t>bob@</t></r><r><t>example.org</t></r></si>"),
    "a value that is a string": lambda: middle(b'<c r="A2" t="str"><v>bob@example.org</v></c>'),
    "a row of a number that was before": lambda: edited(THREE, SHEET, b'<row r="3"', b'<row r="2"'),
}
CASES: dict[str, Callable[[], bytes]] = {
    "missing: nothing": lambda: b"",
    "text: CSV under the name of an xlsx file": lambda: b"email\nada@example.org\n",
    "pdf: PDF": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "xls: a file of Excel 97": lambda: bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "Workbook".encode("utf-16-le"),
    "encrypted: with a password": lambda: (
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    ),
    "encrypted: a locked archive": locked,
    "not-xlsx: a picture": lambda: b"\x89PNG\r\n\x1a\n\0\0",
    "not-xlsx: a spreadsheet of LibreOffice (ods)": lambda: packed(
        {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"}
    ),
    "not-xlsx: binary (xlsb)": lambda: packed({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"\0"}),
    "damaged: half a file": lambda: GOOD[: len(GOOD) // 2],
    "damaged: a byte has flipped": flipped,
    "damaged: two parts of one name": twice,
    "damaged: no XML": lambda: edited(GOOD, SHEET, b"</worksheet>", b"</workshop>"),
    "damaged: no such sheet": lambda: packed({n: c for n, c in parts(GOOD).items() if n != SHEET}),
    "damaged: another part in the place of the sheet": lambda: edited(GOOD, RELATIONS, b"worksheets/sheet1", b"styles"),
    "damaged: a row that no sheet has": lambda: edited(GOOD, SHEET, b'r="A1"', b'r="A9999999"'),
    "damaged: a column that is none": lambda: edited(GOOD, SHEET, b'r="A1"', b'r="1A"'),
    "damaged: elements within elements": lambda: with_part("xl/deep.xml", b"<a>" * 300_000),
    "empty: only a heading": lambda: xlsx(["E-mail"]),
    "second-column: a name beside an address": lambda: xlsx(
        ["ada@example.org"], lambda _, sheet: sheet.write("B7", "Ada")
    ),
    "second-column: far away": lambda: xlsx(["ada@example.org"], lambda _, sheet: sheet.write("XFD1048576", 0)),
    "second-sheet: more addresses": lambda: xlsx(
        ["ada@example.org"], lambda book, _: book.add_worksheet().write("A1", "bob@example.org")
    ),
    "second-sheet: hidden": lambda: xlsx(["ada@example.org"], hidden),
    "second-sheet: a chart": lambda: xlsx(["ada@example.org"], chart),
    "second-sheet: one that the workbook does not name": lambda: with_part(
        "xl/worksheets/sheet9.xml", parts(GOOD)[SHEET]
    ),
    "formula: in a cell": lambda: xlsx(
        [], lambda _, sheet: sheet.write_formula("A3", '=B1&"@example.org"', None, "a@b.c")
    ),
    "formula: over several cells": lambda: xlsx([], lambda _, sheet: sheet.write_array_formula("A1:A3", "{=B1:B3}")),
    "macros: of Visual Basic": lambda: with_part("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0"),
    "macros: an xlsm file under another name": lambda: edited(
        GOOD,
        "[Content_Types].xml",
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    ),
    "macros: of Excel 4": lambda: with_part("xl/sheets/old.xml", b"<xm:macrosheet xmlns:xm='urn:x'/>"),
    "external-link: another workbook": lambda: with_part("xl/externalLinks/externalLink1.xml", b"<externalLink/>"),
    "external-link: a page": lambda: external(b"hyperlink", b"https://example.org/?a=1"),
    "external-link: a picture from elsewhere": lambda: external(b"image", b"mailto:ada@example.org"),
    "external-link: a query": lambda: with_part("xl/connections.xml", b"<connections/>"),
    "entities: that expand": lambda: with_part("xl/sharedStrings.xml", MARKUP + b"<sst><si><t>&c;</t></si></sst>"),
    "unread: a string in CDATA": lambda: middle(b'<c r="A2" t="str"><v><![CDATA[bob@example.org]]></v></c>'),
    "unread: the index of a string in CDATA": lambda: middle(b'<c r="A2" t="s"><v><![CDATA[1]]></v></c>'),
    "unread: a string, and a value": lambda: middle(
        b'<c r="A2" t="inlineStr"><is><t>bob@example.org</t></is><v>1</v></c>'
    ),
    "unread: a string, and a value that is empty": lambda: middle(
        b'<c r="A2" t="inlineStr"><is><t>bob@example.org</t></is><v></v></c>'
    ),
    "unread: a value, and a string": lambda: middle(
        b'<c r="A2" t="inlineStr"><v>1</v><is><t>bob@example.org</t></is></c>'
    ),
    "unread: two values": lambda: middle(b'<c r="A2" t="s"><v>1</v><v>2</v></c>'),
    "unread: text without its element": lambda: middle(b'<c r="A2" t="inlineStr"><is>bob@example.org</is></c>'),
    "unread: a cell twice": again,
    "formula: without its value": lambda: middle(b'<c r="A2" t="str"><f>B1</f></c>'),
    "too-many-rows: more than are allowed": lambda: xlsx([f"p{n}@example.org" for n in range(5_001)]),
    "inflates: eight gigabytes in half a megabyte": lambda: bomb(GOOD, members=20, megabytes=400),
    "inflates: a part that has more than it says": lambda: bomb(GOOD, members=1, megabytes=400, declared=1_000),
    "inflates: thousands of parts": lambda: packed({**parts(GOOD), **{f"xl/{n}.xml": b"<a/>" for n in range(2_000)}}),
}


@pytest.fixture
def harness(open_harness: OpenHarness) -> Harness:
    """With Ada, and a service that reads one file at a time, within little memory and time."""
    limits = {"spreadsheet_memory": MEMORY, "spreadsheet_seconds": SECONDS, "spreadsheet_rows": 5_000}
    harness = open_harness(spreadsheet_readers=1, spreadsheet_bytes=1_000_000, **limits)
    harness.named("Ada", "Lovelace", "ada@example.org")
    return harness


@pytest.fixture
def course(harness: Harness) -> UUID:
    id = harness.course("First aid")
    harness.settle()
    return id


def send(harness: Harness, offering: UUID, body: bytes) -> Response:
    answer: Response = harness.http.post(f"/api/enrollment/offerings/{offering}/learners/import", content=body)
    return answer


def refusal(harness: Harness, offering: UUID, body: bytes) -> dict[str, object]:
    answer = send(harness, offering, body)
    assert answer.status_code == 422, answer.text
    problem: dict[str, object] = answer.json()
    assert problem["field"] == "file"
    return {**problem, "kind": str(problem["type"]).removeprefix("urn:rollbook:problem:spreadsheet-")}


@pytest.mark.feature("IMP-1", "IMP-5")
def test_whatever_is_not_a_plain_list_is_refused_with_the_reason_and_changes_nothing(
    harness: Harness, course: UUID
) -> None:
    found = {case: refusal(harness, course, make())["kind"] for case, make in CASES.items()}
    assert found == {case: case.partition(":")[0] for case in CASES}
    assert harness.told() == []
    assert send(harness, course, GOOD).json()["result"]["counts"]["assigned"] == 1


@pytest.mark.feature("IMP-1", "IMP-5")
@pytest.mark.parametrize("case", READ)
def test_a_value_is_read_however_it_is_written(harness: Harness, course: UUID, case: str) -> None:
    harness.named("Bob", "Noyce", "bob@example.org")
    harness.settle()
    rows = send(harness, course, READ[case]()).json()["result"]["rows"]
    assert [(row["row"], row["outcome"]) for row in rows] == [(1, "assigned"), (2, "assigned"), (3, "unknown")]


@pytest.mark.feature("IMP-1", "IMP-2")
def test_a_row_with_a_shared_string_that_is_empty_is_blank(harness: Harness, course: UUID) -> None:
    rows = send(harness, course, second(b"<si><t> </t></si>")).json()["result"]["rows"]
    assert [(row["row"], row["outcome"]) for row in rows] == [(1, "assigned"), (3, "unknown")]


@pytest.mark.feature("IMP-1")
def test_a_refusal_says_where_and_what_to_do(harness: Harness, course: UUID) -> None:
    assert refusal(harness, course, CASES["second-column: far away"]())["detail"] == (
        "Cell XFD1048576 is in a second column. The sheet must have one column of e-mail addresses; delete the others."
    )
    assert str(refusal(harness, course, CASES["formula: in a cell"]())["detail"]).startswith(
        "Cell A3 has a formula. Paste"
    )
    assert str(refusal(harness, course, CASES["unread: two values"]())["detail"]).startswith("Row 2 cannot be read")
    text = refusal(harness, course, CASES["text: CSV under the name of an xlsx file"]())
    assert "Save the list as 'Excel workbook (.xlsx)'" in str(text["detail"])


@pytest.mark.feature("IMP-5")
@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("inflates")])
def test_a_bomb_is_refused_by_what_it_says_of_itself_before_the_limits_of_its_process_strike(
    harness: Harness, course: UUID, case: str
) -> None:
    body = CASES[case]()
    assert len(body) < 500_000
    began = time.monotonic()
    assert refusal(harness, course, body)["kind"] == "inflates"
    assert time.monotonic() - began < SECONDS


@pytest.mark.feature("IMP-5")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds RLIMIT_AS")
def test_what_slips_through_is_stopped_by_the_limit_of_memory(harness: Harness, course: UUID) -> None:
    """One text of 30 KB that is shown by every cell: small as a file, too much as values."""
    few, many = (xlsx(["x" * 30_000 + "@example.org"] * rows) for rows in (200, 5_000))
    assert send(harness, course, few).json()["result"]["counts"]["malformed"] == 100
    began = time.monotonic()
    problem = refusal(harness, course, many)
    assert (problem["kind"], time.monotonic() - began < SECONDS) == ("unreadable", True)
    assert f"within {MEMORY} bytes of memory (ROLLBOOK_SPREADSHEET_MEMORY)" in str(problem["detail"])


_CONFINED = (
    f"import runpy, sys\nchild = runpy.run_path({str(spreadsheets.PROGRAM)!r})\n"
    "child['confine'](int(sys.argv[1]), int(sys.argv[2]))\n"
)


def refused_by(
    harness: Harness, course: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, body: bytes = GOOD
) -> dict[str, object]:
    """What comes of it when the process that reads is this program."""
    (tmp_path / "program.py").write_text(program)
    monkeypatch.setattr(spreadsheets, "PROGRAM", tmp_path / "program.py")
    return refusal(harness, course, body)


@pytest.mark.feature("IMP-5")
@pytest.mark.parametrize(
    "program",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "raise SystemExit(3)",
        'print(\'[1, "text", "ada@example.org"]\'); raise SystemExit(3)',
        'print(\'[1, "text", "ada@example.org"]\')',
        'print(\'[1, "text", "ada@example.org"]\\n{"end": 2}\')',
        'print(\'{"refused": "something new"}\')',
        "print('[1, \"text\"')",
        "print('\\0' * 1000)",
        'while True: print(\'[1, "text", "ada@example.org"]\')',
        "import sys; sys.stdin.close()",
    ],
)
def test_a_reader_that_crashes_is_killed_or_talks_nonsense_is_an_unreadable_file(
    harness: Harness, course: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str
) -> None:
    assert refused_by(harness, course, monkeypatch, tmp_path, program)["kind"] == "unreadable"
    assert harness.told() == []


@pytest.mark.feature("IMP-5")
@pytest.mark.parametrize("program", [_CONFINED + "while True: pass", "import time; time.sleep(60)"])
def test_time_is_bounded_by_what_is_computed_and_by_the_clock(
    harness: Harness, course: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str
) -> None:
    limits = harness.service.app.state.services[LearnerImport]._workbooks
    monkeypatch.setattr(limits, "_limits", spreadsheets.Limits(1_000_000, 64_000_000, 1_000, MEMORY, 1, 1))
    began = time.monotonic()
    problem = refused_by(harness, course, monkeypatch, tmp_path, program, GOOD + b"\0" * 500_000)
    assert time.monotonic() - began < SECONDS
    assert "in 1 seconds (ROLLBOOK_SPREADSHEET_SECONDS)" in str(problem["detail"])


@pytest.mark.feature("IMP-5")
def test_the_reader_has_no_environment_no_open_file_and_no_way_to_write_one(
    harness: Harness, course: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROLLBOOK_PAYMENT_SECRET", "a secret")
    program = (
        "import json, os\n"
        "def is_open(n):\n    try:\n        os.fstat(n)\n    except OSError:\n        return False\n    return True\n"
        f"def can_write():\n    try:\n        with open({str(tmp_path / 'written')!r}, 'wb', 0) as file:\n"
        "            return file.write(b'x') == 1\n    except OSError:\n        return False\n"
        "found = [*(set(os.environ) - {'LC_CTYPE'}), *filter(is_open, range(3, 64)), *(['writes'] if can_write() else [])]\n"
        "print(json.dumps({'refused': 'macros' if found else 'pdf'}))\n"
    )
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        assert (
            refused_by(harness, course, monkeypatch, tmp_path, program)["kind"] == "macros"
        )  # without confining itself
        assert refused_by(harness, course, monkeypatch, tmp_path, _CONFINED + program)["kind"] == "pdf"


@pytest.mark.feature("IMP-5")
def test_so_many_files_are_read_at_once_and_a_large_one_is_not_read_at_all(
    harness: Harness, course: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    large = send(harness, course, b"\0" * 1_000_001)
    assert (large.status_code, "ROLLBOOK_SPREADSHEET_BYTES" in large.json()["detail"]) == (413, True)
    reader = harness.service.app.state.services[LearnerImport]._workbooks
    monkeypatch.setattr(reader, "_limits", spreadsheets.Limits(1_000_000, 64_000_000, 1_000, MEMORY, 1, 1))
    (tmp_path / "program.py").write_text("import time; time.sleep(60)")
    monkeypatch.setattr(spreadsheets, "PROGRAM", tmp_path / "program.py")
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: send(harness, course, GOOD), range(2)))
    assert sorted(answer.status_code for answer in answers) == [422, 503]
