"""Keys of pools: added, listed, found, revoked, reopened (KEY-3, KEY-5, KEY-12)."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, model_validator

from services.keys.api.dependencies import (
    MANAGE,
    READ,
    DatabaseDep,
    EnteredKey,
    GenerateKeysDep,
    KeyCommandsDep,
    KeyText,
    VaultDep,
)
from services.keys.api.jobs import answer
from services.keys.projections import keys
from services.keys.projections.keys import KeyItem
from shared.auth import CurrentCaller, Permission
from shared.contracts.keys import KeyState
from shared.database import Database
from shared.documents import JOB
from shared.errors import NotFound
from shared.http import CommandContextDep, Cursor, PageSize, PreferWait
from shared.limits import BIGGEST, MANY, Remark, Text
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/keys", tags=["keys"])


class NewKeys(BaseModel):
    """Exactly one of these: a key, lines with a key each, or how many are to be generated."""

    key: KeyText | None = None
    lines: list[KeyText] | None = Field(default=None, min_length=1, max_length=MANY)
    generate: int | None = Field(default=None, ge=1, le=BIGGEST)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(given is not None for given in (self.key, self.lines, self.generate)) != 1:
            raise ValueError("send exactly one of key, lines, generate")
        return self


class Revocation(BaseModel):
    """`end_assignment`: of a key that was redeemed, whether its assignment ends, too; has to be said then. `override`: also after
    the time in which an assignment can be cancelled (ASG-15), which needs the permission."""

    reason: Remark | None = None
    end_assignment: bool | None = None
    override: bool = False


class Reopening(BaseModel):
    reason: Annotated[str, Text(2000, 1, lines=True)]


@router.post("/pools/{pool_id}/keys", status_code=201, responses=JOB)
def add_keys(
    caller: CurrentCaller,
    context: CommandContextDep,
    key_commands: KeyCommandsDep,
    generating: GenerateKeysDep,
    database: DatabaseDep,
    wait: PreferWait,
    response: Response,
    pool_id: UUID,
    body: NewKeys,
) -> Receipt:
    """Add keys (KEY-3). Of `lines`, the result says for each what became of it: added, duplicate, empty, malformed or too-short.

    `generate` works in a job, which is answered with 202; what it makes can be read by an export only.
    """
    scope, context = caller.scope(MANAGE), key_commands.hushed(context)
    if body.key is not None:
        return key_commands.add_one(context, scope, pool_id, body.key)
    if body.lines is not None:
        return key_commands.add_lines(context, scope, pool_id, body.lines)
    return answer(database, generating.start(context, scope, pool_id, body.generate or 0), response, wait)


@router.get("/pools/{pool_id}/keys")
def list_keys(
    caller: CurrentCaller,
    database: DatabaseDep,
    size: PageSize,
    pool_id: UUID,
    state: Annotated[KeyState | None, Query()] = None,
    cursor: Cursor = None,
) -> Page[KeyItem]:
    """List the keys of a pool, the newest first: when each was added and, once redeemed, when and by whom (KEY-5)."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        return keys.page(conn, scope, pool_id, state, cursor, size)


@router.post("/keys/find")
def find_key(caller: CurrentCaller, database: DatabaseDep, vault: VaultDep, body: EnteredKey) -> KeyItem:
    """Find a key of your organisations' pools by what is written on it."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        id = keys.by_hash(conn, vault.hashes(body.key))
        found = keys.view(conn, scope, id) if id else None
    if found is None:
        raise NotFound("There is no such key, or none that you may see.", field="key", kind="wrong")
    return found


@router.get("/keys/{key_id}")
def show_key(caller: CurrentCaller, database: DatabaseDep, key_id: UUID) -> KeyItem:
    return _seen(database, caller, READ, key_id)


@router.post("/keys/{key_id}/revoke")
def revoke_key(
    caller: CurrentCaller,
    context: CommandContextDep,
    database: DatabaseDep,
    key_commands: KeyCommandsDep,
    key_id: UUID,
    body: Revocation,
) -> Receipt:
    """Revoke a key: nobody can redeem it any more (KEY-12). Of a redeemed key, say whether its assignment ends, too."""
    scope = caller.scope(MANAGE)
    if body.override:
        _seen(database, caller, Permission.OVERRIDE, key_id)
    return key_commands.revoke(
        context, scope, key_id, body.reason, end_assignment=body.end_assignment, override=body.override
    )


@router.post("/keys/{key_id}/reopen")
def reopen_key(
    caller: CurrentCaller, context: CommandContextDep, key_commands: KeyCommandsDep, key_id: UUID, body: Reopening
) -> Receipt:
    """Reopen a revoked key, with the reason (KEY-12). It is free where its assignment was to end, and else what it was."""
    return key_commands.reopen(context, caller.scope(Permission.OVERRIDE), key_id, body.reason)


def _seen(database: Database, caller: CurrentCaller, permission: Permission, id: UUID) -> KeyItem:
    """Raises NotFound, also for a key of a pool where the permission is not held."""
    scope = caller.scope(permission)
    with database.connection() as conn:
        found = keys.view(conn, scope, id)
    if found is None:
        raise NotFound("There is no such key, or none that you may see.", field="key_id")
    return found
