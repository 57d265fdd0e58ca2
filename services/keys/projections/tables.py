"""The state tables that the store writes together with the events."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from shared.contracts.keys import ExportFormat, KeyState
from shared.store import Int4, Table

RedemptionState = Literal["reserved", "redeemed", "released"]


class PoolRow(NamedTuple):
    """A row of `pool`."""

    id: UUID
    revision: Int4
    name: str
    name_folded: str
    offering: UUID
    organisation: UUID
    starts: datetime
    expires: datetime
    access_days: Int4
    share_below: bool
    created_at: datetime


class KeyRow(NamedTuple):
    """A row of `training_key`. The secret is in another table."""

    id: UUID
    revision: Int4
    pool: UUID
    state: KeyState
    fingerprint: str
    generated: bool
    added_at: datetime
    person: UUID | None = None
    assignment: UUID | None = None
    redeemed_at: datetime | None = None
    revoked_at: datetime | None = None


class SecretRow(NamedTuple):
    """A row of `key_secret`. `version` is that of the secret of the settings that both are made with."""

    key: UUID
    version: int
    hash: bytes
    cipher: bytes


class RedemptionRow(NamedTuple):
    """A row of `redemption`. `kind` says why enrollment refused."""

    id: UUID
    revision: Int4
    key: UUID
    person: UUID
    offering: UUID
    state: RedemptionState
    assignment: UUID | None
    kind: str | None
    at: datetime


class ExportRow(NamedTuple):
    """A row of `pool_export`. `state` None: keys in whatever state."""

    id: UUID
    pool: UUID
    format: ExportFormat
    state: KeyState | None
    keys: int
    actor: UUID
    at: datetime


POOL = Table.of("pool", PoolRow)
KEY = Table.of("training_key", KeyRow)
SECRET = Table("key_secret", ("key",), {"key": "uuid", "version": "int4", "hash": "bytea", "cipher": "bytea"})
REDEMPTION = Table.of("redemption", RedemptionRow)
EXPORT = Table.of("pool_export", ExportRow)
