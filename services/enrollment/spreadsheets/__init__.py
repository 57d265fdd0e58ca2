"""Spreadsheets, read in a process of its own with hard limits: a hostile file costs bounded memory and time (IMP-5)."""

import contextlib
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.errors import Busy, Invalid, TooLarge

PROGRAM = Path(__file__).with_name("child.py")

_SAVE = "Save the list as 'Excel workbook (.xlsx)' with one column of addresses, and send that."
_REFUSALS = {
    "text": f"This is a text file (CSV, perhaps), not an xlsx file, whatever its name says. {_SAVE}",
    "pdf": f"This is a PDF, not an xlsx file, whatever its name says. {_SAVE}",
    "xls": f"This file is from an older version of Excel (xls), or from another Office program. {_SAVE}",
    "not-xlsx": f"This is not an xlsx file. {_SAVE}",
    "encrypted": "The file is encrypted. Remove its password, and send it again.",
    "damaged": f"The file is damaged, or was not written by Excel or LibreOffice. Open it in one of them. {_SAVE}",
    "entities": "The file declares XML entities or document types, which no spreadsheet program writes, so it was not read.",
    "macros": f"The file contains macros. {_SAVE}",
    "external-link": "The file has links to other files, data or addresses (other than the mailto: links that "
    "Excel creates for e-mail "
    "addresses). Remove them, or paste the addresses as values into a new file.",
    "formula": "Cell {at} has a formula. Paste the addresses as values (Paste special, Values), and save again.",
    "second-sheet": "Only the first visible sheet may have content; this file has content on another sheet, perhaps a hidden one. "
    "Delete the other sheets.",
    "unread": "Row {at} cannot be read as it is written: it has two values, or one in a form that no spreadsheet program writes "
    "(such as CDATA). Paste the addresses as values into a new file, and send that.",
    "second-column": "Cell {at} is in a second column. The sheet must have one column of e-mail addresses; delete the others.",
}


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes. `seconds` of computing, and twice as many by the clock; `at_once`: files that are read beside each other."""

    size: int
    inflated: int
    rows: int
    memory: int
    seconds: int
    at_once: int


class Cell(NamedTuple):
    """A cell with something in it. `text` has no blanks around it, and is empty where the kind is not text."""

    row: int
    kind: Literal["text", "number", "date", "boolean", "error"]
    text: str


class _Refused(BaseModel):
    refused: str
    at: str = ""


class _End(BaseModel):
    end: int


_LINE: TypeAdapter[Cell | _End | _Refused] = TypeAdapter(Cell | _End | _Refused)


class SpreadsheetReader:
    """Reads spreadsheets of one column."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turns = threading.BoundedSemaphore(limits.at_once)

    def read(self, body: bytes) -> list[Cell]:
        """What the only column holds, in order, without blank rows. Raises Invalid, TooLarge or Busy, which say what to do."""
        if len(body) > self._limits.size:
            raise TooLarge(
                f"A spreadsheet can have at most {self._limits.size} bytes (ROLLBOOK_SPREADSHEET_BYTES). Send it in parts.",
                field="file",
            )
        if not body:
            raise Invalid(f"The request contains no file. {_SAVE}", field="file", kind="spreadsheet-missing")
        if not self._turns.acquire(timeout=self._limits.seconds):
            raise Busy(
                "Too many spreadsheets are being read at once (ROLLBOOK_SPREADSHEET_READERS). Try again in a moment."
            )
        try:
            output, in_time = self._run(body)
        finally:
            self._turns.release()
        return self._cells(output, in_time)

    def _run(self, body: bytes) -> tuple[bytes, bool]:
        """What the process said, and whether it ended in time. It inherits no environment and no open file."""
        limits = (self._limits.memory, self._limits.seconds, self._limits.inflated, self._limits.rows)
        most = self._limits.inflated + 100 * self._limits.rows
        with subprocess.Popen(
            [sys.executable, "-I", str(PROGRAM), *map(str, limits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            start_new_session=True,
        ) as child:
            clock = threading.Timer(2 * self._limits.seconds, child.kill)
            feeding = threading.Thread(target=_feed, args=(child, body), daemon=True)
            clock.start()
            feeding.start()
            assert child.stdout is not None
            output = child.stdout.read(most)
            if len(output) == most:
                child.kill()
            code = child.wait()
            rang = clock.finished.is_set()
            clock.cancel()
            feeding.join()
        return output if code == 0 else b"", not rang and code != -signal.SIGXCPU

    def _cells(self, output: bytes, in_time: bool) -> list[Cell]:
        try:
            *found, last = [_LINE.validate_json(line) for line in output.removesuffix(b"\n").split(b"\n")]
        except ValidationError:
            raise self._failed(in_time) from None
        if isinstance(last, _Refused) and not found:
            raise self._refused(last, in_time)
        cells = [one for one in found if isinstance(one, Cell)]
        if not isinstance(last, _End) or not last.end == len(cells) == len(found):
            raise self._failed(in_time)
        return cells

    def _refused(self, refusal: _Refused, in_time: bool) -> Invalid:
        sizes = {
            "inflates": "The file is compressed more than any list of addresses: unpacked it is larger than "
            f"{self._limits.inflated} bytes (ROLLBOOK_SPREADSHEET_INFLATED_BYTES), or larger than it declares.",
            "too-many-rows": f"A sheet can have at most {self._limits.rows} rows with content "
            "(ROLLBOOK_SPREADSHEET_ROWS). Send it in parts.",
        }
        detail = {**_REFUSALS, **sizes}.get(refusal.refused)
        if detail is None or len(refusal.at) > 10:
            return self._failed(in_time)
        return Invalid(detail.replace("{at}", refusal.at), field="file", kind=f"spreadsheet-{refusal.refused}")

    def _failed(self, in_time: bool) -> Invalid:
        if in_time:
            what = f"within {self._limits.memory} bytes of memory (ROLLBOOK_SPREADSHEET_MEMORY)"
        else:
            what = f"in {self._limits.seconds} seconds (ROLLBOOK_SPREADSHEET_SECONDS)"
        detail = f"The file could not be read {what}. Paste the addresses as values into a new file, and send that."
        return Invalid(detail, field="file", kind="spreadsheet-unreadable")


def _feed(child: subprocess.Popen[bytes], body: bytes) -> None:
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError), child.stdin:
        child.stdin.write(body)
