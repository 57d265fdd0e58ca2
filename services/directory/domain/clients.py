"""One machine client: its permissions, and that it was revoked. The stream is the client (SEC-5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.directory import MachineClientCreated, MachineClientRevoked, MachineClientSecretRotated
from shared.errors import Conflict
from shared.events import Event


@dataclass(frozen=True)
class MachineClient:
    """What the events of one client say today."""

    id: UUID
    version: int
    permissions: tuple[str, ...] = ()
    organisation: UUID | None = None
    revoked: bool = False


def evolve(state: MachineClient | None, event: Event) -> MachineClient:
    now = replace(state or MachineClient(event.originator_id, 0), version=event.originator_version)
    match event:
        case MachineClientCreated():
            return replace(now, permissions=event.permissions, organisation=event.organisation)
        case MachineClientRevoked():
            return replace(now, revoked=True)
    return now


def create(id: UUID, permissions: Sequence[str], organisation: UUID | None) -> MachineClientCreated:
    return MachineClientCreated(
        originator_id=id, originator_version=1, permissions=tuple(permissions), organisation=organisation
    )


def rotate(client: MachineClient, old_until: datetime) -> MachineClientSecretRotated:
    _check_live(client)
    version = client.version + 1
    return MachineClientSecretRotated(originator_id=client.id, originator_version=version, old_until=old_until)


def revoke(client: MachineClient) -> MachineClientRevoked:
    _check_live(client)
    return MachineClientRevoked(originator_id=client.id, originator_version=client.version + 1)


def _check_live(client: MachineClient) -> None:
    if client.revoked:
        raise Conflict("This client was revoked. Create another one.", kind="revoked")
