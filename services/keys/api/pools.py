"""Pools of training keys (KEY-1, KEY-2)."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.keys.api.dependencies import MANAGE, READ, DatabaseDep, PoolsDep
from services.keys.application.pools import NewPool, PoolTerms
from services.keys.projections import pools
from services.keys.projections.pools import PoolQuery, PoolView
from shared.auth import CurrentCaller
from shared.errors import NotFound
from shared.http import CommandContextDep, Cursor, IfMatch, PageSize, etag
from shared.limits import Sought
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/keys", tags=["pools"])


@router.get("/pools")
def list_pools(
    caller: CurrentCaller,
    database: DatabaseDep,
    size: PageSize,
    q: Sought | None = None,
    offering_id: UUID | None = None,
    organisation_id: UUID | None = None,
    cursor: Cursor = None,
) -> Page[PoolView]:
    """List the pools of your organisations by name, with the numbers of their keys by state; `q` matches part of the name."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        return pools.page(conn, scope, PoolQuery(q, offering_id, organisation_id), cursor, size)


@router.post("/pools", status_code=201)
def create_pool(
    caller: CurrentCaller, context: CommandContextDep, pool_commands: PoolsDep, response: Response, body: NewPool
) -> Receipt:
    """Create a pool for one course and one organisation; it has no keys yet."""
    receipt = pool_commands.create(context, caller.scope(MANAGE), body)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/keys/pools/{receipt.result['pool_id']}"
    return receipt


@router.get("/pools/{pool_id}")
def show_pool(caller: CurrentCaller, database: DatabaseDep, response: Response, pool_id: UUID) -> PoolView:
    """Show a pool with the number of its keys in each state."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        found = pools.view(conn, scope, pool_id)
    if found is None:
        raise NotFound("There is no such pool, or none that you may see.", field="pool_id")
    response.headers["ETag"] = etag(found.version)
    return found


@router.put("/pools/{pool_id}")
def edit_pool(
    caller: CurrentCaller,
    context: CommandContextDep,
    pool_commands: PoolsDep,
    pool_id: UUID,
    expected: IfMatch,
    body: PoolTerms,
) -> Receipt:
    """Replace what can be edited; send the ETag you read as If-Match. Keys that were redeemed stay as they are."""
    return pool_commands.edit(context, caller.scope(MANAGE), pool_id, body, expected)
