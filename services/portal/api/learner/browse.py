"""What there is to learn: cards, a search, filters (LRN-1)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.asking import Listed
from services.portal.client.enrollment import Card
from services.portal.client.learning import browse
from shared.limits import Cursor, Line, Sought

router = APIRouter()

KINDS = ("course", "certification", "qualification")
STATES = ("open", "mine", "finished")
PRICES = ("true", "false")


class BrowseForm(BaseModel):
    """What to look for; what is empty, or not one of the choices, narrows nothing. `free`: without a price, or with one."""

    q: Sought = ""
    kind: Line = ""
    state: Line = ""
    free: Line = ""

    def given(self) -> dict[str, str]:
        known = {"kind": KINDS, "state": STATES, "free": PRICES}
        asked = self.model_dump()
        return {name: value for name, value in asked.items() if value and value in known.get(name, (value,))}


@dataclass(frozen=True)
class BrowseView:
    """`following`: the address of the next page; `narrowed`: something is looked for."""

    template: ClassVar[str] = "learner/browse.html"
    asked: BrowseForm
    found: Listed[Card]
    narrowed: bool
    first: str
    following: str | None


@router.get("/browse")
def browse_page(
    ask: Ask, show: ShowDep, asked: Annotated[BrowseForm, Query()], cursor: Annotated[Cursor, Query()] = ""
) -> Response:
    given = asked.given()
    found = browse(ask, {**given, "count": True, "cursor": cursor})
    first = f"/browse?{urlencode(given)}" if cursor else ""
    following = f"/browse?{urlencode({**given, 'cursor': found.next})}" if found.next else None
    return show(BrowseView(asked, found, bool(given), first, following))
