"""Files are checked first, which changes nothing, and then imported; which headings are read is said before that (DIR-8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, BinaryIO, ClassVar, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import imports
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.imports import ELEMENTS, FileMapping
from services.portal.rendering import Show
from shared.errors import Invalid
from shared.limits import Line

router = APIRouter(prefix="/admin/imports")


class Options(BaseModel):
    """How the files are to be read, as it was chosen; empty: as the mapping says. `feed`: who manages the records."""

    mapping: Line = "totara"
    feed: Line = ""
    contains_all: bool = False
    empty: Line = "ignore"
    removal: Line = "deactivate"
    job_key: Line = "idnumber"
    take_over: bool = False
    create_frameworks: bool = False
    delimiter: Line = ""
    encoding: Line = ""
    date_format: Line = ""
    zone: Line = ""

    def told(self) -> dict[str, str]:
        """As the directory reads them."""
        written = {name: str(value).lower() if value in (True, False) else value for name, value in self}
        delimiter = {"tab": "\t"}.get(self.delimiter, self.delimiter)
        return {name: value for name, value in {**written, "delimiter": delimiter}.items() if value}


class Upload(NamedTuple):
    """What a form brought: files by their kind, and the options."""

    key: UUID
    import_now: bool
    files: Mapping[str, tuple[str, BinaryIO]]
    options: Options


@dataclass(frozen=True)
class FilesView:
    """`again`: they were checked already, and are chosen once more to be imported."""

    template: ClassVar[str] = "admin/imports/files.html"
    mappings: list[FileMapping]
    elements: tuple[str, ...]
    asked: Options
    again: bool
    refused: ServiceProblem | None


async def uploaded(request: Request) -> Upload:
    """Raises Invalid for a form that is not ours."""
    form = await request.form(max_files=len(ELEMENTS), max_fields=40)
    sent = {name: value for name, value in form.items() if isinstance(value, UploadFile)}
    files = {name: (one.filename, one.file) for name, one in sent.items() if one.filename}
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        return Upload(UUID(fields.get("key")), fields.get("do") == "import", files, Options.model_validate(fields))
    except (ValidationError, TypeError, ValueError) as error:
        raise Invalid("Send the form of the page again.", kind="form") from error


UploadDep = Annotated[Upload, Depends(uploaded)]


@router.get("/new")
def choose(
    ask: Ask, show: ShowDep, asked: Annotated[Options, Query()], again: Annotated[bool, Query()] = False
) -> Response:
    return _page(ask, show, asked, again=again)


@router.post("/new")
def start(ask: Ask, show: ShowDep, upload: UploadDep) -> Response:
    """Checks them, or carries them out."""
    options = {**upload.options.told(), "dry_run": str(not upload.import_now).lower()}
    try:
        run = imports.start(ask, upload.files, options, str(upload.key))
    except ServiceProblem as problem:
        return _page(ask, show, upload.options, refused_in(problem, 400, 403, 409, 413, 422), again=upload.import_now)
    chosen = urlencode(upload.options.model_dump(exclude_defaults=True))
    return show.go(f"{router.prefix}/{run.id}" + (f"?{chosen}" if chosen else ""))


def _page(
    ask: Asking, show: Show, asked: Options, refused: ServiceProblem | None = None, *, again: bool = False
) -> Response:
    view = FilesView(imports.mappings(ask), ELEMENTS, asked, again, refused)
    return show(view, refused.status if refused else 200)
