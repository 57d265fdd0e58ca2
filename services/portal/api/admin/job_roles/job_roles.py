"""The job roles that there are (CAT-10)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client import job_roles
from services.portal.client.asking import Listed, Missing
from services.portal.client.job_roles import JobRole, Qualification
from shared.limits import Cursor, Sought

router = APIRouter(prefix="/admin/job-roles")


@dataclass(frozen=True)
class JobRolesView:
    """`linked`: qualifications by their ids; `words`: the part of name or code that is looked for; `following`: the address of the
    next page."""

    template: ClassVar[str] = "admin/job_roles/job_roles.html"
    found: Listed[JobRole]
    linked: dict[UUID, Qualification] | Missing
    words: str
    following: str | None


@router.get("")
def list_job_roles(
    ask: Ask, show: ShowDep, q: Annotated[Sought, Query()] = "", cursor: Annotated[Cursor, Query()] = ""
) -> Response:
    found = job_roles.job_roles(ask, q, cursor)
    ids = {id for one in found.items for id in one.qualifications}
    linked = ask.part(lambda: job_roles.named(ask, ids)).result()
    query = {"q": q, "cursor": found.next} if q else {"cursor": found.next}
    following = f"{router.prefix}?{urlencode(query)}" if found.next else None
    return show(JobRolesView(found, linked, q, following))
