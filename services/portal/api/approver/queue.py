"""What waits for whoever looks, and what they decided (APR-1, APR-3, APR-5 to APR-7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.approvals import Waiting, own_open, queue
from services.portal.client.asking import Listed, Missing
from shared.contracts.approvals import RequestKind
from shared.limits import Cursor, Line

router = APIRouter(prefix="/approvals")

KINDS = get_args(RequestKind)


@dataclass(frozen=True)
class QueueView:
    """`own`: what whoever looks has asked for; others decide on that. `kind`: the one that is shown, empty: all."""

    template: ClassVar[str] = "approver/queue.html"
    state: str
    kind: str
    kinds: tuple[str, ...]
    links: Mapping[str, str]
    """Where each kind is listed; those of all under the empty one."""
    found: Listed[Waiting]
    own: list[Waiting] | Missing
    following: str | None


@router.get("")
def list_queue(
    ask: Ask,
    show: ShowDep,
    state: Annotated[Literal["waiting", "decided"], Query()] = "waiting",
    kind: Annotated[Line, Query()] = "",
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    known = kind if kind in KINDS else ""
    own = ask.part(lambda: own_open(ask)) if state == "waiting" and not cursor else None
    found = queue(ask, state, known, cursor)
    links = {one: _address(state, one) for one in ("", *KINDS)}
    following = _address(state, known, found.next) if found.next else None
    return show(QueueView(state, known, KINDS, links, found, own.result() if own else [], following))


def _address(state: str, kind: str, cursor: str = "") -> str:
    asked = {"state": "" if state == "waiting" else state, "kind": kind, "cursor": cursor}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{router.prefix}?{query}" if query else router.prefix
