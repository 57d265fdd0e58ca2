"""The own qualifications: required or optional, what each needs, what comes next (LRN-6)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.asking import Listed
from services.portal.client.enrollment import Card, mine
from shared.limits import Cursor

router = APIRouter(prefix="/qualifications")


@dataclass(frozen=True)
class QualificationsView:
    template: ClassVar[str] = "learner/qualifications.html"
    found: Listed[Card]
    following: str | None


@router.get("")
def qualifications(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    found = mine(ask, "qualifications", cursor=cursor)
    return show(
        QualificationsView(found, f"{router.prefix}?{urlencode({'cursor': found.next})}" if found.next else None)
    )
