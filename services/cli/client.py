"""Talks to a running suite as any client does: over HTTP, with a token."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Annotated, Any, NoReturn, Self

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from shared.interface import INTERFACE

_POLL_SECONDS = 0.2

Url = Annotated[str, typer.Option(envvar="ROLLBOOK_BASE_URL", help="URL of the suite")]
User = Annotated[str | None, typer.Option(envvar="ROLLBOOK_USER", help="User name for signing in")]
Password = Annotated[str | None, typer.Option(envvar="ROLLBOOK_PASSWORD", help="Password of that user")]
Token = Annotated[str | None, typer.Option(envvar="ROLLBOOK_TOKEN", help="A token instead of user name and password")]


class Client:
    """Signs in on entering. What a service refuses is printed, and ends the command with exit code 2."""

    def __init__(self, url: str, user: str | None, password: str | None, token: str | None) -> None:
        self._http = httpx.Client(base_url=url, timeout=120.0, headers={INTERFACE: "command-line"})
        self._user, self._password, self._token = user, password, token
        self._say = Console(stderr=True)

    def __enter__(self) -> Self:
        if self._token is None:
            if not self._user or self._password is None:
                self.fail("Sign in with --user and --password, or set ROLLBOOK_TOKEN.")
            form = {"grant_type": "password", "username": self._user, "password": self._password}
            self._token = str(self.send("POST", "/api/directory/token", data=form)["access_token"])
        self._http.headers["Authorization"] = f"Bearer {self._token}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def send(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """The JSON of a successful answer."""
        try:
            answer = self._http.request(method, path, **request)
        except httpx.TransportError as error:
            self.fail(
                f"Nothing is responding at {self._http.base_url} ({type(error).__name__}). Start the suite: rollbook up"
            )
        if answer.is_error:
            self.fail(_problem(answer))
        found: dict[str, Any] = answer.json()
        return found

    def attempt(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer, whatever it is: for what may be refused."""
        return self._http.request(method, path, **request)

    def pages(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Every item of a paged list."""
        asked = dict(params)
        while True:
            page = self.send("GET", path, params=asked)
            yield from page["items"]
            if not page["next"]:
                return
            asked["cursor"] = page["next"]

    def stream(self, path: str, params: Mapping[str, str]) -> Iterator[str]:
        """A long text, as it comes."""
        with self._http.stream("GET", path, params=dict(params)) as answer:
            if answer.is_error:
                answer.read()
                self.fail(_problem(answer))
            yield from answer.iter_text()

    def follow(self, path: str, what: str) -> dict[str, Any]:
        """Show a job's progress until it has ended; it goes on without us if we are interrupted."""
        return self.follow_all([path], what)[0]

    def follow_all(self, paths: Sequence[str], what: str) -> list[dict[str, Any]]:
        """Show the progress of several jobs as one, until all have ended; they go on without us if we are interrupted."""
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        ended: dict[str, dict[str, Any]] = {}
        if not paths:
            return []
        with Progress(*columns, console=self._say) as bar:
            task = bar.add_task(what, total=None)
            while len(ended) < len(paths):
                jobs = {path: ended.get(path) or self.send("GET", path) for path in paths}
                ended = {path: job for path, job in jobs.items() if job["state"] in ("finished", "failed")}
                totals: list[int] = [job["total"] for job in jobs.values() if job.get("total") is not None]
                known = sum(totals) if len(totals) == len(paths) else None
                bar.update(task, completed=sum(job.get("done") or 0 for job in jobs.values()), total=known)
                if len(ended) < len(paths):
                    time.sleep(_POLL_SECONDS)
        if failed := [job for job in ended.values() if job["state"] == "failed"]:
            self.fail(f"{what} failed: {failed[0].get('error')}")
        return [ended[path] for path in paths]

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """While one long request is answered."""
        with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=self._say) as bar:
            bar.add_task(what, total=None)
            yield

    def fail(self, message: str) -> NoReturn:
        """Ends the command; never returns."""
        self._say.print(f"[red]{message}[/red]", highlight=False)
        raise typer.Exit(2)


def _problem(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.status_code} {answer.reason_phrase}"
    field = f" ({problem['field']})" if problem.get("field") else ""
    return f"{problem.get('title', answer.status_code)}{field}: {problem.get('detail', '')}"
