"""The record of learning: every term in which somebody was enrolled, by kind of offering (LRN-5)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep, SignedIn
from services.portal.client.asking import Asking, Listed, Missing
from services.portal.client.directory import Holding, what_holds
from services.portal.client.reporting import RecordedTerm, record_of
from services.portal.rendering import Show
from services.portal.session import Session
from shared.limits import Cursor

router = APIRouter(prefix="/record")

KINDS = {"courses": "course", "certifications": "certification", "qualifications": "qualification"}
"""By the last part of the address: what the catalog calls it."""


@dataclass(frozen=True)
class RecordView:
    """`kind`: course, certification, qualification, or nothing for all of them. `types`, `names`: the organisation wants these
    columns about assignments."""

    template: ClassVar[str] = "learner/record.html"
    kind: str
    found: Listed[RecordedTerm]
    types: bool
    names: bool
    following: str | None


@router.get("")
def everything(ask: Ask, show: ShowDep, session: SignedIn, cursor: Annotated[Cursor, Query()] = "") -> Response:
    return _page(ask, show, session, router.prefix, "", cursor)


@router.get("/{kind}")
def of_kind(
    kind: Literal["courses", "certifications", "qualifications"],
    ask: Ask,
    show: ShowDep,
    session: SignedIn,
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    return _page(ask, show, session, f"{router.prefix}/{kind}", KINDS[kind], cursor)


def _page(ask: Asking, show: Show, session: Session, path: str, kind: str, cursor: str) -> Response:
    asked = ask.part(lambda: what_holds(ask))
    found = record_of(ask, session.person, kind, cursor)
    answered = asked.result()
    holds = Holding() if isinstance(answered, Missing) else answered
    following = f"{path}?{urlencode({'cursor': found.next})}" if found.next else None
    view = RecordView(kind, found, holds.record_assignment_types, holds.record_assignment_names, following)
    return show(view)
