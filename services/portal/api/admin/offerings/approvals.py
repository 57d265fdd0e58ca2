"""What was asked for about one offering: what waits, and what was decided (ADM-1, APR-8)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.approvals import Waiting, requests_about
from services.portal.client.asking import Listed, Missing
from services.portal.client.catalog import OfferingHead, offering_head
from shared.limits import Cursor

router = APIRouter(prefix="/admin/offerings/{id}/approvals")

Status = Literal["open", "approved", "denied", "withdrawn", "closed"]


@dataclass(frozen=True)
class OfferingRequestsView:
    """`status` empty: whatever it is."""

    template: ClassVar[str] = "admin/offerings/approvals.html"
    offering: OfferingHead
    status: str
    statuses: tuple[str, ...]
    found: Listed[Waiting] | Missing
    following: str | None


@router.get("")
def list_requests(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    status: Annotated[Status | Literal[""], Query()] = "",
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    offering = ask.begin(lambda: offering_head(ask, id))
    found = ask.part(lambda: requests_about(ask, id, status, cursor)).result()
    onward = found.next if isinstance(found, Listed) else None
    query = {name: value for name, value in (("status", status), ("cursor", onward)) if value}
    following = f"/admin/offerings/{id}/approvals?{urlencode(query)}" if onward else None
    return show(OfferingRequestsView(offering.result(), status, get_args(Status), found, following))
