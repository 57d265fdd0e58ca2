"""The settings of proofs of the history; a part of `shared.settings.Settings`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class AuditSettings(BaseSettings):
    """All processes of a service that does its work have the same."""

    audit_key: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    """What checkpoints of the history are signed with: the 32 bytes of an Ed25519 key. Empty: the history is hashed, not signed."""
    audit_checkpoints: Path | None = None
    """The folder whose files checkpoints are appended to. Empty: they are in the database and in the log only."""
    audit_pause: float = Field(default=60.0, gt=0)
    """Between two checkpoints of the history."""
