"""Passwords: kept as Argon2id hashes, and nowhere else (SEC-3)."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import Invalid

SHORTEST_PASSWORD = 10


class Passwords:
    """Hashes and verifies them, each of which takes a while: outside of every transaction."""

    def __init__(self, memory: int, passes: int) -> None:
        """How much of it a hash takes, in KiB, and how often it goes over that."""
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory)
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    def hash(self, password: str) -> str:
        """Raises Invalid for a short one."""
        if not SHORTEST_PASSWORD <= len(password) <= 1000:
            raise Invalid(f"A password must have at least {SHORTEST_PASSWORD} characters.", field="password")
        return self._hasher.hash(password)

    def verify(self, known: str | None, password: str) -> bool:
        """With `known` None, for an account that does not exist, it takes as long and is False."""
        try:
            return self._hasher.verify(known or self._nobody, password) and known is not None
        except (VerificationError, InvalidHashError):
            return False
