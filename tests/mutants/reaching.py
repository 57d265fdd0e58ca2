"""Which tests run which line: a map for each file of tests, made once and again when something that it reaches has changed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypedDict

HERE = Path(__file__).parents[1]
"""Where pytest finds `mutants.watching`."""


class Reached(TypedDict):
    """What `watching` writes of one test."""

    seconds: float
    kafka: bool
    lines: dict[str, list[int]]


class Reaching:
    """By line, the tests that run it, with their seconds."""

    def __init__(self, maps: Iterable[dict[str, Reached]], *, kafka: bool) -> None:
        self._seconds: dict[str, float] = {}
        self._tests: dict[tuple[str, int], list[str]] = {}
        for id, test in ((id, test) for tests in maps for id, test in tests.items()):
            if test["kafka"] and not kafka:
                continue
            self._seconds[id] = test["seconds"]
            for path, lines in test["lines"].items():
                for line in lines:
                    self._tests.setdefault((path, line), []).append(id)

    def of(self, path: str, line: int) -> dict[str, float]:
        return {id: self._seconds[id] for id in self._tests.get((path, line), [])}


def maps(tree: Path, folder: Path, files: Sequence[str], *, make: bool = True) -> list[dict[str, Reached]]:
    """Of those files of tests; those that are missing or out of date are made, one after another, or left out."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number, file in enumerate(files, 1):
        to = folder / f"{file.replace('/', '+')}.json"
        current = _is_current(tree, to)
        if not current and not make:
            continue
        if not current:
            print(f"which lines {file} reaches ({number} of {len(files)})", flush=True)
            _make(tree, file, to)
        found.append(json.loads(to.read_text())["tests"])
    return found


def _make(tree: Path, file: str, to: Path) -> None:
    raw = to.with_suffix(".raw")
    raw.write_text("{}")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "mutants.watching", "-p", "no:cacheprovider", "-q", file],
        cwd=tree,
        env={
            **os.environ,
            "MUTANTS_MAP": str(raw),
            "PYTHONPATH": os.pathsep.join(map(str, (tree, tree / "tests", HERE))),
        },
        stdout=subprocess.DEVNULL,
        check=False,
    )
    keep(tree, file, json.loads(raw.read_text()), to)
    raw.unlink()


def keep(tree: Path, file: str, tests: dict[str, Reached], to: Path) -> None:
    reached = {path for test in tests.values() for path in test["lines"]}
    beside = {str(one.relative_to(tree)) for one in (tree / file).parent.glob("*.py") if one.name[:5] != "test_"}
    digests = {path: _digest(tree / path) for path in sorted({file} | reached | beside)}
    to.write_text(json.dumps({"digests": digests, "tests": tests}))


def _is_current(tree: Path, kept: Path) -> bool:
    return kept.exists() and all(
        (tree / path).exists() and _digest(tree / path) == digest
        for path, digest in json.loads(kept.read_text())["digests"].items()
    )


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:16]
