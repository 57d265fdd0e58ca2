"""A pytest plugin: which lines each test reaches and how long it takes, written as JSON where MUTANTS_MAP says.

Loaded by `-p mutants.watching`. The lines come from coverage.py, with one of its contexts for each test.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest


class Watch:
    """Starts before the code under test is imported, so it must be made when the plugin is loaded."""

    def __init__(self, root: Path, to: Path) -> None:
        self._root, self._to = root, to
        self._seconds: dict[str, float] = {}
        self._kafka: set[str] = set()
        self._failed: set[str] = set()
        self._coverage = coverage.Coverage(
            data_file=None, source=[str(root / "services"), str(root / "shared")], config_file=False, messages=False
        )
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        if "kafka" in getattr(item, "fixturenames", ()):
            self._kafka.add(item.nodeid)
        began = time.perf_counter()
        try:
            return (yield)
        finally:
            self._seconds[item.nodeid] = round(time.perf_counter() - began, 3)
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        lines: dict[str, dict[str, list[int]]] = {id: {} for id in self._seconds}
        data = self._coverage.get_data()
        for file in data.measured_files():
            name = str(Path(file).relative_to(self._root))
            for line, contexts in data.contexts_by_lineno(file).items():
                for context in contexts:
                    if context in lines:
                        lines[context].setdefault(name, []).append(line)
        found = {
            id: {"seconds": seconds, "kafka": id in self._kafka, "lines": lines[id]}
            for id, seconds in self._seconds.items()
            if id not in self._failed
        }
        self._to.write_text(json.dumps(found))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(watch, "mutants-watch")


watch = Watch(Path.cwd(), Path(os.environ["MUTANTS_MAP"]))
