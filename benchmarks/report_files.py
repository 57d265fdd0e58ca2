"""The membership report of a million rows as a file of each format: how long, how big, and the memory that it takes (RPT-4).

`python -m benchmarks.report_files [ROWS]`. It has no ratio, so it is not part of `make bench`.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping

import psycopg

from benchmarks.harness import bench
from benchmarks.p10_report import fill
from services.reporting.main import PACKAGE
from services.reporting.reports.files import FILES, Format
from services.reporting.reports.membership import MEMBERSHIP
from services.reporting.reports.moment import Moment
from services.reporting.reports.reading import Question, ReportQuery, Viewer
from shared.auth import Scope

_ROWS = 1_000_000


def measure(rows: int) -> None:
    with bench(rows, 1) as machine:
        template = machine.template(f"report of {rows}", lambda info: fill(info, rows), PACKAGE)
        with machine.database(template) as info:
            for format in ("nothing", *FILES):
                done = subprocess.run(
                    [sys.executable, "-m", "benchmarks.report_files", info, format],
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                    check=True,
                    capture_output=True,
                    text=True,
                )
                print(done.stdout, end="", flush=True)


def made(info: str, format: Format) -> int:
    """How many bytes the file has."""
    text, values = ReportQuery(MEMBERSHIP, Question(), Viewer(Scope(everything=True))).rows(Moment())
    parameters: Mapping[str, object] = values
    with psycopg.connect(info, autocommit=True) as conn, conn.transaction():
        return sum(map(len, FILES[format].parts(conn, text, parameters, MEMBERSHIP.columns)))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        measure(int(sys.argv[1]) if len(sys.argv) == 2 else _ROWS)
    else:
        began = time.perf_counter()
        size = 0 if sys.argv[2] == "nothing" else made(sys.argv[1], next(one for one in FILES if one == sys.argv[2]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{sys.argv[2]:8} {time.perf_counter() - began:6.0f} s {size / 1e6:8.1f} MB, {peak:5.0f} MB of memory")
