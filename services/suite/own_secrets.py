"""What a suite on one machine signs, hashes and encrypts with where its operator sets nothing: made at the first start, then kept.

In a file beside the databases and not in one of them, so that a copy of a database alone reads no training key (KEY-10).
"""

import json
import os
import secrets
from pathlib import Path

from shared.settings import Settings

_KEYS = "training-key-secrets.json"
_SESSIONS = "session-secret.json"
_AUDIT = "audit-key.json"
_CHECKPOINTS = "checkpoints"
_LEARNING_SYSTEM = "learning-system.json"


def with_own_secrets(settings: Settings, folder: Path) -> Settings:
    """These settings, with secrets that are kept in the folder where they have none."""
    own: dict[str, object] = {}
    if not settings.training_key_secrets:
        own["training_key_secrets"] = training_key_secrets(folder)
    if not settings.session_secret:
        own["session_secret"] = _kept(folder / _SESSIONS)["1"]
    if not settings.audit_key:
        own["audit_key"] = _kept(folder / _AUDIT)["1"]
    if not settings.audit_checkpoints:
        own["audit_checkpoints"] = folder / _CHECKPOINTS
    return settings.model_copy(update=own)


def with_kept_audit(settings: Settings, folder: Path) -> Settings:
    """These settings, with the key and the checkpoints that are there already; nothing is made."""
    own: dict[str, object] = {}
    if not settings.audit_key and (folder / _AUDIT).exists():
        own["audit_key"] = _read(folder / _AUDIT)["1"]
    if not settings.audit_checkpoints and (folder / _CHECKPOINTS).exists():
        own["audit_checkpoints"] = folder / _CHECKPOINTS
    return settings.model_copy(update=own)


def training_key_secrets(folder: Path) -> dict[int, str]:
    """As `ROLLBOOK_TRAINING_KEY_SECRETS` has them."""
    return {int(version): secret for version, secret in _kept(folder / _KEYS).items()}


def learning_system(folder: Path) -> dict[str, str] | None:
    """Client id and secret of the demo's learning system; None before the demo has made it."""
    file = folder / _LEARNING_SYSTEM
    return _read(file) if file.exists() else None


def keep_learning_system(folder: Path, client_id: str, client_secret: str) -> None:
    _keep(folder / _LEARNING_SYSTEM, {"client_id": client_id, "client_secret": client_secret})


def _kept(file: Path) -> dict[str, str]:
    """What the file says; where there is none yet it is made, whole or not at all."""
    if not file.exists():
        _keep(file, {"1": secrets.token_hex(32)})
    return _read(file)


def _keep(file: Path, what: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        json.dump(what, opened)
    fresh.replace(file)


def _read(file: Path) -> dict[str, str]:
    return {str(name): str(secret) for name, secret in json.loads(file.read_text()).items()}
