"""The commands of docs/tutorial.md and of the README, as a person types them, against a suite that `rollbook up` started."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from folders import new_folder
from running import REPOSITORY, Running, number, until

PEOPLE = 120
"""Instead of the tutorial's 10,000: the same commands, in seconds."""
DEMO_PEOPLE = 100
_END = "--- the block has ended ---"


class Terminal:
    """One shell for all blocks of a page: what a block sets, the next ones see. Entering starts it in an empty folder."""

    def __init__(self, suite: Running, folder: Path) -> None:
        self._suite = suite
        self._folder = folder

    def __enter__(self) -> Self:
        (self._folder / ".venv").symlink_to(sys.prefix)
        port = str(self._suite.smtp_port)
        environment = {"ROLLBOOK_BASE_URL": self._suite.url, "ROLLBOOK_SMTP_PORT": port, "COLUMNS": "200"}
        self._shell = subprocess.Popen(
            ["bash", "-e", "-o", "pipefail"],
            cwd=self._folder,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shell.communicate()

    def run(self, block: str) -> str:
        """What the commands print; every question is answered with y. Raises AssertionError when one of them fails."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        here = block.replace("http://127.0.0.1:8000", self._suite.url)
        self._shell.stdin.write(f"{{\n{here}\n}} <<< y\necho; echo '{_END}'\n")  # a question ends without a line's end
        self._shell.stdin.flush()
        said = []
        for line in self._shell.stdout:
            if line.strip() == _END:
                return "".join(said)
            said.append(line)
        raise AssertionError(f"a command failed, after: {''.join(said)}\nof: {block}")


def blocks(page: str) -> list[str]:
    """The shell commands of a page, for fewer people."""
    text = (REPOSITORY / page).read_text().replace("10000", str(PEOPLE)).replace("9999", str(PEOPLE - 1))
    return re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def suite() -> Iterator[Running]:
    with new_folder("rollbook-tutorial-") as data, Running(data, size=DEMO_PEOPLE, history=True) as running:
        running.wait_until_filled()
        yield running


@pytest.fixture
def terminal(suite: Running, tmp_path: Path) -> Iterator[Terminal]:
    with Terminal(suite, tmp_path) as opened:
        yield opened


@pytest.mark.feature("OPS-1", "DIR-8", "ASG-9", "ASG-10", "RPT-7", "AUD-2")
def test_the_commands_of_the_tutorial_do_what_it_says(terminal: Terminal, tmp_path: Path) -> None:
    account, people, assign, report, mails, move, remove, past, check = blocks("docs/tutorial.md")
    terminal.run(account)
    imported = terminal.run(people)
    assert number(r"unchanged\s+(\d+)", imported) == 4 + PEOPLE * 2
    until(lambda: f"will enrol {PEOPLE} learners" in terminal.run(_preview(assign)))
    assigned = terminal.run(assign)
    assert f"Adding this assignment will enrol {PEOPLE} learners to this certification" in assigned
    reached = str(number(r"--at-least enrollment:(\d+)", assigned))
    assert terminal.run(report.replace("NUMBER", reached)).split() == [str(PEOPLE)]
    assert len((tmp_path / "build" / "report.csv").read_text().splitlines()) == PEOPLE + 1
    until(lambda: terminal.run(mails).count('"recipient":') == 1)
    terminal.run(move)
    count = 'rollbook report --count --organisation "$CLINIC"'
    until(lambda: terminal.run(count).split() == [str(PEOPLE - 1)])
    until(lambda: terminal.run("mails p1@example.org").count('"recipient":') == 2)
    assert f"This will withdraw {PEOPLE - 1} learners from this certification" in terminal.run(remove)
    until(lambda: terminal.run(count).split() == ["0"])
    assert terminal.run(past).split() == ["0", str(PEOPLE - 1), "0"]
    said = terminal.run(check)
    assert "differences: 0" in said
    assert "not ok" not in said


def _preview(assign: str) -> str:
    """The same block, as somebody who answers no: enrollment hears of new people a moment after the directory."""
    return assign.rstrip() + " <<< n || true\n"


def test_the_ten_lines_of_the_readme_do_what_it_says(terminal: Terminal) -> None:
    (walk,) = blocks("README.md")
    assert len(walk.splitlines()) == 10
    said = terminal.run(walk)
    enrolled = number(r"will enrol (\d+) learners", said)
    assert re.findall(r"^(\d+)$", said, re.MULTILINE)[1] == "0", "yesterday"
    until(lambda: terminal.run("rollbook report --count --offering LIFTING").split() == [str(enrolled)])
    assert "differences: 0" in said
    assert "not ok" not in said
