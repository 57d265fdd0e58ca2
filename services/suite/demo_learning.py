"""The other outside party of a demo: a learning system with a page for each lab and exam, which reports as a machine client.

It is told by the signed address that Launch opens which enrollment and step it is about. Keeps nothing.
"""

import html
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response

from services.enrollment.launch_address import LaunchAddresses
from services.portal.assets import assets
from services.portal.rendering import HEADERS
from services.suite.demo_exams import EXAMS, LABS, score
from services.suite.own_secrets import learning_system
from shared.embedded import default_data
from shared.settings import Settings

PREFIX = "/api/demo-learning"
_LAUNCH_SECONDS = 8 * 3_600
"""An address is good for a working day."""
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}: demo learning system</title><link rel="stylesheet" href="/static/{css}">
<link rel="icon" href="/static/{mark}"></head><body>
<main class="stack"><p>Demo learning system</p><h1>{title}</h1>{content}</main></body></html>"""
_BACK = '<p><a class="button" href="{back}">Back to the course</a></p>'


class Credentials(NamedTuple):
    """Of the machine client by which results are reported."""

    client_id: str
    client_secret: str


class NotReported(RuntimeError):
    """Rollbook did not take it, or could not be asked; the message says why."""


class Rollbook:
    """Rollbook's interface, as a learning system uses it. `credentials` are asked for each time: None before they are there."""

    def __init__(
        self,
        base_url: str,
        credentials: Callable[[], Credentials | None],
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=10.0, transport=transport)
        self._credentials = credentials
        self._token, self._until = "", 0.0

    def ask(self, method: str, path: str, key: str = "", **body: object) -> Any:
        """The JSON of the answer. Raises NotReported."""
        headers = {"Authorization": f"Bearer {self._signed_in()}", **({"Idempotency-Key": key} if key else {})}
        return _answer(lambda: self._http.request(method, f"/api/enrollment{path}", json=body or None, headers=headers))

    def _signed_in(self) -> str:
        if time.monotonic() > self._until:
            if (found := self._credentials()) is None:
                raise NotReported("The demo is still being filled. Try again in a moment.")
            form = {"grant_type": "client_credentials", **found._asdict()}
            told = _answer(lambda: self._http.post("/api/directory/token", data=form))
            self._token, self._until = str(told["access_token"]), time.monotonic() + int(told["expires_in"]) / 2
        return self._token


def _answer(send: Callable[[], httpx.Response]) -> Any:
    try:
        answer = send()
    except httpx.TransportError as error:
        raise NotReported(f"Rollbook is not responding ({type(error).__name__}). Try again in a moment.") from error
    if answer.is_error:
        raise NotReported(str(answer.json().get("detail", answer.status_code)))
    return answer.json()


class _Told(NamedTuple):
    """What Rollbook said about the step that was launched."""

    enrollment: UUID
    step: int
    title: str
    pass_mark: int | None
    completed: bool
    back: str


def demo_learning(secret: str, rollbook: Rollbook) -> FastAPI:
    """`secret` is shared with enrollment, which signs the addresses."""
    app = FastAPI(title="Demo learning system", docs_url=None, redoc_url=None, openapi_url=None)
    addresses = LaunchAddresses(secret)

    def launched(activity: str, enrollment: UUID, step: int, signature: str) -> Response | None:
        """What is wrong with an address; None: nothing."""
        found = addresses.read(enrollment, step, signature)
        if found is None or activity not in (*EXAMS, *LABS):
            return _page("There is nothing here", "<p>Launch the lab or exam from its course.</p>", 404)
        if time.time() - found.at > _LAUNCH_SECONDS:
            return _page("This was opened too long ago", "<p>Launch it again from its course.</p>", 410)
        return None

    @app.get(f"{PREFIX}/{{activity}}")
    def show(activity: str, enrollment: UUID, step: int, signature: str) -> Response:
        if refused := launched(activity, enrollment, step, signature):
            return refused
        try:
            told = _told(rollbook, enrollment, step)
        except NotReported as refusal:
            return _page("It cannot be shown now", _said(str(refusal)), 503)
        return _page(told.title, _form(activity, told))

    @app.post(f"{PREFIX}/{{activity}}")
    async def hand_in(request: Request, activity: str, enrollment: UUID, step: int, signature: str) -> Response:
        if refused := launched(activity, enrollment, step, signature):
            return refused
        given = {name: str(value) for name, value in (await request.form()).items()}
        return await run_in_threadpool(_report, rollbook, activity, enrollment, step, given)

    return app


