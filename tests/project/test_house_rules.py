"""The rules of the house that no other tool checks (CONTRIBUTING)."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from features_plugin import read
from pydantic.fields import FieldInfo

from shared.settings import Settings

ROOT = Path(__file__).parents[2]
CODE = sorted(path for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py"))
SOURCES = [*CODE, *sorted((ROOT / "tests").rglob("*.py"))]
TEXT = re.compile(r"\.(py|toml|lock|md|sql|html|txt|yaml|yml|json|csv|css|js|svg|sh|cfg|ini)$")
BUILT = frozenset(("build", "__pycache__", "node_modules"))

AREAS = {
    **{"CAT": 19, "DIR": 13, "ASG": 22, "IMP": 5, "GRP": 8, "DUE": 9, "ENR": 13, "TRG": 3, "APR": 8, "KEY": 12},
    **{"NTF": 8, "LRN": 8, "ADM": 6, "RPT": 7, "AUD": 5, "SEC": 6, "EVT": 5, "OPS": 8},
}
"""How many features each area of docs/features.md promises: an id never goes."""

MACHINE_PATH = re.compile(r"(?<![\w.:/}\-])/(?:work|farm|home|Users|root|tmp/lab)/[\w.]")
REGISTRY = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in [
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs"),
            ("maven", "org"),
            ("deb", "debian", "org"),
            ("archive", "ubuntu", "com"),
        ]
    )
)
INDEX_OPTION = re.compile(r"--(?:extra-)?index-url\s+\S|--find-links\s+\S|--trusted-host\s+\S")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def texts() -> Iterator[tuple[str, str]]:
    """Every text file of the tree, without what was built or is hidden; with the files of CI and the Makefile."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any((part.startswith(".") and part != ".ci") or part.endswith(".egg-info") for part in parts)
        if hidden or BUILT & set(parts) or not path.is_file():
            continue
        if TEXT.search(path.name) or path.name == "Makefile" or parts[0] == ".ci":
            yield name(path), path.read_text(errors="replace")


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{file}:{number}: {line.strip()[:120]}"
        for file, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_the_files_that_are_searched_are_those_of_the_whole_tree() -> None:
    searched = {file for file, _ in texts()}
    assert searched >= {
        "Makefile",
        "README.md",
        "pyproject.toml",
        "shared/events.py",
        "tests/conftest.py",
        "docs/operations.md",
    }


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    assert found(MACHINE_PATH) == []


def test_no_file_names_a_package_registry() -> None:
    assert found(REGISTRY) == []
    assert [line for line in found(INDEX_OPTION) if line.startswith("requirements")] == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE_PATH, 'PYTHON = "/work' + '/main/bin/python"'),
        (MACHINE_PATH, "see /home" + "/ada/notes"),
        (REGISTRY, "https://" + ".".join(["files", "pythonhosted", "org"]) + "/x"),
        (INDEX_OPTION, "--index-url " + "https://mirror/simple"),
    ],
)
def test_such_a_line_would_be_found(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


@pytest.mark.parametrize("line", ["/api/directory/people", "services/enrollment/home/", "https://host/home/x"])
def test_an_address_of_the_suite_is_not_a_machine_path(line: str) -> None:
    assert not MACHINE_PATH.search(line)


def test_no_source_file_is_longer_than_three_hundred_lines() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in CODE}
    assert {file: lines for file, lines in lengths.items() if lines > 300} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [name(path) for path in SOURCES if (text := path.read_text()).strip() and not _docstring(text)]
    assert silent == []


def _docstring(text: str) -> str | None:
    return ast.get_docstring(ast.parse(text))


def test_no_module_is_named_after_nothing() -> None:
    nothing = frozenset(["utils", "util", "helpers", "helper", "misc", "common"])
    assert [name(path) for path in SOURCES if path.stem in nothing or nothing & set(path.parts)] == []


def test_event_classes_are_in_the_contracts_and_nowhere_else() -> None:
    topics = re.compile(r"^\s+TOPIC\s*(?::|=)", re.MULTILINE)
    elsewhere = [name(p) for p in CODE if "contracts" not in p.parts and p != ROOT / "shared" / "events.py"]
    assert [file for file in elsewhere if topics.search((ROOT / file).read_text())] == []
    assert topics.search((ROOT / "shared" / "contracts" / "enrollment" / "grants.py").read_text())


def test_a_domain_imports_contracts_errors_events_and_the_standard_library_only() -> None:
    allowed = ("shared.contracts", "shared.errors", "shared.events")
    domains = [path for path in CODE if "domain" in (path.stem, *path.parent.parts)]
    assert domains
    foreign = [
        f"{name(path)}: {module}"
        for path in domains
        for module in _imports(path)
        if module.partition(".")[0] not in sys.stdlib_module_names
        and not module.startswith((*allowed, ".".join([*path.relative_to(ROOT).parts[:2], "domain"])))
    ]
    assert foreign == []


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield from (
                (f"{module}.{alias.name}" for alias in node.names) if module in ("shared", "services") else [module]
            )


def test_every_setting_is_in_the_operations_page_with_its_default() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    missing = [line for line in map(_setting, Settings.model_fields.items()) if line not in page]
    assert missing == []


def _setting(item: tuple[str, FieldInfo]) -> str:
    name, field = item
    default = field.get_default(call_default_factory=True)
    return f"| `ROLLBOOK_{name.upper()}` | {'empty' if default in ('', None, {}, []) else f'`{default}`'} |"


def test_the_feature_list_has_every_id_once_and_in_order() -> None:
    promised = [f"{area}-{number}" for area, count in AREAS.items() for number in range(1, count + 1)]
    assert list(read(ROOT / "docs" / "features.md")) == promised


def test_no_two_files_of_tests_have_one_name() -> None:
    """Python knows tests by their names alone: the second one would not be run. So it is with a module that is imported without
    its folder."""
    paths = [path for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    alone = {module for path in paths for module in _imports(path)}
    names = [path.name for path in paths]
    assert len(names) > 100
    doubled = {path for path in paths if names.count(path.name) > 1}
    assert sorted(path.name for path in doubled if path.name.startswith("test_") or path.stem in alone) == []
