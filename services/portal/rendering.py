"""How a page is made of a view: its template, the frame around it, and what every page says about whoever looks."""

from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import Field, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast
from urllib.parse import urlencode
from uuid import UUID, uuid4

import heroicons.jinja
import httpx
from fastapi import Response
from fastapi.responses import RedirectResponse, StreamingResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.background import BackgroundTask

from services.portal.assets import assets
from services.portal.client.asking import Missing, Receipt, ServiceProblem
from services.portal.languages import LANGUAGES, Writing, translations
from services.portal.session import Session
from shared.auth import Permission

TEMPLATES = Path(__file__).parent / "templates"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types rollbook",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PATIENCE = 1.0
"""A page waits so many seconds for the number in its head, and is shown without it."""
_small_icon = cache(heroicons.jinja.heroicon_micro)
_large_icon = cache(heroicons.jinja.heroicon_outline)
"""Each is written once; a page of cards has hundreds."""


class View(Protocol):
    """What a template shows: a frozen dataclass whose fields are exactly the names that the template uses."""

    template: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


@dataclass(frozen=True)
class Shell:
    """What every page knows, as `shell` in its template."""

    session: Session | None
    path: str
    write: Writing
    said: str = ""
    """Which line a page shows about what was just done: a word that `ui/said.html` knows."""
    batch: UUID | None = None
    """What was just done, where it can be looked at and undone."""
    languages: tuple[str, ...] = LANGUAGES
    counting: "Future[int | Missing] | None" = None
    demo: bool = False
    css: str = field(default_factory=lambda: assets()["css"].name)
    js: str = field(default_factory=lambda: assets()["js"].name)
    mark: str = field(default_factory=lambda: assets()["svg"].name)

    @property
    def signed_in(self) -> bool:
        return self.session is not None

    @property
    def name(self) -> str:
        return self.session.name if self.session else ""

    @property
    def administers(self) -> bool:
        return bool(self.session and self.session.permissions)

    def may(self, *permissions: str) -> bool:
        """Whether any role of theirs has one of these, wherever it holds."""
        return bool(self.session and self.session.permissions & {Permission(one) for one in permissions})

    def may_everywhere(self, permission: str) -> bool:
        """Whether one of their roles has it for everything."""
        return bool(self.session and Permission(permission) in self.session.everywhere)

    @property
    def waiting(self) -> int | None:
        """How many requests wait for whoever looks; None: not known now."""
        try:
            found = self.counting.result(_PATIENCE) if self.counting else None
        except (NotYet, ServiceProblem):
            return None
        return found if isinstance(found, int) else None

    def within(self, *paths: str) -> bool:
        """Whether the page lies below one of these."""
        return any(self.path == path or self.path.startswith(f"{path}/") for path in paths)

    @staticmethod
    def key() -> str:
        """Of a form: what is sent twice is one command."""
        return str(uuid4())


@dataclass(frozen=True)
class Show:
    """Answers with pages, for one visitor."""

    shell: Shell

    def __call__(self, view: View, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        values = {one.name: getattr(view, one.name) for one in fields(view)}
        html = templates(self.shell.write.language).get_template(view.template).render(shell=self.shell, **values)
        return Response(html, status, headers={**HEADERS, **(headers or {})}, media_type="text/html; charset=utf-8")

    def go(self, path: str, *, said: str = "", receipt: Receipt | None = None, undo: bool = False) -> Response:
        """Lead on after a form: `said` is told there, and that page waits for what the receipt names. `undo`: with a link to
        what was done."""
        batch = receipt.batch if receipt and undo else ""
        query = {"at_least": receipt.position if receipt else "", "said": said, "batch": batch}
        given = urlencode({name: value for name, value in query.items() if value})
        joint = "&" if "?" in path else "?"
        return RedirectResponse(f"{path}{joint}{given}" if given else path, 303, headers=HEADERS)

    def on(self, path: str) -> Response:
        """Lead on to the page of what was asked for, with the line about what was just done."""
        shell = self.shell
        given = urlencode({name: value for name, value in (("said", shell.said), ("batch", shell.batch)) if value})
        return RedirectResponse(f"{path}?{given}" if given else path, 303, headers=HEADERS)


@cache
def templates(language: str) -> Environment:
    """Templates with the texts of a language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    cast("Any", made).install_gettext_translations(translations(language), newstyle=True)
    made.globals["small_icon"] = _small_icon
    made.globals["large_icon"] = _large_icon
    made.tests["missing"] = lambda value: isinstance(value, Missing)
    return made


def passed_on(answer: httpx.Response) -> StreamingResponse:
    """A file of a service, as it comes: with its type and name, and with the headers of every page."""
    told = {one: answer.headers[one] for one in ("Content-Type", "Content-Disposition") if one in answer.headers}
    return StreamingResponse(answer.iter_bytes(), headers={**HEADERS, **told}, background=BackgroundTask(answer.close))