def _told(rollbook: Rollbook, enrollment: UUID, step: int) -> _Told:
    """Raises NotReported."""
    steps = rollbook.ask("GET", f"/enrollments/{enrollment}/steps")
    offering = rollbook.ask("GET", f"/enrollments/{enrollment}")["offering_id"]
    (one,) = [one for one in steps if one["number"] == step]
    return _Told(enrollment, step, one["title"], one["pass_mark"], one["completed"], f"/offerings/{offering}")


def _report(rollbook: Rollbook, activity: str, enrollment: UUID, step: int, given: dict[str, str]) -> Response:
    """Say what the learner did, and show what Rollbook answered."""
    path, key = f"/enrollments/{enrollment}/steps/{step}", f"demo-learning-{given.get('key', '')[:64]}"
    try:
        told = _told(rollbook, enrollment, step)
        if activity in LABS:
            rollbook.ask("POST", f"{path}/complete", key)
            return _page(told.title, _said("The lab is finished, and Rollbook knows.") + _back(told))
        result = score(activity, {number: given.get(f"q{number}", "") for number in range(len(EXAMS[activity]))})
        rollbook.ask("POST", f"{path}/attempts", key, score=result)
    except NotReported as refusal:
        return _page("Rollbook did not take the result", _said(str(refusal)), 503)
    passed = told.pass_mark is None or result >= told.pass_mark
    asked = "" if told.pass_mark is None else f" {told.pass_mark} % are asked for."
    again = "" if passed else '<p><a href="">Take it once more</a></p>'
    return _page(
        "Passed" if passed else "Not passed", _said(f"{result} %.{asked} Rollbook knows.") + again + _back(told)
    )


def _form(activity: str, told: _Told) -> str:
    done = _said("This is done already.") if told.completed else ""
    key = f'<input type="hidden" name="key" value="{uuid4()}">'
    if activity in LABS:
        inner, button = f"<p>{html.escape(LABS[activity])}</p>", "Finish the lab"
    else:
        inner, button = "".join(_question(number, activity) for number in range(len(EXAMS[activity]))), "Hand in"
    return (
        f'{done}<form method="post" class="stack">{key}{inner}<p><button class="button main">{button}</button></p></form>'
        + _back(told)
    )


def _question(number: int, exam: str) -> str:
    question = EXAMS[exam][number]
    choices = "".join(
        f'<label><input type="radio" name="q{number}" value="{html.escape(one)}" required> {html.escape(one)}</label>'
        for one in sorted(question.answers)
    )
    return f'<fieldset><legend>{html.escape(question.text)}</legend><div class="radio-cards">{choices}</div></fieldset>'


def _said(text: str) -> str:
    return f'<p role="status">{html.escape(text)}</p>'


def _back(told: _Told) -> str:
    return _BACK.format(back=html.escape(told.back))


def _page(title: str, content: str, status: int = 200) -> HTMLResponse:
    files = assets()
    page = _PAGE.format(title=html.escape(title), css=files["css"].name, mark=files["svg"].name, content=content)
    return HTMLResponse(page, status, headers=HEADERS)


def folder(settings: Settings) -> Path:
    """Where a demo keeps what is not in a database."""
    return settings.data or default_data()


def learning(settings: Settings) -> FastAPI:
    """The learning system of a demo."""

    def credentials() -> Credentials | None:
        found = learning_system(folder(settings))
        return Credentials(**found) if found else None

    return demo_learning(settings.launch_secret, Rollbook(settings.base_url, credentials))
