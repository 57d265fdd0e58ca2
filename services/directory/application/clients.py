"""Machine clients: programs that call Rollbook with permissions of their own (SEC-5)."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, Field

from services.directory.application.issuing import TokenIssuer
from services.directory.application.ledger import Directory
from services.directory.domain import clients
from services.directory.projections.clients import CLIENT, ClientRow
from shared.attempts import Attempts
from shared.auth import Caller, Permission
from shared.database import Connection, fetch_one
from shared.errors import Invalid, NotFound, Unauthenticated
from shared.limits import Name
from shared.store import CommandContext, Decision, Receipt, Row

FORGOTTEN = "DELETE FROM client_secret WHERE expires_at < now()"

CLIENTS = UUID("8e0f3c0d-6a44-4f0b-9d0a-7d8f0f1f6b52")
"""The name space of the ids of machine clients."""
SERVICES: dict[str, tuple[Permission, ...]] = {"enrollment": (), "keys": (Permission.REGISTER_PEOPLE,), "notifier": ()}
"""Rollbook's own services that call others by themselves, each with what it may do there."""

_FIND = (
    "SELECT c.id, c.organisation, c.permissions FROM machine_client c JOIN client_secret s ON s.client = c.id "
    "WHERE c.id::text = %s AND NOT c.revoked AND s.hash = %s AND (s.expires_at IS NULL OR s.expires_at > now())"
)


class NewClient(BaseModel):
    """`permissions` hold for `organisation` and everything below it; null: for everything."""

    name: Name
    permissions: list[Permission] = Field(min_length=1, max_length=len(Permission))
    organisation: UUID | None = None


class Issued(NamedTuple):
    """`secret` is None where the command was carried out before: it was told then, and is kept nowhere."""

    receipt: Receipt
    secret: str | None


class _Found(NamedTuple):
    id: UUID
    organisation: UUID | None
    permissions: list[str]


class MachineClients:
    """`overlap`: seconds for which the secret before holds beside a new one. `service_secret`: of Rollbook's own services."""

    def __init__(
        self, ledger: Directory, issuer: TokenIssuer, attempts: Attempts, overlap: float, service_secret: str
    ) -> None:
        self._ledger = ledger
        self._issuer = issuer
        self._attempts = attempts
        self._overlap = timedelta(seconds=overlap)
        self._service_secret = service_secret

    def create(self, context: CommandContext, caller: Caller, new: NewClient) -> Issued:
        """By somebody who has these permissions for everything; nobody gives more than the own."""
        if earlier := self._ledger.find_receipt(context):
            return Issued(earlier, None)
        for permission in new.permissions:
            caller.everywhere(permission)
        with self._ledger.database.connection() as conn:
            if new.organisation:
                self._ledger.check_home(
                    conn, caller.scope(Permission.MANAGE_DIRECTORY), new.organisation, "organisation"
                )
        id = uuid5(CLIENTS, f"{context.actor}/{context.command_id}")
        event = clients.create(id, sorted({str(one) for one in new.permissions}), new.organisation)
        row = _row(clients.evolve(None, event), new.name)
        decision = Decision((event,), context.meta(), inserted=(row,))
        return self._with_secret(context, id, decision, None)

    def rotate(self, context: CommandContext, id: UUID) -> Issued:
        """Another secret; the one before holds for the overlap, those before that end."""
        if earlier := self._ledger.find_receipt(context):
            return Issued(earlier, None)
        client, name = self._load(id)
        old_until = datetime.now(UTC) + self._overlap
        event = clients.rotate(client, old_until)
        decision = Decision((event,), context.meta(), updated=(_row(clients.evolve(client, event), name),))
        return self._with_secret(context, id, decision, old_until)

    def revoke(self, context: CommandContext, id: UUID) -> Receipt:
        """It gets no tokens from now on; those that it has hold until they expire."""
        if earlier := self._ledger.find_receipt(context):
            return earlier
        client, name = self._load(id)
        event = clients.revoke(client)
        decision = Decision((event,), context.meta(), updated=(_row(clients.evolve(client, event), name),))

        def forget(conn: Connection) -> None:
            conn.execute("DELETE FROM client_secret WHERE client = %s", [id])

        return self._ledger.record(context, decision, {"client_id": str(id)}, also=forget)

    def sign_in(self, client_id: str, secret: str, wanted: str | None, address: str) -> str:
        """A token, with only the `wanted` permissions (names with blanks between them) if any are named. One refusal for an unknown
        client and a wrong secret. Raises TooManyAttempts."""
        with self._attempts.counted("client", address=address, account=client_id) as attempt:
            token = self._service(client_id, secret) or self._client(client_id, secret, wanted)
            attempt.succeeded()
            return token

    def _service(self, client_id: str, secret: str) -> str | None:
        name = client_id.removeprefix("rollbook-")
        if name == client_id or name not in SERVICES or not self._service_secret:
            return None
        if not hmac.compare_digest(self._service_secret.encode(), secret.encode()):
            return None
        id = uuid5(NAMESPACE_URL, f"urn:rollbook:service:{name}")
        with self._ledger.database.transaction() as conn:
            return self._issuer.for_service(conn, id, name, SERVICES[name])

    def _client(self, client_id: str, secret: str, wanted: str | None) -> str:
        with self._ledger.database.transaction() as conn:
            found = fetch_one(conn, _Found, _FIND, [client_id.lower(), _hash(secret)])
            if found is None:
                raise Unauthenticated(
                    "The client id or its secret is incorrect, or the client was revoked.",
                    kind="invalid_client",
                    error="invalid_client",
                )
            permissions = found.permissions if wanted is None else wanted.split()
            if missing := sorted(set(permissions) - set(found.permissions)):
                raise Invalid(
                    f"This client does not have the scope {', '.join(missing)}.", field="scope", kind="invalid_scope"
                )
            return self._issuer.for_client(conn, found.id, permissions, found.organisation)

    def _load(self, id: UUID) -> tuple[clients.MachineClient, str]:
        with self._ledger.database.connection() as conn:
            row = conn.execute("SELECT name FROM machine_client WHERE id = %s", [id]).fetchone()
        client = self._ledger.load(id, clients.evolve) if row else None
        if client is None or row is None:
            raise NotFound("There is no such machine client.", field="client_id")
        return client, str(row[0])

    def _with_secret(self, context: CommandContext, id: UUID, decision: Decision, old_until: datetime | None) -> Issued:
        secret = secrets.token_urlsafe(32)

        def keep(conn: Connection) -> None:
            conn.execute("DELETE FROM client_secret WHERE client = %s AND expires_at IS NOT NULL", [id])
            conn.execute("UPDATE client_secret SET expires_at = %s WHERE client = %s", [old_until, id])
            conn.execute("INSERT INTO client_secret (hash, client) VALUES (%s, %s)", [_hash(secret), id])

        receipt = self._ledger.record(context, decision, {"client_id": str(id)}, also=keep)
        return Issued(receipt, secret if receipt.batch == context.correlation else None)


def _row(client: clients.MachineClient, name: str) -> Row:
    values = (client.id, client.version, name, client.organisation, list(client.permissions), client.revoked)
    return Row(CLIENT, ClientRow(*values))


def _hash(secret: str) -> bytes:
    """Of 256 random bits a fast one will do."""
    return hashlib.sha256(secret.encode()).digest()
