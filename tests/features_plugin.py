"""Binds docs/features.md to the tests: `@pytest.mark.feature("ASG-7")` names a promise that the test proves.

A test that names an id which is not in the list stops every run. In a full run, each feature that the list calls
done or partly done needs a passing test with its id, or the run fails. A full run is one without chosen paths,
`-k`, `-m`, `--lf`, `-x` or anything else that leaves tests out.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

FEATURES = Path("docs", "features.md")
_LINE = re.compile(r"^\| *(?P<id>[A-Z]{3}-[0-9]+) *\| *(?P<promise>.+?) *\| *(?P<state>[^|]*?) *\|$")
_PROPERTY = "feature"
_STATE = re.compile(r"^(done|open|partly: \S.*)$")


class Feature(NamedTuple):
    """One line of the list."""

    id: str
    promise: str
    state: str

    @property
    def claimed(self) -> bool:
        """The list says that users have it, whole or in part."""
        return self.state != "open"


class BadFeatureList(ValueError):
    """The list cannot be read; the message names the line."""


def read(path: Path) -> dict[str, Feature]:
    """The features by id. Raises BadFeatureList for a line that is no feature, a second id, or an unknown state."""
    found: dict[str, Feature] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not re.match(r"\| *[A-Z]{3}-", line):
            continue
        match = _LINE.match(line)
        if match is None:
            raise BadFeatureList(f"{path.name}:{number}: a feature's line is '| id | promise | state |'")
        feature = Feature(*match.group("id", "promise", "state"))
        if not _STATE.match(feature.state):
            raise BadFeatureList(f"{path.name}:{number}: a state is 'done', 'open' or 'partly: what is missing'")
        if feature.id in found:
            raise BadFeatureList(f"{path.name}:{number}: {feature.id} is there twice")
        found[feature.id] = feature
    return found


class FeatureCheck:
    """The check of one run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._features: dict[str, Feature] = {}
        self._proven: set[str] = set()
        self._whole = _asks_for_everything(config)
        self._unproven: list[str] = []

    def pytest_sessionstart(self) -> None:
        self._features = self._read()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        """Raises UsageError for an id that the list does not have. A report carries the ids of its test with it."""
        for item in items:
            item.user_properties += [(_PROPERTY, id) for id in _named_by(item)]
        unknown = sorted(f"{item.nodeid}: {id}" for item in items for id in _named_by(item) if id not in self._features)
        if unknown:
            raise pytest.UsageError(f"not in {FEATURES}:\n" + "\n".join(unknown))

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._whole = self._whole and not items

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed and not hasattr(report, "wasxfail"):
            self._proven |= {str(id) for name, id in report.user_properties if name == _PROPERTY}

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        stopped = session.shouldstop or session.shouldfail
        part = hasattr(session.config, "workerinput")  # one of several processes, which have the tests between them
        if not self._whole or stopped or part or session.config.option.collectonly:
            return
        self._unproven = [f.id for f in self._features.values() if f.claimed and f.id not in self._proven]
        if self._unproven and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._unproven:
            terminalreporter.section("features without proof", red=True)
            terminalreporter.line(f"{FEATURES} claims these, and no test with their id passed in this run:")
            terminalreporter.line(" ".join(self._unproven))
        modest = [id for id, f in self._features.items() if not f.claimed and id in self._proven]
        if modest and self._whole:
            terminalreporter.line(f"{FEATURES} calls these open, and a test with their id passed: " + " ".join(modest))

    def _read(self) -> dict[str, Feature]:
        try:
            return read(self._config.rootpath / FEATURES)
        except (OSError, BadFeatureList) as error:
            raise pytest.UsageError(str(error)) from error


def _named_by(item: pytest.Item) -> Iterable[str]:
    for marker in item.iter_markers("feature"):
        if not marker.args:
            raise pytest.UsageError(f"{item.nodeid}: the feature marker names no id")
        yield from (str(id) for id in marker.args)


def _asks_for_everything(config: pytest.Config) -> bool:
    """No paths beside the whole tree, and nothing that is known to leave tests out."""
    tree = {(config.rootpath / path).resolve() for path in config.getini("testpaths") or ["."]}
    asked = {(config.invocation_params.dir / argument).resolve() for argument in config.args}
    option = config.option
    narrowing = (option.keyword, option.markexpr, option.deselect, option.ignore, option.ignore_glob)
    chosen = any(narrowing) or getattr(option, "lf", False) or getattr(option, "stepwise", False)
    return not chosen and (tree <= asked or config.rootpath.resolve() in asked)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "feature(*ids): the ids of docs/features.md that the test proves")
    config.pluginmanager.register(FeatureCheck(config), "feature-check")
