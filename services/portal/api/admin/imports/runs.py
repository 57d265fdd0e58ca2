"""The runs of the import, and what became of each row (DIR-8)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client import imports
from services.portal.client.asking import Listed, Missing
from services.portal.client.imports import Row, Run
from services.portal.client.people import Person, people_names
from shared.limits import Cursor, Line

router = APIRouter(prefix="/admin/imports")


@dataclass(frozen=True)
class RunsView:
    """`names` of who began them, by their ids."""

    template: ClassVar[str] = "admin/imports/runs.html"
    found: Listed[Run]
    names: dict[UUID, Person] | Missing
    following: str | None


@dataclass(frozen=True)
class RunView:
    """`rows`: its report, None: it is not checked yet; `outcome`: the only one of rows that are shown; `options`: of this check, to
    import the same files."""

    template: ClassVar[str] = "admin/imports/run.html"
    run: Run
    rows: Listed[Row] | None
    names: dict[UUID, Person] | Missing
    outcome: str
    options: str
    following: str | None


@router.get("")
def list_runs(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    found = imports.runs(ask, cursor)
    names = ask.part(lambda: people_names(ask, sorted({one.actor for one in found.items}))).result()
    following = f"{router.prefix}?{urlencode({'cursor': found.next})}" if found.next else None
    return show(RunsView(found, names, following))


@router.get("/{id}")
def run(
    ask: Ask,
    show: ShowDep,
    request: Request,
    id: UUID,
    outcome: Annotated[Line, Query()] = "",
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    found = imports.run(ask, id)
    names = ask.part(lambda: people_names(ask, [found.actor]))
    checked = found.over or found.total is not None
    rows = imports.report(ask, id, outcome, cursor) if checked else None
    chosen = {name: value for name, value in request.query_params.items() if name not in ("outcome", "cursor", "said")}
    query = {**chosen, "outcome": outcome, "cursor": rows.next if rows else None}
    given = {name: value for name, value in query.items() if value}
    following = f"{router.prefix}/{id}?{urlencode(given)}" if rows and rows.next else None
    return show(RunView(found, rows, names.result(), outcome, urlencode(chosen), following))
