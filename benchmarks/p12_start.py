"""P12: a second start of the suite until its first page, against starting a database and an empty web application."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from benchmarks.harness import Bench, Goal, Pair, Result, result
from shared.ports import free_port

ID, GOAL, SIZE, ROUNDS = "P12", Goal("<=", 3.0), 500, 5

_EMPTY = """
import sys
from pathlib import Path
import uvicorn
from fastapi import FastAPI
from shared.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
app = FastAPI()
app.get("/")(lambda: {})
try:
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
finally:
    server.stop()
"""


def run(bench: Bench) -> Result:
    size = bench.size or SIZE
    suite, empty = bench.folder / "suite", bench.folder / "empty"
    first_page(_up(suite, size), suite)
    first_page(_nothing(empty), empty)
    pairs = [
        Pair(first_page(_up(suite, size), suite), first_page(_nothing(empty), empty))
        for _ in range(bench.rounds or ROUNDS)
    ]
    return result(ID, "second start to first page / database and empty application", GOAL, pairs, "s", people=size)


def _up(data: Path, size: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "services.cli",
        "up",
        "--data",
        str(data),
        "--size",
        str(size),
        "--smtp-port",
        str(free_port()),
    ]


def _nothing(data: Path) -> list[str]:
    return [sys.executable, "-c", _EMPTY, str(data)]


def first_page(command: list[str], data: Path) -> float:
    """Seconds from the start of a process to its first page; it is ended in order."""
    port = free_port()
    where = ["--port", str(port)] if "up" in command else [str(port)]
    data.mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, *where], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=data
    )
    try:
        while process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{port}/", timeout=5.0, follow_redirects=True).status_code == 200:
                    return time.perf_counter() - began
            time.sleep(0.02)
        raise RuntimeError(f"{command[2]} ended with {process.returncode}")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
