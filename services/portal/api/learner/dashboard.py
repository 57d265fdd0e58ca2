"""The first page of a learner: what matters most now, a key to redeem, rewards (LRN-2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, AtLeast, ShowDep
from services.portal.client.asking import Listed, Missing
from services.portal.client.enrollment import Achievement, Card, achievements, mine

router = APIRouter()

SHOWN = 5
"""So many enrollments; an arrow leads to the others."""
REWARDS = 3


@dataclass(frozen=True)
class DashboardView:
    """`again`: whether the page asks again by itself; `updated`: when it asked."""

    template: ClassVar[str] = "learner/dashboard.html"
    found: Listed[Card] | Missing
    rewards: Listed[Achievement] | Missing
    updated: datetime
    again: bool


@router.get("/")
def dashboard(ask: Ask, show: ShowDep, at_least: AtLeast = None, refresh: Annotated[bool, Query()] = True) -> Response:
    rewards = ask.part(lambda: achievements(ask, limit=REWARDS))
    found = ask.part(lambda: mine(ask, "relevant", limit=SHOWN, at_least=at_least))
    return show(DashboardView(found.result(), rewards.result(), show.shell.write.now(), refresh))
