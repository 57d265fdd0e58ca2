"""Routes on machine clients and on the keys that sign tokens (SEC-3, SEC-5)."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.directory.api.dependencies import DatabaseDep, MachineClientsDep, SigningKeysDep
from services.directory.application.clients import Issued, NewClient
from services.directory.projections import clients as queries
from services.directory.projections.clients import ClientView
from shared.auth import CurrentCaller, Permission
from shared.http import CommandContextDep, Cursor, PageSize
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/directory", tags=["machine clients"])

MANAGE = Permission.MANAGE_DIRECTORY


class ClientReceipt(Receipt):
    """`client_secret` is told this once; null where the command is repeated."""

    client_secret: str | None


class KeyRotation(BaseModel):
    compromised: bool = False
    """The new key signs at once, and every token that an older one signed ends."""


class PublishedKeys(BaseModel):
    """Of those that verify tokens, the key that signs now first."""

    kids: list[str]


@router.get("/clients")
def list_clients(
    database: DatabaseDep, caller: CurrentCaller, limit: PageSize, cursor: Cursor = None
) -> Page[ClientView]:
    caller.everywhere(MANAGE)
    with database.connection() as conn:
        return queries.clients(conn, cursor, limit)


@router.post("/clients", status_code=201)
def create_client(
    clients: MachineClientsDep, caller: CurrentCaller, context: CommandContextDep, new: NewClient
) -> ClientReceipt:
    """Create a machine client with permissions of your own. It gets tokens from `POST /token` with `client_credentials`."""
    caller.everywhere(MANAGE)
    return _answer(clients.create(context, caller, new))


@router.post("/clients/{client_id}/secrets", status_code=201)
def rotate_secret(
    clients: MachineClientsDep, caller: CurrentCaller, context: CommandContextDep, client_id: UUID
) -> ClientReceipt:
    """Give a client another secret. The one before is valid for `ROLLBOOK_CLIENT_SECRET_OVERLAP` seconds more."""
    caller.everywhere(MANAGE)
    return _answer(clients.rotate(context, client_id))


@router.delete("/clients/{client_id}")
def revoke_client(
    clients: MachineClientsDep, caller: CurrentCaller, context: CommandContextDep, client_id: UUID
) -> Receipt:
    """Revoke a client for good. It gets no tokens any more."""
    caller.everywhere(MANAGE)
    return clients.revoke(context, client_id)


@router.post("/signing-keys", status_code=201)
def rotate_signing_key(keys: SigningKeysDep, caller: CurrentCaller, asked: KeyRotation) -> PublishedKeys:
    """Sign tokens with a new key. It is published at once and signs after `ROLLBOOK_SIGNING_KEY_OVERLAP` seconds."""
    caller.everywhere(Permission.OPERATE)
    keys.rotate(compromised=asked.compromised)
    return PublishedKeys(kids=[str(key["kid"]) for key in keys.public()["keys"]])


def _answer(issued: Issued) -> ClientReceipt:
    return ClientReceipt(**issued.receipt.model_dump(), client_secret=issued.secret)
