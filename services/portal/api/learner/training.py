"""Everything that somebody has not finished: overdue, due, the rest (LRN-3)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, AtLeast, ShowDep
from services.portal.client.enrollment import Card, mine
from shared.limits import Cursor

router = APIRouter(prefix="/training")


@dataclass(frozen=True)
class TrainingView:
    """`last`: what was completed last, where nothing is left to do."""

    template: ClassVar[str] = "learner/training.html"
    overdue: list[Card]
    due: list[Card]
    rest: list[Card]
    last: Card | None
    following: str | None


@router.get("")
def current(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "", at_least: AtLeast = None) -> Response:
    found = mine(ask, "current", cursor=cursor, at_least=at_least)
    overdue = [one for one in found.items if one.overdue]
    due = [one for one in found.items if one.standing.due_on and not one.overdue]
    rest = [one for one in found.items if not one.standing.due_on]
    done = mine(ask, "completed", limit=1).items if not found.items else []
    following = f"{router.prefix}?{urlencode({'cursor': found.next})}" if found.next else None
    return show(TrainingView(overdue, due, rest, next(iter(done), None), following))
