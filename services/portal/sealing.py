"""What the portal gives to browsers and takes back: sealed, so that nobody else can read it or make it."""

import hashlib
import json
import time
from collections.abc import Callable

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import JsonValue

_HEADER = {"alg": "dir", "enc": "A256GCM", "zip": "DEF"}


class Sealer:
    """Seals small documents (JWE). Each is for one purpose and for a time; what was sealed for another purpose does not open."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key = OctKey.import_key(hashlib.sha256(b"rollbook portal " + secret.encode()).digest())
        self._clock = clock

    def seal(self, purpose: str, value: JsonValue, seconds: float) -> str:
        """`value` for `seconds`, as a text that may be in an address or a cookie."""
        document = {"p": purpose, "x": self._clock() + seconds, "v": value}
        return jwe.encrypt_compact(dict(_HEADER), json.dumps(document, separators=(",", ":")).encode(), self._key)

    def open(self, purpose: str, sealed: str) -> JsonValue:
        """What was sealed; None for what is not ours, for another purpose, or too old."""
        try:
            found = json.loads(jwe.decrypt_compact(sealed, self._key).plaintext or b"null")
        except (JoseError, ValueError):
            return None
        if not isinstance(found, dict) or found.get("p") != purpose or found.get("x", 0) < self._clock():
            return None
        value: JsonValue = found["v"]
        return value
