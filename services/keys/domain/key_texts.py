"""What a key looks like, and what of it counts: letter case, blanks and hyphens do not (KEY-10)."""

import secrets
import unicodedata
from itertools import accumulate
from typing import Literal

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of generated keys: no letter that is taken for a digit or for another letter."""
GROUPS = (5, 5, 5, 5, 6)
"""26 characters of 5 bits: 130 bits."""
LONGEST = 64

Fault = Literal["empty", "malformed", "too-short"]

_MEANT = str.maketrans("OIL", "011")
_PLAIN = {**_MEANT, **dict.fromkeys(map(ord, " -\t\n\v\f\r\x1c\x1d\x1e\x1f"))}
"""The same for texts of ASCII alone, which most are: one pass."""
_DRAWN = bytes(ord(ALPHABET[number % 32]) for number in range(256))
"""For each random byte a character; all of them equally often."""
_HYPHENS = frozenset("-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_CHARACTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def generate() -> str:
    """A new key, in groups as it is written."""
    drawn = secrets.token_bytes(sum(GROUPS)).translate(_DRAWN).decode()
    return "-".join(drawn[end - size : end] for size, end in zip(GROUPS, accumulate(GROUPS), strict=True))


def canonical(text: str) -> str:
    """What of a key counts. Two texts with the same one are the same key: `o` is zero, `i` and `l` are one."""
    if text.isascii():
        return text.upper().translate(_PLAIN)
    plain = unicodedata.normalize("NFKC", text)
    kept = [c for c in plain if not (c.isspace() or c in _HYPHENS or unicodedata.category(c) == "Cf")]
    return "".join(kept).upper().translate(_MEANT)


def shown(text: str) -> str:
    """An entered key as it is kept for exports: on one line, without blanks and hyphens at its ends."""
    return " ".join(text.split()).strip(" " + "".join(_HYPHENS))


def fault(text: str, shortest: int) -> Fault | None:
    """Why a text can be no key of its own, if it cannot: letters and digits without accents, so many at least."""
    counted = canonical(text)
    if not counted:
        return "empty"
    if not _CHARACTERS.issuperset(counted) or len(counted) > LONGEST or len(text) > 2 * LONGEST:
        return "malformed"
    return "too-short" if len(counted) < shortest else None
