"""Routes of the import (DIR-8, DIR-13)."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from services.directory.api.dependencies import DatabaseDep, ImportsDep
from services.directory.imports import reporting, runs
from services.directory.imports.facts import OutcomeKind
from services.directory.imports.options import ELEMENTS, MappingView, Options, mapping, shipped
from services.directory.imports.options import Mapping as FileMapping
from services.directory.imports.reporting import ReportRow
from services.directory.imports.runs import ImportView
from services.directory.projections.tables import Element
from shared.auth import CurrentCaller, Permission
from shared.database import Database
from shared.errors import Invalid, NotFound
from shared.http import CommandContextDep, Cursor, PageSize, PreferWait
from shared.readmodel import Page
from shared.store import CommandContext

router = APIRouter(prefix="/api/directory/imports", tags=["import"])

_POLL_SECONDS = 0.05
_PARTS: dict[str, dict[str, object]] = {
    **{element: {"type": "string", "format": "binary"} for element in ELEMENTS},
    **{name: {"type": "string", "maxLength": 100} for name in ("mapping", *Options.model_fields) if name != "feed"},
    "feed": {"type": "string", "minLength": 1, "maxLength": 100},
}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": {"type": "object", "properties": _PARTS}}},
    }
}
_LISTS = ("no_create", "no_change", "no_remove")
_OF_MAPPING = ("delimiter", "encoding", "date_format", "zone")


class Upload(NamedTuple):
    """What came: the command, the files by kind, the options."""

    context: CommandContext
    contents: Mapping[Element, bytes]
    options: Options


_FINISHED: dict[int | str, dict[str, Any]] = {200: {"model": ImportView, "description": "The import has finished"}}
_GOES_ON: dict[int | str, dict[str, Any]] = {202: {"model": ImportView, "description": "The import is running"}}


async def uploaded(request: Request, context: CommandContextDep) -> Upload:
    """The multipart form: files org, pos, user, jobassignment; `mapping` and the options as fields."""
    form = await request.form(max_files=len(ELEMENTS) + 1, max_fields=40)
    contents: dict[Element, bytes] = {}
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) and name != "mapping":
            element = next((e for e in ELEMENTS if e == name), None)
            if element is None:
                raise Invalid(f"'{name}' is not a known file. Send any of these: {', '.join(ELEMENTS)}.", field=name)
            contents[element] = await value.read()
        else:
            fields[name] = (await value.read()).decode("utf-8", "replace") if isinstance(value, UploadFile) else value
    digest = hashlib.sha256(b"import")
    for name, content in sorted([*contents.items(), *((n, v.encode()) for n, v in fields.items())]):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return Upload(replace(context, request_hash=digest.digest()), contents, _options(fields))


def _options(fields: Mapping[str, str]) -> Options:
    chosen = mapping(fields.get("mapping", "totara"))
    told = {name: fields[name] for name in _OF_MAPPING if name in fields}
    rest: dict[str, object] = {n: v for n, v in fields.items() if n not in (*_OF_MAPPING, "mapping")}
    rest.update({n: [e.strip() for e in fields[n].split(",") if e.strip()] for n in _LISTS if n in fields})
    try:
        chosen = FileMapping.model_validate({**chosen.model_dump(), **told})
        return Options.model_validate({"feed": chosen.name, **rest, "mapping": chosen})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise Invalid(f"{field}: {first['msg']}", field=field) from error


@router.post("", status_code=202, responses=_FINISHED, openapi_extra=_FORM)
def start(
    imports: ImportsDep,
    database: DatabaseDep,
    caller: CurrentCaller,
    upload: Annotated[Upload, Depends(uploaded)],
    wait: PreferWait,
    response: Response,
) -> ImportView:
    """Check the files and import them, or with `dry_run` only report. Answers 202 with the run's address while it is running."""
    caller.everywhere(Permission.MANAGE_DIRECTORY)
    receipt = imports.start(*upload)
    id = UUID(str(receipt.result["import_id"])) if isinstance(receipt.result, dict) else UUID(int=0)
    response.headers["Location"] = f"/api/directory/imports/{id}"
    return _waited(database, id, wait, response)


@router.get("")
def list_runs(database: DatabaseDep, caller: CurrentCaller, limit: PageSize, cursor: Cursor = None) -> Page[ImportView]:
    """List the imports, newest first."""
    caller.everywhere(Permission.MANAGE_DIRECTORY)
    with database.connection() as conn:
        return runs.page(conn, cursor, limit)


@router.get("/mappings")
def list_mappings(caller: CurrentCaller) -> list[MappingView]:
    """List the mappings that ship: which headings are read, and how the files are written."""
    caller.everywhere(Permission.MANAGE_DIRECTORY)
    return shipped()


@router.get("/{import_id}", responses=_GOES_ON)
def run(
    database: DatabaseDep, caller: CurrentCaller, import_id: UUID, wait: PreferWait, response: Response
) -> ImportView:
    caller.everywhere(Permission.MANAGE_DIRECTORY)
    return _waited(database, import_id, wait, response)


@router.get("/{import_id}/report")
def report(
    database: DatabaseDep,
    caller: CurrentCaller,
    import_id: UUID,
    limit: PageSize,
    outcome: OutcomeKind | None = None,
    cursor: Cursor = None,
) -> Page[ReportRow]:
    """One line for each row of the files, and for each record that is missing from them."""
    caller.everywhere(Permission.MANAGE_DIRECTORY)
    _view(database, import_id)
    with database.connection() as conn:
        return reporting.page(conn, import_id, outcome, cursor, limit)


def _waited(database: Database, id: UUID, wait: float, response: Response) -> ImportView:
    deadline = time.monotonic() + wait
    while (view := _view(database, id)).state not in ("finished", "failed") and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    response.status_code = 200 if view.state in ("finished", "failed") else 202
    return view


def _view(database: Database, id: UUID) -> ImportView:
    with database.connection() as conn:
        found = runs.find(conn, id)
    if found is None:
        raise NotFound("There is no such import.", field="import_id")
    return found
