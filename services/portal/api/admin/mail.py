"""The e-mails that a demo's catcher took."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.asking import Listed
from services.portal.client.notifier import Caught, Letter, caught, letter
from shared.limits import Cursor, Number

router = APIRouter(prefix="/admin/mail/caught")


@dataclass(frozen=True)
class CaughtView:
    template: ClassVar[str] = "admin/caught.html"
    found: Listed[Caught]
    following: str | None


@dataclass(frozen=True)
class LetterView:
    template: ClassVar[str] = "admin/letter.html"
    letter: Letter


@router.get("")
def list_caught(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    found = caught(ask, cursor)
    return show(CaughtView(found, f"{router.prefix}?{urlencode({'cursor': found.next})}" if found.next else None))


@router.get("/{id}")
def show_letter(id: Number, ask: Ask, show: ShowDep) -> Response:
    return show(LetterView(letter(ask, id)))
