"""P9: the peak memory of the process that works on a bulk assignment of a million, against one of ten thousand."""

import os
import resource
import subprocess
import sys

from benchmarks import company
from benchmarks.harness import Bench, Goal, Pair, Result, result
from benchmarks.p01_bulk_assignment import assign
from services.enrollment.main import PACKAGE
from shared.service import tune
from shared.settings import Settings

ID, GOAL, SIZE, ROUNDS = "P9", Goal("<=", 1.5), 1_000_000, 1
_FEW = 10_000


def run(bench: Bench) -> Result:
    size = bench.size or SIZE
    pairs = [Pair(peak(bench, size), peak(bench, _FEW)) for _ in range(bench.rounds or ROUNDS)]
    return result(ID, f"peak memory at {size:,} learners / at {_FEW:,}", GOAL, pairs, "MB", learners=size, fsync=True)


def peak(bench: Bench, size: int) -> float:
    """In megabytes, of a process that does nothing else."""
    template = bench.template(f"company of {size}", company.facts(size), PACKAGE)
    with bench.database(template) as info:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.p09_memory", info],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            check=True,
            capture_output=True,
            text=True,
        )
    return float(done.stdout)


if __name__ == "__main__":
    tune(Settings())
    assign(sys.argv[1])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
