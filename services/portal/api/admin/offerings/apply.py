"""The catalog as code: a file, the difference that it would make, and making it so (CAT-16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel

from services.portal.api.admin.offerings.saving import mark
from services.portal.api.visitor import Ask, ShowDep, SignedIn, refused_in
from services.portal.client import offerings
from services.portal.client.asking import ServiceProblem
from services.portal.client.offerings import Applied
from services.portal.rendering import Show
from shared.limits import Line, Text

router = APIRouter(prefix="/admin/catalog/apply")

Content = Annotated[str, Text(10_000_000, strip=False, lines=True)]
"""A file: how large it may be, the service says."""


class ApplyForm(BaseModel):
    """`shown`: tells the difference that was looked at."""

    key: UUID | None = None
    content: Content = ""
    shown: Line = ""


@dataclass(frozen=True)
class ApplyView:
    """`items`: what would become of everything in the file, None: there is no file yet; `moved`: the catalog has changed since the
    difference was shown."""

    template: ClassVar[str] = "admin/offerings/apply.html"
    content: str = ""
    items: Sequence[Applied] | None = None
    shown: str = ""
    moved: bool = False
    refused: ServiceProblem | None = None


@router.get("")
def begin(_: SignedIn, show: ShowDep) -> Response:
    return show(ApplyView())


@router.post("/difference")
def difference(ask: Ask, show: ShowDep, file: Annotated[UploadFile | None, File()] = None) -> Response:
    """The file is not kept: its text goes to the page, and from there to be applied."""
    given = file.file.read() if file else b""
    try:
        content = given.decode()
    except UnicodeDecodeError:
        return _refused(show, "no-text")
    if not content.strip():
        return _refused(show, "no-file")
    try:
        return _difference(show, content, offerings.apply(ask, content, dry_run=True))
    except ServiceProblem as problem:
        return show(ApplyView(refused=refused_in(problem)), problem.status)


@router.post("")
def apply(ask: Ask, show: ShowDep, asked: Annotated[ApplyForm, Form()]) -> Response:
    """Only what was shown: where the catalog has changed meanwhile, the difference is shown again."""
    try:
        items = offerings.apply(ask, asked.content, dry_run=True)
        if mark(items) != asked.shown:
            return _difference(show, asked.content, items, moved=True)
        offerings.apply(ask, asked.content, dry_run=False, key=str(asked.key))
    except ServiceProblem as problem:
        return show(ApplyView(refused=refused_in(problem)), problem.status)
    return show.go(router.prefix, said="applied")


def _difference(show: Show, content: str, items: Sequence[Applied], *, moved: bool = False) -> Response:
    return show(ApplyView(content, items, mark(items), moved), 409 if moved else 200)


def _refused(show: Show, kind: str) -> Response:
    problem = ServiceProblem(422, {"type": f"urn:rollbook:problem:{kind}", "field": "file"})
    return show(ApplyView(refused=problem), 422)
