"""`make mutants`: a seeded sample of small changes, each against the tests that reach it; prints what nobody noticed.

Own code, because what there is (mutmut, cosmic-ray) changes files in place or wraps every function, chooses tests by
function or not at all, and starts a test run from nothing for each change: here a database server, its templates and 4 s
of imports each time.
Not sampled: SQL and other text, and what only a process of its own runs.
"""

import json
import shutil
import subprocess
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from mutants.changes import Change, sample
from mutants.equal import Equal
from mutants.judging import SPAWN, enter, judge_one
from mutants.reaching import Reaching, maps

ROOT = Path(__file__).parents[2]
TARGETS = (
    "services/*/domain.py",
    "services/*/domain/**/*.py",
    "services/*/mailer/**/*.py",
    "services/enrollment/application/evaluation/evaluator.py",
    "services/enrollment/application/evaluation/evaluate.py",
    "services/enrollment/application/evaluation/state_rows.py",
    "shared/store/**/*.py",
    "shared/consumer/**/*.py",
    "shared/dead_letters.py",
)
LEFT_OUT = (
    "tests/faults",
    "tests/e2e",
    "tests/properties",
    "tests/mutants",
    "tests/deploy",
    "test_benchmarks",
    "embedded",
)
"""Tests whose work is done in other processes, or that are too long to be run for each change."""


def main(
    count: Annotated[int, typer.Option(help="How many changes")] = 200,
    seed: Annotated[int, typer.Option(help="Of the sample")] = 1,
    processes: Annotated[int, typer.Option(help="Changes judged at once, with a database server each")] = 1,
    patience: Annotated[float, typer.Option(help="Seconds allowed beside ten times what the tests take")] = 90.0,
    again: Annotated[bool, typer.Option(help="Judge survivors again, after new tests")] = False,
    make_maps: Annotated[
        bool, typer.Option(help="Find out which lines the tests reach, where that is not known")
    ] = True,
    to: Annotated[Path, typer.Option(help="Where the copy of the tree and the results are")] = ROOT / "build",
) -> None:
    """Goes on where an earlier run stopped. Ends with an error where fewer than nine of ten were noticed."""
    tree = copied(ROOT, to / "mutants" / "tree")
    files = [str(file.relative_to(tree)) for file in tree.glob("tests/**/test_*.py")]
    files = sorted(file for file in files if not any(part in file for part in LEFT_OUT))
    reaching = Reaching(maps(tree, to / "mutants" / "map", files, make=make_maps), kafka=False)
    run = Run(sampled(tree, count, seed), to / "mutants.json")
    run.resume(("caught", "timeout") if again else ("caught", "timeout", "survived", "unreached"))
    run.leave_out(Equal.read(ROOT / "tests" / "mutants" / "equivalent.txt"))
    print(f"{len(run.chosen)} changes, {len(run.outcomes)} of them known; {len(files)} files of tests", flush=True)
    with ProcessPoolExecutor(processes, SPAWN, enter, (tree, to / "mutants", patience)) as pool:
        run.judge(pool, reaching)
    run.report()
    raise typer.Exit(0 if run.good() else 1)


@dataclass
class Run:
    """The sample, and what is known of each change: caught, timeout, survived, unreached or equal."""

    chosen: list[Change]
    results: Path
    outcomes: dict[str, str] = field(default_factory=dict)

    def resume(self, final: tuple[str, ...]) -> None:
        """An id has the whole changed file in it, so what an earlier run found is of the same source."""
        if self.results.exists():
            told = {one["id"]: one["outcome"] for one in json.loads(self.results.read_text())}
            self.outcomes.update({one.id: told[one.id] for one in self.chosen if told.get(one.id) in final})

    def leave_out(self, equal: Equal) -> None:
        self.outcomes.update({change.id: "equal" for change in self.chosen if change in equal})

    def judge(self, pool: ProcessPoolExecutor, reaching: Reaching) -> None:
        waiting: dict[Future[str], Change] = {}
        for change in self.chosen:
            if change.id in self.outcomes:
                continue
            if tests := reaching.of(change.path, change.line) or reaching.of(change.path, change.statement):
                waiting[pool.submit(judge_one, change, tests)] = change
            else:
                self.outcomes[change.id] = "unreached"
        for number, done in enumerate(as_completed(waiting), 1):
            change = waiting[done]
            self.outcomes[change.id] = done.result()
            told = f"{self.outcomes[change.id]} {change.path}:{change.line} {change.kind}"
            print(f"{number} of {len(waiting)}: {told}", flush=True)
            self.write()

    def write(self) -> None:
        told = [
            {**_told(change), "outcome": self.outcomes[change.id]}
            for change in self.chosen
            if change.id in self.outcomes
        ]
        self.results.parent.mkdir(parents=True, exist_ok=True)
        self.results.write_text(json.dumps(told, indent=1) + "\n")

    def report(self) -> None:
        self.write()
        for change in self.chosen:
            if self.outcomes[change.id] in ("survived", "unreached"):
                print(f"\n{self.outcomes[change.id]}\n{change.diff()}")
        found = Counter(self.outcomes.values())
        print(
            f"\n{self.caught} of {self.counted} caught, {found['timeout']} of them by running too long; {found['survived']} "
            f"survived, {found['unreached']} are reached by no test; {found['equal']} are equal and not counted"
        )

    @property
    def caught(self) -> int:
        return sum(outcome in ("caught", "timeout") for outcome in self.outcomes.values())

    @property
    def counted(self) -> int:
        return sum(outcome != "equal" for outcome in self.outcomes.values())

    def good(self) -> bool:
        return self.caught >= 0.9 * self.counted


def _told(change: Change) -> dict[str, str | int]:
    names = ("id", "path", "within", "line", "kind")
    return {**{name: getattr(change, name) for name in names}, "diff": change.diff()}


def copied(root: Path, tree: Path) -> Path:
    """What is checked in or would be, so that work can go on in the tree itself."""
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (root / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, tree / name)
    return tree


def sampled(tree: Path, count: int, seed: int) -> list[Change]:
    files = sorted({str(file.relative_to(tree)) for pattern in TARGETS for file in tree.glob(pattern)})
    return sample(tree, files, count, seed)


if __name__ == "__main__":
    typer.run(main)
