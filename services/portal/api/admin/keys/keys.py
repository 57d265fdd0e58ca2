"""The keys of a pool, and one of them: what became of it, revoking, reopening (KEY-5, KEY-12)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import keys
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.keys import Pool, TrainingKey
from services.portal.rendering import Show
from shared.contracts.keys import KeyState
from shared.limits import Cursor, Line, Remark

router = APIRouter(prefix="/admin/keys/{pool_id}/keys")

STATES = get_args(KeyState)


@dataclass(frozen=True)
class KeysView:
    """`state`: those that are shown, empty: all; `following`: the address of the next page."""

    template: ClassVar[str] = "admin/keys/keys.html"
    pool: Pool
    found: Listed[TrainingKey]
    state: str
    states: tuple[str, ...]
    following: str | None


@dataclass(frozen=True)
class KeyView:
    """`reason` is what somebody typed before they were refused."""

    template: ClassVar[str] = "admin/keys/key.html"
    pool: Pool
    found: TrainingKey
    reason: str
    refused: ServiceProblem | None


@router.get("")
def list_keys(
    ask: Ask,
    show: ShowDep,
    pool_id: UUID,
    state: Annotated[Line, Query()] = "",
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    pool = ask.begin(lambda: keys.pool(ask, pool_id))
    shown = state if state in STATES else ""
    found = keys.keys_of(ask, pool_id, shown, cursor)
    query = {"state": shown, "cursor": found.next} if shown else {"cursor": found.next}
    following = f"/admin/keys/{pool_id}/keys?{urlencode(query)}" if found.next else None
    return show(KeysView(pool.result(), found, shown, STATES, following))


@router.get("/{id}")
def show_key(ask: Ask, show: ShowDep, pool_id: UUID, id: UUID) -> Response:
    return _key(ask, show, pool_id, id)


@router.post("/{id}/revoke")
def revoke(
    ask: Ask,
    show: ShowDep,
    pool_id: UUID,
    id: UUID,
    key: Annotated[UUID, Form()],
    reason: Annotated[Remark, Form()] = "",
    ends: Annotated[Line, Form()] = "",
    override: Annotated[bool, Form()] = False,
) -> Response:
    """`ends`: yes or no, or nothing where there is no assignment to end."""
    ending = {"yes": True, "no": False}.get(ends)
    try:
        keys.revoke(ask, id, reason, ending, str(key), override=override and bool(ending))
    except ServiceProblem as problem:
        return _key(ask, show, pool_id, id, reason, refused_in(problem))
    return show.go(f"/admin/keys/{pool_id}/keys/{id}", said="key-revoked")


@router.post("/{id}/reopen")
def reopen(
    ask: Ask,
    show: ShowDep,
    pool_id: UUID,
    id: UUID,
    key: Annotated[UUID, Form()],
    reason: Annotated[Remark, Form()] = "",
) -> Response:
    try:
        keys.reopen(ask, id, reason, str(key))
    except ServiceProblem as problem:
        return _key(ask, show, pool_id, id, reason, refused_in(problem))
    return show.go(f"/admin/keys/{pool_id}/keys/{id}", said="key-reopened")


def _key(
    ask: Asking, show: Show, pool_id: UUID, id: UUID, reason: str = "", refused: ServiceProblem | None = None
) -> Response:
    pool = ask.begin(lambda: keys.pool(ask, pool_id))
    view = KeyView(pool.result(), keys.training_key(ask, id), reason, refused)
    return show(view, refused.status if refused else 200)
