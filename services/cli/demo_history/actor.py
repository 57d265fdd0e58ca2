"""Somebody of the demo company, who signs in and sends commands over HTTP as anybody does."""

import time
from typing import Any

import httpx

from shared.notification_choice import NOTIFICATIONS

_PATIENCE = 120.0
_LOOK_SECONDS = 0.25
_TOKEN_SECONDS = 600.0
"""Well before a token ends."""
NOT_YET = (404, 502, 503)
"""As long as a service has not heard of what a command is about, or is still starting."""


class Stopped(RuntimeError):
    """The history cannot go on; the message says what was refused."""


class Actor:
    """Commands have fixed ids: sent again, they change nothing."""

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=120.0)
        self._form = {"grant_type": "password", "username": user, "password": password}
        self._until = 0.0

    def get(self, path: str, **params: object) -> Any:
        return self._taken("GET", path, (502, 503), params=_told(params)).json()

    def every(self, path: str, **params: object) -> list[Any]:
        found: list[Any] = []
        cursor: dict[str, object] = {}
        while True:
            page = self.get(path, limit=500, **params, **cursor)
            found += page["items"]
            if not page["next"]:
                return found
            cursor = {"cursor": page["next"]}

    def do(
        self, command: str, path: str, body: object = None, *, method: str = "POST", again: tuple[int, ...] = NOT_YET
    ) -> Any:
        """Send a command and wait for what follows from it; refused with one of `again`, it is sent again. Raises Stopped."""
        answer = self._taken(method, path, again, headers=_headers(command), json=body)
        return answer.json() if answer.content else None

    def do_file(self, command: str, path: str, content: bytes, type: str) -> Any:
        return self._taken(
            "POST", path, NOT_YET, headers={**_headers(command), "Content-Type": type}, content=content
        ).json()

    def do_form(self, command: str, path: str, form: dict[str, str], files: dict[str, bytes]) -> Any:
        sent = {name: (f"{name}.csv", content, "text/csv") for name, content in files.items()}
        return self._taken("POST", path, NOT_YET, headers=_headers(command), data=form, files=sent).json()

    def export(self, command: str, path: str, body: object) -> str:
        """The text of a file."""
        return self._taken("POST", path, NOT_YET, headers=_headers(command), json=body).text

    def attempt(self, command: str, path: str, body: object, *, emails: str = "send") -> httpx.Response:
        """The answer, whatever it is: for what may be refused. Of what goes on as a job, the one when that has ended."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            self._sign_in()
            answer = self._http.post(path, json=body, headers={**_headers(command), NOTIFICATIONS: emails})
            if not _goes_on(answer):
                return answer
            _pause(deadline, path, answer)

    def close(self) -> None:
        self._http.close()

    def _taken(self, method: str, path: str, again: tuple[int, ...], **request: Any) -> httpx.Response:
        deadline = time.monotonic() + _PATIENCE
        while True:
            self._sign_in()
            answer = self._http.request(method, path, **request)
            if answer.is_success and not _goes_on(answer):
                return answer
            if answer.is_error and answer.status_code not in again:
                raise _stopped(path, answer)
            _pause(deadline, path, answer)

    def _sign_in(self) -> None:
        if time.monotonic() > self._until:
            answer = self._http.post("/api/directory/token", data=self._form)
            if answer.is_error:
                raise Stopped(f"{self._form['username']} cannot sign in: {_detail(answer)}")
            self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            self._until = time.monotonic() + _TOKEN_SECONDS


def _goes_on(answer: httpx.Response) -> bool:
    """A job of it is not finished yet: the same command is answered with how it stands then."""
    return "monitor" in answer.links


def _pause(deadline: float, path: str, answer: httpx.Response) -> None:
    if time.monotonic() > deadline:
        raise _stopped(path, answer)
    time.sleep(_LOOK_SECONDS)


def _stopped(path: str, answer: httpx.Response) -> Stopped:
    return Stopped(f"{answer.request.method} {path}: {answer.status_code} {_detail(answer)}")


def _headers(command: str) -> dict[str, str]:
    return {"Idempotency-Key": f"demo-{command}".replace(" ", "-"), "Prefer": "wait=60"}


def _told(params: dict[str, object]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in params.items()}


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", answer.reason_phrase))
    except ValueError:
        return answer.reason_phrase


def until(found: Any, what: str) -> Any:
    """The first true answer of `found()`. Raises Stopped when it does not come."""
    deadline = time.monotonic() + _PATIENCE
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise Stopped(f"{what} did not come about.")
        time.sleep(_LOOK_SECONDS)
    return answer
