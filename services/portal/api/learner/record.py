"""The record of learning: everything that somebody was ever enrolled on, by kind (LRN-5)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.asking import Asking, Listed
from services.portal.client.enrollment import Card, mine
from services.portal.rendering import Show
from shared.limits import Cursor

router = APIRouter(prefix="/record")

KINDS = {"courses": "course", "certifications": "certification", "qualifications": "qualification"}
"""By the last part of the address: what enrollment calls it."""


@dataclass(frozen=True)
class RecordView:
    """`kind`: course, certification, qualification, or nothing for all of them."""

    template: ClassVar[str] = "learner/record.html"
    kind: str
    found: Listed[Card]
    following: str | None


@router.get("")
def everything(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    return _page(ask, show, router.prefix, "", cursor)


@router.get("/{kind}")
def of_kind(
    kind: Literal["courses", "certifications", "qualifications"],
    ask: Ask,
    show: ShowDep,
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    return _page(ask, show, f"{router.prefix}/{kind}", KINDS[kind], cursor)


def _page(ask: Asking, show: Show, path: str, kind: str, cursor: str) -> Response:
    found = mine(ask, "all", kinds=(kind,) if kind else (), cursor=cursor)
    return show(RecordView(kind, found, f"{path}?{urlencode({'cursor': found.next})}" if found.next else None))
