"""Every benchmark ends, at a tiny size, and writes its ratios. Nothing is said of their values: no test is timed."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from folders import new_folder

from benchmarks.__main__ import FILES, measure
from benchmarks.harness import Bench, write_json
from shared.embedded import EmbeddedPostgres

RATIOS = {
    "p01_bulk_assignment": ["P1"],
    "p02_library": ["P2"],
    "p03_beside": ["P3", "P3b"],
    "p04_rebuild": ["P4"],
    "p05_projection": ["P5"],
    "p06_relay": ["P6"],
    "p07_latency": ["P7"],
    "p08_end_to_end": ["P8", "P8k"],
    "p09_memory": ["P9"],
    "p10_report": ["P10"],
    "p11_verification": ["P11"],
    "p12_start": ["P12"],
    "p13_writers": ["P13"],
    "p14_rearranging": ["P14"],
    "p15_pages": ["P15", "P15c", "P15t"],
}
"""What each is to write. A benchmark that is not here, or is gone, is a red test."""
NEED_KAFKA = {"p05_projection", "p06_relay", "p07_latency", "p08_end_to_end"}
SIZE = 300


@pytest.fixture
def machine(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The server of the tests, and their broker for those that need one."""
    file = request.node.callspec.params["file"]
    broker = request.getfixturevalue("kafka") if file in NEED_KAFKA else None
    with new_folder("rollbook-bench-") as folder:
        yield Bench(folder, SIZE, rounds=1, server=postgres, broker=broker)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("file", sorted({*FILES, *RATIOS}))
def test_a_benchmark_ends_and_writes_its_ratios(file: str, machine: Bench, tmp_path: Path) -> None:
    write_json(measure(file, machine), tmp_path / "bench.json")
    judge(tmp_path / "bench.json", RATIOS[file])


def test_the_command_writes_what_it_was_asked_for(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--only", "p13", "--size", "64", "--rounds", "1"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [*command, "--to", tmp_path / "bench.json"], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    judge(tmp_path / "bench.json", ["P13"])


def judge(written: Path, ids: list[str]) -> None:
    found = json.loads(written.read_text())
    assert [one["id"] for one in found] == ids
    for one in found:
        assert all(math.isfinite(one[name]) and one[name] > 0 for name in ("ratio", "numerator", "denominator")), one
        assert one["spread"] == [one["ratio"], one["ratio"]]
        assert one["rounds"] == 1
        assert all(one[name] for name in ("what", "goal", "unit", "settings")), one
