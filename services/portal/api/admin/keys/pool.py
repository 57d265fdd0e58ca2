"""A pool: created for a course and an organisation, which stay; everything else can be edited later (KEY-1, KEY-2)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, JsonValue

from services.portal.api.form_values import instant, typed
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import keys
from services.portal.client.asking import Asking, Missing, ServiceProblem
from services.portal.client.catalog import Offering, courses, longest_access
from services.portal.client.keys import Pool
from services.portal.client.people import Unit, organisations
from services.portal.rendering import Show
from shared.limits import Line, Sought

router = APIRouter(prefix="/admin/keys")


class TermsForm(BaseModel):
    """What of a pool can be edited, as it was typed: moments in the reader's time zone."""

    key: UUID | None = None
    name: Line = ""
    starts: Line = ""
    expires: Line = ""
    access_days: Line = ""
    share_below: bool = False
    version: int = 0

    def body(self, zone: ZoneInfo) -> dict[str, JsonValue]:
        return {
            "name": self.name,
            "starts": instant(self.starts, zone),
            "expires": instant(self.expires, zone),
            "access_days": self.access_days,
            "share_below": self.share_below,
        }

    @classmethod
    def of(cls, pool: Pool, zone: ZoneInfo) -> "TermsForm":
        return cls(
            name=pool.name,
            starts=typed(pool.starts, zone),
            expires=typed(pool.expires, zone),
            access_days=str(pool.access_days),
            share_below=pool.share_below,
            version=pool.version,
        )


class NewForm(TermsForm):
    """`course` and `organisation` are what these are sought by; `do`: whether to look, or to create."""

    course: Sought = ""
    organisation: Sought = ""
    offering_id: Line = ""
    organisation_id: Line = ""
    do: Line = "look"


@dataclass(frozen=True)
class NewView:
    """`courses` and `organisations` to choose from."""

    template: ClassVar[str] = "admin/keys/new.html"
    asked: NewForm
    courses: list[Offering]
    organisations: list[Unit]
    refused: ServiceProblem | None


@dataclass(frozen=True)
class PoolView:
    """`asked` is what the form shows; `changed`: the pool as somebody else has made it meanwhile; `longest`: access that the course
    gives at most, in days, where that is known."""

    template: ClassVar[str] = "admin/keys/pool.html"
    pool: Pool
    asked: TermsForm
    longest: int | None
    now: datetime
    changed: TermsForm | None
    refused: ServiceProblem | None


@router.get("/new")
def new(ask: Ask, show: ShowDep) -> Response:
    return _new(ask, show, NewForm())


@router.post("/new")
def create(ask: Ask, show: ShowDep, asked: Annotated[NewForm, Form()]) -> Response:
    """Looks for courses and organisations, too, so that what was typed stays."""
    if asked.do != "create":
        return _new(ask, show, asked)
    body = {
        **asked.body(show.shell.write.zone),
        "offering_id": asked.offering_id or None,
        "organisation_id": asked.organisation_id or None,
    }
    try:
        made = keys.create_pool(ask, body, str(asked.key))
    except ServiceProblem as problem:
        return _new(ask, show, asked, refused_in(problem))
    return show.go(f"{router.prefix}/{made}/keys", said="pool-created")


def _new(ask: Asking, show: Show, asked: NewForm, refused: ServiceProblem | None = None) -> Response:
    there = ask.begin(lambda: organisations(ask, asked.organisation))
    view = NewView(asked, courses(ask, asked.course), there.result(), refused)
    return show(view, refused.status if refused else 200)


@router.get("/{id}")
def pool(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _pool(ask, show, id)


@router.post("/{id}")
def edit(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[TermsForm, Form()]) -> Response:
    try:
        keys.edit_pool(ask, id, asked.body(show.shell.write.zone), asked.version, str(asked.key))
    except ServiceProblem as problem:
        return _pool(ask, show, id, asked, refused_in(problem))
    return show.go(f"{router.prefix}/{id}", said="saved")


def _pool(
    ask: Asking, show: Show, id: UUID, asked: TermsForm | None = None, refused: ServiceProblem | None = None
) -> Response:
    found = keys.pool(ask, id)
    there = TermsForm.of(found, show.shell.write.zone)
    longest = ask.part(lambda: longest_access(ask, found.offering_id)).result()
    changed = None
    if asked and refused and refused.status == 412:
        changed, asked = there, asked.model_copy(update={"version": found.version})
    days = None if isinstance(longest, Missing) else longest
    view = PoolView(found, asked or there, days, datetime.now(UTC), changed, refused)
    return show(view, refused.status if refused else 200)
