"""Learners from a spreadsheet: the rules first, then a check that changes nothing, then the import (IMP-1 to IMP-5)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import course_assignments
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.catalog import OfferingHead, offering_head
from services.portal.client.course_assignments import Imported
from services.portal.rendering import Show
from shared.limits import Line

router = APIRouter(prefix="/admin/offerings/{id}/import")


@dataclass(frozen=True)
class ImportView:
    """`found`: what the file would do, or did; `batch`: what was imported, where it can be undone."""

    template: ClassVar[str] = "admin/offerings/import.html"
    offering: OfferingHead
    found: Imported | None
    batch: str
    no_file: bool
    refused: ServiceProblem | None


@router.get("")
def rules(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id)


@router.post("")
def read(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    key: Annotated[UUID, Form()],
    file: Annotated[UploadFile | None, File()] = None,
    do: Annotated[Line, Form()] = "check",
) -> Response:
    """The file is not kept between checking and importing: it is chosen again."""
    content = file.file.read() if file and file.filename else b""
    if not content:
        return _page(ask, show, id, no_file=True)
    try:
        receipt, found = course_assignments.import_learners(ask, id, content, str(key), dry_run=do != "import")
    except ServiceProblem as problem:
        return _page(ask, show, id, refused=refused_in(problem, 400, 403, 404, 409, 413, 415, 422, 503))
    if not found.dry_run and not found.left_out:
        return show.go(f"/admin/offerings/{id}/learners", said="learners-imported", receipt=receipt, undo=True)
    return _page(ask, show, id, found=found, batch="" if found.dry_run else receipt.batch)


def _page(
    ask: Asking,
    show: Show,
    id: UUID,
    *,
    found: Imported | None = None,
    batch: str = "",
    no_file: bool = False,
    refused: ServiceProblem | None = None,
) -> Response:
    view = ImportView(offering_head(ask, id), found, batch, no_file, refused)
    return show(view, refused.status if refused else 422 if no_file else 200)
