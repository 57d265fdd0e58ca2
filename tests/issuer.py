"""Tokens for tests, signed as the directory signs them."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.auth import Verifier

ISSUER = "http://127.0.0.1:8000/api/directory"
AUDIENCE = "rollbook"


class Issuer:
    """Signs tokens with a key of its own, and verifies them as a service does."""

    def __init__(self) -> None:
        self._key = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig"})
        self.verifier = Verifier(ISSUER, AUDIENCE, self.jwks)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False)]}

    def token(
        self,
        person: UUID,
        roles: Sequence[tuple[str, UUID | None]] = (),
        home: UUID | None = None,
        *,
        issuer: str = ISSUER,
        seconds: int = 600,
        scopes: Sequence[tuple[str, UUID | None]] = (),
        service: str | None = None,
    ) -> str:
        claims = {
            "iss": issuer,
            "aud": AUDIENCE,
            "sub": str(person),
            "exp": int(time.time()) + seconds,
            "roles": [[role, str(organisation) if organisation else None] for role, organisation in roles],
            "home": str(home) if home else None,
            "scopes": [
                [permission, str(organisation) if organisation else None] for permission, organisation in scopes
            ],
            "service": service,
        }
        return jwt.encode({"alg": "Ed25519", "kid": "test"}, claims, self._key, algorithms=["Ed25519"])

    def headers(self, person: UUID, *roles: tuple[str, UUID | None], home: UUID | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(person, roles, home)}"}

    def machine(self, client: UUID, *scopes: tuple[str, UUID | None], service: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(client, scopes=scopes, service=service)}"}
