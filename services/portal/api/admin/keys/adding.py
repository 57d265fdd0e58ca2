"""Keys are added to a pool: one, many that are pasted, or as many as are to be generated (KEY-3)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import keys
from services.portal.client.asking import ServiceProblem
from services.portal.client.keys import Job, Pool
from services.portal.rendering import Show
from shared.limits import Line, Secret, Text

router = APIRouter(prefix="/admin/keys/{pool_id}")

Pasted = Annotated[str, Text(10_000_000, strip=False, lines=True)]
"""Lines with a key each: how many there may be, the service says."""


@dataclass(frozen=True)
class Failed:
    """A line that was not added: its number, what it says, and why."""

    line: int
    text: str
    outcome: str


@dataclass(frozen=True)
class AddView:
    """What was typed and is not added stays in its field. `added`: of the lines, None: none were sent."""

    template: ClassVar[str] = "admin/keys/add.html"
    pool: Pool
    text: str = ""
    pasted: str = ""
    many: str = ""
    added: int | None = None
    failed: tuple[Failed, ...] = ()
    refused: ServiceProblem | None = None
    field: str = ""
    """Where the refusal belongs."""


@dataclass(frozen=True)
class JobView:
    """`mailing`: whose results are there when the job is over."""

    template: ClassVar[str] = "admin/keys/job.html"
    pool: Pool
    job: Job
    mailing: UUID | None


@router.get("/add")
def adding(ask: Ask, show: ShowDep, pool_id: UUID) -> Response:
    return show(AddView(keys.pool(ask, pool_id)))


@router.post("/add/one")
def add_one(
    ask: Ask, show: ShowDep, pool_id: UUID, key: Annotated[UUID, Form()], text: Annotated[Secret, Form()] = ""
) -> Response:
    try:
        keys.add_one(ask, pool_id, text, str(key))
    except ServiceProblem as problem:
        return _again(show, problem, AddView(keys.pool(ask, pool_id), text=text, field="text"))
    return show.go(f"/admin/keys/{pool_id}/keys", said="key-added")


@router.post("/add/many")
def add_many(
    ask: Ask, show: ShowDep, pool_id: UUID, key: Annotated[UUID, Form()], lines: Annotated[Pasted, Form()] = ""
) -> Response:
    """The lines that were not added come back in the field, each with the reason."""
    sent = lines.rstrip().splitlines()
    try:
        results = keys.add_lines(ask, pool_id, sent, str(key))
    except ServiceProblem as problem:
        return _again(show, problem, AddView(keys.pool(ask, pool_id), pasted=lines, field="lines"))
    failed = tuple(Failed(one.line, sent[one.line - 1], one.outcome) for one in results if one.outcome != "added")
    if not failed:
        return show.go(f"/admin/keys/{pool_id}/keys", said="keys-added")
    kept = "\n".join(one.text for one in failed if one.outcome != "empty")
    return show(AddView(keys.pool(ask, pool_id), pasted=kept, added=len(results) - len(failed), failed=failed))


@router.post("/add/generated")
def generate(
    ask: Ask, show: ShowDep, pool_id: UUID, key: Annotated[UUID, Form()], many: Annotated[Line, Form()] = ""
) -> Response:
    try:
        job = keys.generate(ask, pool_id, many, str(key))
    except ServiceProblem as problem:
        return _again(show, problem, AddView(keys.pool(ask, pool_id), many=many, field="many"))
    return show.go(f"/admin/keys/{pool_id}/jobs/{job}")


@router.get("/jobs/{id}")
def job(ask: Ask, show: ShowDep, pool_id: UUID, id: UUID, mailing: Annotated[UUID | None, Query()] = None) -> Response:
    pool = ask.begin(lambda: keys.pool(ask, pool_id))
    found = keys.job(ask, id)
    return show(JobView(pool.result(), found, mailing))


def _again(show: Show, problem: ServiceProblem, view: AddView) -> Response:
    refused = refused_in(problem)
    return show(AddView(**{**vars(view), "refused": refused}), refused.status)
