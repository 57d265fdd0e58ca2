"""Where Launch leads: a learning system is told which enrollment and step it is about, signed, and no more (CAT-1)."""

import hmac
import time
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from services.enrollment.payment_provider import sign


class Launched(NamedTuple):
    """What an address says; `at`: when it was launched, in seconds."""

    enrollment: UUID
    step: int
    at: int


class LaunchAddresses:
    """`secret` is shared with the learning systems. Empty: addresses stay as the catalog has them."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def signed(self, address: str, enrollment: UUID, step: int) -> str:
        """The address with `enrollment`, `step` and `signature` as further parameters."""
        if not self._secret:
            return address
        parts = urlsplit(address)
        told = {"enrollment": str(enrollment), "step": str(step)}
        told["signature"] = sign(self._secret, int(time.time()), _body(enrollment, step))
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *told.items()])
        return urlunsplit(parts._replace(query=query))

    def read(self, enrollment: UUID, step: int, signature: str) -> Launched | None:
        """None: Rollbook did not sign this."""
        at = signature.removeprefix("t=").partition(",")[0]
        known = at.isascii() and at.isdigit() and len(at) < 13
        if not self._secret or not known:
            return None
        ours = sign(self._secret, int(at), _body(enrollment, step))
        if not hmac.compare_digest(ours.encode(), signature.encode()):
            return None
        return Launched(enrollment, step, int(at))


def _body(enrollment: UUID, step: int) -> bytes:
    return f"{enrollment}/{step}".encode()
