"""What somebody has completed, with certificates (LRN-4)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.asking import Listed
from services.portal.client.enrollment import Card, mine
from shared.limits import Cursor

router = APIRouter()


@dataclass(frozen=True)
class TranscriptView:
    template: ClassVar[str] = "learner/transcript.html"
    found: Listed[Card]
    following: str | None


@router.get("/transcript")
def transcript(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    found = mine(ask, "completed", cursor=cursor)
    following = f"/transcript?{urlencode({'cursor': found.next})}" if found.next else None
    return show(TranscriptView(found, following))
