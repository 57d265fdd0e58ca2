"""The suite as an operator runs it: a process of its own, which can be killed at any moment."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from shared.embedded_kafka import EmbeddedKafka
from shared.ports import free_port

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 360.0


class Running:
    """`rollbook up` on a data folder. Entering waits for the address to answer.

    `history`: with what happened in the demo company, too.
    """

    def __init__(
        self,
        data: Path,
        *,
        size: int = 200,
        port: int | None = None,
        feed: str = "postgres",
        history: bool = False,
        **environment: str,
    ) -> None:
        self.data = data
        self.port = port or free_port()
        self.smtp_port = free_port()
        self.size = size
        self.feed = feed
        self.said: list[str] = []
        self.environment = {"ROLLBOOK_DEMO_HISTORY": str(history), **environment}
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, timeout=60.0)
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process and self.process.poll() is None:
            self.stop()
        self._end_database()
        self.http.close()

    def spawn(self) -> None:
        """Start it, and do not wait."""
        command = [sys.executable, "-m", "services.cli", "up", "--port", str(self.port), "--data", str(self.data)]
        command += ["--size", str(self.size), "--smtp-port", str(self.smtp_port), "--feed", self.feed]
        self.said = []
        self.process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def start(self) -> None:
        """Raises AssertionError, with what it said, when it does not come up."""
        self.spawn()
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while not any("Rollbook is running at" in line for line in self.said):
            assert self.process.poll() is None, "".join(self.said)[-4000:]
            assert time.monotonic() < deadline, "".join(self.said)[-4000:]
            time.sleep(0.05)

    def wait_until_filled(self) -> None:
        """Until the history of the demo is in. Raises AssertionError."""
        until(lambda: any("The demo is complete." in line for line in self.said), 240.0)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line)

    def processes(self) -> dict[str, dict[str, Any]]:
        """On Kafka: pid and port of each process, by name."""
        found: list[dict[str, Any]] = json.loads((self.data / "processes.json").read_text())
        return {str(one["name"]): one for one in found}

    def kill(self) -> None:
        """As a power cut of the process: no warning, nothing is tidied up."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> int:
        """Ctrl-C. Returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def _end_database(self) -> None:
        """The server that a killed suite has left behind: ours, known by its data folder."""
        broker = EmbeddedKafka(self.data / "kafka")
        if broker.pid():
            broker.stop()
        pid = self.data / "postgres" / "postmaster.pid"
        if pid.exists():
            number = int(pid.read_text().splitlines()[0])
            os.kill(number, signal.SIGINT)
            while pid.exists():
                time.sleep(0.05)

    def sign_in(self, user: str, password: str) -> None:
        form = {"grant_type": "password", "username": user, "password": password}
        answer = self.http.post("/api/directory/token", data=form)
        assert answer.status_code == 200, answer.text
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.http.post(path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def every(self, path: str, **params: Any) -> list[Any]:
        """All items of a paged list."""
        found, cursor = [], None
        while True:
            page = self.get(path, limit=500, **params, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found

    def cli(self, *words: str, user: str, password: str) -> subprocess.CompletedProcess[str]:
        """A command of `rollbook` against this suite."""
        environment = {
            **os.environ,
            "ROLLBOOK_USER": user,
            "ROLLBOOK_PASSWORD": password,
            "ROLLBOOK_BASE_URL": self.url,
        }
        environment |= {"COLUMNS": "200", "ROLLBOOK_SMTP_PORT": str(self.smtp_port)}
        return subprocess.run(
            [sys.executable, "-m", "services.cli", *words],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def until(found: Any, seconds: float = 30.0) -> Any:
    """The first true answer of `found()`; raises AssertionError after the time."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} seconds"
        time.sleep(0.05)
    return answer


def number(pattern: str, text: str) -> int:
    """The number that a pattern captures in a text."""
    match = re.search(pattern, text)
    assert match, text
    return int(match.group(1))
