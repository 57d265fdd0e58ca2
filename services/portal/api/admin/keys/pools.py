"""The pools of training keys that one may see (KEY-1)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client import keys
from services.portal.client.asking import Listed
from services.portal.client.keys import Pool
from shared.limits import Cursor, Sought

router = APIRouter(prefix="/admin/keys")


@dataclass(frozen=True)
class PoolsView:
    """`name`: the part of it that is looked for; `following`: the address of the next page."""

    template: ClassVar[str] = "admin/keys/pools.html"
    found: Listed[Pool]
    name: str
    now: datetime
    following: str | None


@router.get("")
def list_pools(
    ask: Ask, show: ShowDep, q: Annotated[Sought, Query()] = "", cursor: Annotated[Cursor, Query()] = ""
) -> Response:
    found = keys.pools(ask, q, cursor)
    query = {"q": q, "cursor": found.next} if q else {"cursor": found.next}
    following = f"{router.prefix}?{urlencode(query)}" if found.next else None
    return show(PoolsView(found, q, datetime.now(UTC), following))
