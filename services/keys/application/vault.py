"""The secrets of training keys at rest: a keyed hash to find them by, and a cipher to export them from (KEY-10).

What both are made with comes from the settings and is never in the database: whoever has only one of the two can neither find a
key nor read one.
"""

import hmac
import secrets
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.keys.domain.key_texts import canonical
from services.keys.projections.tables import SecretRow
from shared.errors import Busy

_NONCE = 12
_FINGERPRINT = 16


class Unreadable(Exception):
    """A secret was encrypted with a version that the settings do not have, or was changed since."""


class _Version:
    """What is derived from one secret of the settings: each purpose has a key of its own."""

    def __init__(self, secret: str) -> None:
        self.lookup = _derived(secret, b"lookup")
        self.fingerprint = _derived(secret, b"fingerprint")
        self.cipher = AESGCM(_derived(secret, b"cipher"))


class Vault:
    """`versions`: the secrets of the settings by version; the highest makes what is new, all of them find and read."""

    def __init__(self, versions: Mapping[int, str]) -> None:
        self._versions = {number: _Version(versions[number]) for number in sorted(versions, reverse=True)}

    @cached_property
    def newest(self) -> int:
        """Raises Busy where the settings have none."""
        if not self._versions:
            raise Busy(
                "Training keys are not set up: ROLLBOOK_TRAINING_KEY_SECRETS is empty. Ask whoever operates Rollbook.",
                kind="keys-not-set-up",
            )
        return next(iter(self._versions))

    def seal(self, key: UUID, text: str) -> SecretRow:
        """The row that keeps the secret of a key: it can be read for this key only."""
        version = self._versions[self.newest]
        nonce = secrets.token_bytes(_NONCE)
        cipher = nonce + version.cipher.encrypt(nonce, text.encode(), key.bytes)
        return SecretRow(key, self.newest, _hash(version, text), cipher)

    def open(self, row: SecretRow) -> str:
        """The key as it was entered or generated. Raises Unreadable."""
        version = self._versions.get(row.version)
        if version is None:
            raise Unreadable(f"version {row.version} is not in the settings")
        try:
            return version.cipher.decrypt(row.cipher[:_NONCE], row.cipher[_NONCE:], row.key.bytes).decode()
        except InvalidTag:
            raise Unreadable(f"key {row.key} does not decrypt") from None

    def hashes(self, text: str) -> list[bytes]:
        """What a key is found by: one hash for each version that may have made it."""
        _ = self.newest
        return [_hash(version, text) for version in self._versions.values()]

    def fingerprint(self, text: str) -> str:
        """What events call a key."""
        return hmac.new(self._versions[self.newest].fingerprint, canonical(text).encode(), sha256).hexdigest()[
            :_FINGERPRINT
        ]

    def keyed(self, digest: bytes) -> bytes:
        """The digest of a request that holds keys, so that nobody finds them by trying what has this digest."""
        return hmac.new(self._versions[self.newest].lookup, b"request" + digest, sha256).digest()


def _derived(secret: str, purpose: bytes) -> bytes:
    return hmac.new(secret.encode(), b"rollbook training keys: " + purpose, sha256).digest()


def _hash(version: _Version, text: str) -> bytes:
    return hmac.new(version.lookup, b"key" + canonical(text).encode(), sha256).digest()
