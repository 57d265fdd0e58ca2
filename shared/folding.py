"""The one way to compare keys and names regardless of case (DIR-1, DIR-9): computed here, never by a database, so that
both always agree."""

import re
import unicodedata

_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Unicode's Default_Ignorable_Code_Point, and the marks of interlinear annotation."""
_CONTROL = "\x00-\x1f\x7f-\x9f\u2028\u2029"
_NEVER_SEEN = re.compile(f"[{_UNSEEN}]")
_HIDDEN = re.compile(f"[{_UNSEEN}{_CONTROL}]")
_JOINERS = re.compile("[\u200c\u200d]")
_ENDS = re.compile(rf"\A[\s{_UNSEEN}{_CONTROL}]+|[\s{_UNSEEN}{_CONTROL}]+\Z")


def fold(text: str) -> str:
    """What is equal for texts that differ in case, in composed or decomposed letters, or in what nobody sees.

    NFC of Unicode's full casefold of NFC, without ignorable characters: ΟΔΟΣ, οδος and οδοσ are one, so are straße and STRASSE.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", _NEVER_SEEN.sub("", text)).casefold())


def trimmed(text: str) -> str:
    """Without blanks and invisible characters at its ends."""
    return _ENDS.sub("", text)


def key(text: str) -> str:
    """A key as it is kept: trimmed, its letters composed."""
    return unicodedata.normalize("NFC", trimmed(text))


def hidden(text: str, *, address: bool = False) -> str | None:
    """The first invisible character within a key, as U+200B. In an address joiners may stand: in some scripts they are
    part of a domain's name."""
    found = next((c for c in _HIDDEN.findall(text) if not (address and _JOINERS.match(c))), None)
    return f"U+{ord(found):04X}" if found else None
