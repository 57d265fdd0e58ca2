"""The check that binds the feature list to the tests fails when it should (and only then)."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

LIST = """
| id | promise | state |
|---|---|---|
| ABC-1 | The first promise. | done |
| ABC-2 | ★ The second, with a `code`. | partly: the other half |
| ABC-3 | The third. | open |
"""

PROOF = """
import pytest

@pytest.mark.feature("ABC-1")
def test_the_first(): pass

@pytest.mark.feature("ABC-2", "ABC-3")
def test_the_second(): pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small project with a feature list and the plugin, and no other but xdist: some import for seconds in each process."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    plugin = Path(__file__).parents[1] / "features_plugin.py"
    pytester.makeini("[pytest]\ntestpaths = tests\naddopts = --strict-markers -p no:cacheprovider -p xdist.plugin\n")
    pytester.mkdir("docs").joinpath("features.md").write_text(LIST)
    tests = pytester.mkdir("tests")
    tests.joinpath("features_plugin.py").write_text(plugin.read_text())
    tests.joinpath("conftest.py").write_text('pytest_plugins = ["features_plugin"]\n')
    return pytester


def write(project: pytest.Pytester, test: str) -> None:
    project.path.joinpath("tests", "test_it.py").write_text(test)


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess(*arguments)


IN_PROCESSES = pytest.mark.parametrize("processes", [(), ("--numprocesses", "2")], ids=["one", "two"])


@IN_PROCESSES
def test_a_run_that_proves_every_claim_succeeds_and_names_what_is_too_modest(
    project: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    write(project, PROOF)
    result = run(project, *processes)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*calls these open*ABC-3*"])
    result.stdout.no_fnmatch_line("*without proof*")


@IN_PROCESSES
@pytest.mark.parametrize("claimed", ["ABC-1", "ABC-2"])
def test_a_claim_without_a_test_fails_the_full_run(
    project: pytest.Pytester, claimed: str, processes: tuple[str, ...]
) -> None:
    write(project, PROOF.replace(claimed, "ABC-3"))
    result = run(project, *processes)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*features without proof*", claimed])


@pytest.mark.parametrize(
    "body", ["assert False", "pytest.skip('no')", "pytest.xfail('no')", "raise RuntimeError('no')"]
)
def test_a_test_that_does_not_pass_proves_nothing(project: pytest.Pytester, body: str) -> None:
    write(project, PROOF.replace("def test_the_first(): pass", f"def test_the_first(): {body}"))
    result = run(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*features without proof*", "ABC-1"])


def test_a_test_that_was_expected_to_fail_proves_nothing(project: pytest.Pytester) -> None:
    write(project, PROOF.replace('@pytest.mark.feature("ABC-1")', '@pytest.mark.xfail\n@pytest.mark.feature("ABC-1")'))
    result = run(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*features without proof*", "ABC-1"])


def test_one_passing_case_of_several_is_proof(project: pytest.Pytester) -> None:
    cases = '@pytest.mark.parametrize("n", [1, 2])\n@pytest.mark.feature("ABC-1")\ndef test_the_first(n): assert n == 1'
    write(project, PROOF.replace('@pytest.mark.feature("ABC-1")\ndef test_the_first(): pass', cases))
    result = run(project)
    result.stdout.no_fnmatch_line("*without proof*")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_project_without_tests_fails_when_it_claims_something(project: pytest.Pytester) -> None:
    assert run(project).ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("arguments", [["tests/test_it.py"], ["-k", "second"], ["-m", "feature"], ["--collect-only"]])
def test_a_run_of_chosen_tests_does_not_ask_for_every_claim(project: pytest.Pytester, arguments: list[str]) -> None:
    write(project, PROOF.replace("ABC-1", "ABC-3"))
    assert run(project, *arguments).ret == pytest.ExitCode.OK


@pytest.mark.parametrize("arguments", [["tests"], ["."], ["-p", "no:randomly"]])
def test_naming_the_whole_tree_is_a_full_run(project: pytest.Pytester, arguments: list[str]) -> None:
    write(project, PROOF.replace("ABC-1", "ABC-3"))
    assert run(project, *arguments).ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("arguments", [[], ["tests/test_it.py"], ["-k", "first"]])
def test_an_id_that_the_list_does_not_have_stops_every_run(project: pytest.Pytester, arguments: list[str]) -> None:
    write(project, PROOF.replace("ABC-1", "ABC-9"))
    result = run(project, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*not in docs/features.md:*", "*test_it.py::test_the_first: ABC-9"])


def test_a_marker_without_an_id_is_refused(project: pytest.Pytester) -> None:
    write(project, PROOF.replace('("ABC-1")', "()"))
    result = run(project)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_the_first*names no id*"])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("| ABC-1 | Again. | open |", "*features.md:7: ABC-1 is there twice*"),
        ("| ABC-4 | Finished? | nearly |", "*features.md:7: a state is*"),
        ("| ABC-4 | Something is missing. | partly: |", "*features.md:7: a state is*"),
        ("| ABC-4 | No state. |", "*features.md:7: a feature's line is*"),
    ],
)
def test_a_list_that_cannot_be_read_stops_the_run(project: pytest.Pytester, line: str, complaint: str) -> None:
    write(project, PROOF)
    project.path.joinpath("docs", "features.md").write_text(LIST + line + "\n")
    result = run(project)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([complaint])
