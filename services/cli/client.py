"""Talks to a running suite as any client does: over HTTP, with a token."""

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Annotated, Any, NoReturn, Self

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_POLL_SECONDS = 0.2

Url = Annotated[str, typer.Option(envvar="ROLLBOOK_BASE_URL", help="Where the suite answers")]
User = Annotated[str | None, typer.Option(envvar="ROLLBOOK_USER", help="User name to sign in with")]
Password = Annotated[str | None, typer.Option(envvar="ROLLBOOK_PASSWORD", help="Its password")]
Token = Annotated[str | None, typer.Option(envvar="ROLLBOOK_TOKEN", help="A token instead of user name and password")]


class Client:
    """Signs in on entering. What a service refuses is printed, and ends the command with exit code 2."""

    def __init__(self, url: str, user: str | None, password: str | None, token: str | None) -> None:
        self._http = httpx.Client(base_url=url, timeout=120.0)
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
            self.fail(f"Nothing answers at {self._http.base_url} ({type(error).__name__}). Start it: rollbook up")
        if answer.is_error:
            self.fail(_problem(answer))
        found: dict[str, Any] = answer.json()
        return found

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
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._say,
        )
        with bar:
            task = bar.add_task(what, total=None)
            while True:
                job = self.send("GET", path)
                bar.update(task, completed=job.get("done") or 0, total=job.get("total"))
                if job["state"] in ("finished", "failed"):
                    break
                time.sleep(_POLL_SECONDS)
        if job["state"] == "failed":
            self.fail(f"{what} failed: {job.get('error')}")
        return job

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
