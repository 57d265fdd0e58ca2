"""Runs the tests that reach a change, in a process of its own, until one of them notices.

Each judge keeps what costs time and is the same for every change: a PostgreSQL server with its migrated templates, and
the libraries, which are loaded before it forks. The change is never written anywhere: the forked process compiles the changed text.
"""

import ast
import importlib
import multiprocessing
import multiprocessing.util
import os
import select
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest
from folders import new_folder
from mutants.changes import Change

from shared.embedded import EmbeddedPostgres

FIRST, MOST, SECONDS = 25, 150, 150.0
"""So many of the cheapest tests at first; then one after another of each file, while so many tests and seconds are not used up."""


class Judge:
    """For one change at a time. To be entered before use."""

    def __init__(self, tree: Path, log: Path, patience: float) -> None:
        self._tree, self._log, self._patience = tree, log, patience
        self._kept = ExitStack()

    def __enter__(self) -> "Judge":
        folder = self._kept.enter_context(new_folder("rollbook-mutants-"))
        server = EmbeddedPostgres(folder, durable=False)
        server.start()
        self._kept.callback(server.stop)
        os.environ["ROLLBOOK_TESTS_SERVER"] = str(folder)
        os.chdir(self._tree)
        _load_libraries(self._tree)
        return self

    def __exit__(self, *raised: object) -> None:
        self._kept.close()

    def judge(self, change: Change, tests: dict[str, float]) -> str:
        """`caught`, `timeout` (caught too) or `survived`, by those tests, which pass without the change."""
        for ids, seconds in portions(tests):
            if (outcome := self._run(change, ids, self._patience + 10 * seconds)) != "survived":
                return outcome
        return "survived"

    def _run(self, change: Change, ids: Sequence[str], longest: float) -> str:
        """The child leads a group of its own, so that whatever it started ends with it."""
        child = os.fork()
        if child == 0:
            _test(self._tree, self._log, change, ids)
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(child, child)
        code = _wait(child, longest)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        if code is None:
            os.waitpid(child, 0)
            return "timeout"
        return "survived" if code == 0 else "caught"


def portions(tests: dict[str, float]) -> list[tuple[list[str], float]]:
    """What is run at once, in order, each with the seconds that it takes where nothing is wrong."""
    cheapest = sorted(tests, key=lambda id: (tests[id], id))
    first, left = cheapest[:FIRST], cheapest[FIRST:]
    ranks: dict[str, int] = {}
    order = []
    for id in left:
        file = id.split("::")[0]
        ranks[file] = ranks.get(file, -1) + 1
        order.append((ranks[file], tests[id], id))
    rest, used = [], 0.0
    for _, seconds, id in sorted(order)[: MOST - FIRST]:
        if used + seconds <= SECONDS or not rest:
            rest.append(id)
            used += seconds
    return [(ids, sum(tests[id] for id in ids)) for ids in (first, rest) if ids]


def _wait(child: int, longest: float) -> int | None:
    """Its exit code, or None where it is not done in time."""
    watched = os.pidfd_open(child)
    try:
        if not select.select([watched], [], [], longest)[0]:
            return None
    finally:
        os.close(watched)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _test(tree: Path, log: Path, change: Change, ids: Sequence[str]) -> None:
    """In the child: never returns."""
    try:
        os.setpgid(0, 0)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        _install(tree / change.path, change.changed)
        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(tree), *ids]))
    except BaseException as error:  # whatever it is, the parent must not go on twice
        print(repr(error), file=sys.stderr)
        code = 1
    sys.stdout.flush()
    os._exit(code)


def _install(path: Path, changed: str) -> None:
    """Whoever loads this module gets the changed one."""
    original = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str):  # type: ignore[no-untyped-def]
        if Path(self.path) == path:
            return compile(changed, self.path, "exec", dont_inherit=True)
        return original(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


def _load_libraries(tree: Path) -> None:
    """Everything that the code under test imports, itself not: and forget what the judge needed of it."""
    names = {"pytest", "hypothesis", "_pytest.assertion.rewrite"}
    for file in [*tree.glob("shared/**/*.py"), *tree.glob("services/**/*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
    for name in sorted(names):
        if name.split(".")[0] not in OURS:
            with suppress(ImportError):
                importlib.import_module(name)
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
    sys.path[:0] = [str(tree), str(tree / "tests")]


OURS = frozenset({"shared", "services", "benchmarks", "folders", "features_plugin"})


SPAWN = multiprocessing.get_context("spawn")
_judges: list[Judge] = []
"""The one of this process of the pool."""


def enter(tree: Path, folder: Path, patience: float) -> None:
    judge = Judge(tree, folder / f"{multiprocessing.current_process().name}.log", patience)
    _judges.append(judge.__enter__())
    multiprocessing.util.Finalize(None, judge.__exit__, exitpriority=10)


def judge_one(change: Change, tests: dict[str, float]) -> str:
    return _judges[0].judge(change, tests)
