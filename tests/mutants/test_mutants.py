"""The tool that changes the code: one change that its tests notice, one that changes nothing, and the list of the equal ones."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from mutants.__main__ import Run
from mutants.changes import changes, counts, sample
from mutants.equal import Equal
from mutants.judging import FIRST, MOST, SPAWN, enter, portions
from mutants.reaching import Reached, Reaching, maps

ROOT = Path(__file__).parents[2]
SOURCE = '''def larger(a: int, b: int) -> int:
    """Of the two."""
    if a > b:
        return a
    return b
'''
TESTS = """from shared.sizes import larger


def test_larger():
    assert larger(1, 2) == 2
    assert larger(2, 1) == 2
"""


def test_the_changes_of_a_small_function() -> None:
    found = {(change.kind, change.lines[1]) for change in changes("shared/sizes.py", SOURCE) if counts(change)}
    assert found == {
        ("compare", ("if a >= b:",)),
        ("condition", ("if (not (a > b)):",)),
        ("return", ("return None",)),
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = a and not b", {"x = ((a) or (not b))", "x = (not b)", "x = (a)", "x = a and (b)"}),
        (
            "x = a and b and (c or d)",
            {
                "x = ((a) or (b) or (c or d))",
                "x = (b and (c or d))",
                "x = (a and (c or d))",
                "x = (a and b)",
                "x = a and b and (((c) and (d)))",
                "x = a and b and ((d))",
                "x = a and b and ((c))",
            },
        ),
        ("x = n - 1", {"x = n + 1", "x = n - 2", "x = n - (0)"}),
        ("x = call(a, b)", {"x = call(b, a)"}),
        ("call(True)", {"call(False)", "pass"}),
        ("x = [n for n in a if n]", {"x = [n for n in a if True]"}),
        ("x = a not in b", {"x = a in b"}),
        ('raise Refused("é", 2)', {'raise Refused("é", 3)', 'raise Refused("é", (1))', "pass"}),
    ],
)
def test_what_a_line_can_become(before: str, after: set[str]) -> None:
    found = [change for change in changes("shared/x.py", f"def f():\n    {before}\n") if counts(change)]
    assert {change.lines for change in found} == {((before,), (one,)) for one in after}


def test_a_seed_gives_the_same_sample() -> None:
    files = ["services/enrollment/domain/completions.py", "services/notifier/domain/delivery.py"]
    one, same, other = (sample(ROOT, files, 5, seed) for seed in (1, 1, 2))
    assert len(one) == 5
    assert one == same
    assert one != other


def test_cheap_tests_come_first_and_then_one_of_each_file() -> None:
    tests = (
        {f"a.py::{n:03}": 0.1 for n in range(FIRST)} | {f"b.py::{n:03}": 1.0 for n in range(MOST)} | {"c.py::x": 2.0}
    )
    (first, seconds), (rest, _) = portions(tests)
    assert first == [f"a.py::{n:03}" for n in range(FIRST)]
    assert seconds == pytest.approx(0.1 * FIRST)
    assert rest[:3] == ["b.py::000", "c.py::x", "b.py::001"]
    assert len(rest) == MOST - FIRST


def test_only_tests_that_can_run_here_are_taken() -> None:
    tests: dict[str, Reached] = {
        "one": {"seconds": 1.0, "kafka": False, "lines": {"shared/x.py": [1, 2]}},
        "two": {"seconds": 2.0, "kafka": True, "lines": {"shared/x.py": [2]}},
    }
    assert Reaching([tests], kafka=False).of("shared/x.py", 2) == {"one": 1.0}
    assert Reaching([tests], kafka=True).of("shared/x.py", 2) == {"one": 1.0, "two": 2.0}
    assert Reaching([tests], kafka=True).of("shared/x.py", 3) == {}


def test_a_change_is_caught_and_one_that_changes_nothing_survives(tmp_path: Path) -> None:
    """By the lines that coverage found, in forked processes, with nothing written into the tree."""
    tree = small_tree(tmp_path)
    judged = judge(tree, tmp_path)
    assert judged == {"condition": "caught", "compare": "survived", "return": "caught"}
    assert (tree / "shared" / "sizes.py").read_text() == SOURCE


def test_an_equal_change_is_known_by_its_lines_and_needs_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "equivalent.txt"
    file.write_text(
        "# Told\n\nshared/sizes.py in larger\n- if a > b:\n+ if a >= b:\nwhy: of two equal numbers either is it\n"
    )
    equal = Equal.read(file)
    found = {change.kind: change for change in changes("shared/sizes.py", "\n\n" + SOURCE)}
    assert found["compare"] in equal
    assert found["condition"] not in equal
    file.write_text("shared/sizes.py in larger\n- if a > b:\n+ if a >= b:\n")
    with pytest.raises(ValueError, match="why"):
        Equal.read(file)


def test_every_entry_of_the_list_is_a_change_that_can_be_made() -> None:
    reasons = Equal.read(ROOT / "tests" / "mutants" / "equivalent.txt").reasons
    made: set[tuple[object, ...]] = set()
    for path in {key[0] for key in reasons}:
        made |= {(path, one.within, *one.lines) for one in changes(path, (ROOT / path).read_text())}
    assert set(reasons) <= made


def small_tree(folder: Path) -> Path:
    tree = folder / "tree"
    (tree / "shared").mkdir(parents=True)
    (tree / "tests").mkdir()
    (tree / "shared" / "__init__.py").touch()
    (tree / "shared" / "sizes.py").write_text(SOURCE)
    (tree / "tests" / "test_sizes.py").write_text(TESTS)
    (tree / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["tests", "."]\n')
    return tree


def judge(tree: Path, folder: Path) -> dict[str, str]:
    run = Run(sample(tree, ["shared/sizes.py"], 10, seed=1), folder / "mutants.json")
    reaching = Reaching(maps(tree, folder / "map", ["tests/test_sizes.py"]), kafka=False)
    with ProcessPoolExecutor(1, SPAWN, enter, (tree, folder, 60.0)) as pool:
        run.judge(pool, reaching)
    return {change.kind: run.outcomes[change.id] for change in run.chosen}
