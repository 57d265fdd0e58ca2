"""Badges that were earned, each with an address to share (ENR-11)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.asking import Listed
from services.portal.client.enrollment import Achievement, achievements
from shared.limits import Cursor

router = APIRouter(prefix="/achievements")


@dataclass(frozen=True)
class AchievementsView:
    """`networks`: name, and the address where it takes what is to be shared after it."""

    template: ClassVar[str] = "learner/achievements.html"
    found: Listed[Achievement]
    following: str | None
    networks: tuple[tuple[str, str], ...] = (
        ("LinkedIn", "https://www.linkedin.com/sharing/share-offsite/?url="),
        ("X", "https://x.com/intent/post?url="),
        ("Facebook", "https://www.facebook.com/sharer/sharer.php?u="),
    )
    """Plain links: nothing of theirs is loaded, and they learn nothing before one is opened."""


@router.get("")
def badges(ask: Ask, show: ShowDep, cursor: Annotated[Cursor, Query()] = "") -> Response:
    found = achievements(ask, cursor=cursor)
    following = f"{router.prefix}?{urlencode({'cursor': found.next})}" if found.next else None
    return show(AchievementsView(found, following))
