"""What becomes of the e-mails that a command causes: sent, held for a person's word, or silenced (NTF-3)."""

from collections.abc import Mapping
from typing import Literal

from shared.auth import Caller, Permission
from shared.errors import Invalid

NotificationChoice = Literal["send", "hold", "silence"]
Withheld = Literal["hold", "silence"]
NOTIFICATIONS = "X-Rollbook-Notifications"
"""The header of a command that says so. Without it they are sent."""

_SEND = "send"
_WITHHELD: dict[str, Withheld] = {"hold": "hold", "silence": "silence"}


def notification_choice(headers: Mapping[str, str], caller: Caller) -> Withheld | None:
    """None: they are sent. Raises Invalid for what it does not know, Forbidden without `hold-mail` (SEC-4)."""
    text = headers.get(NOTIFICATIONS, _SEND)
    if text == _SEND:
        return None
    if text not in _WITHHELD:
        raise Invalid(
            f"{NOTIFICATIONS} must be send, hold or silence. Without it, e-mails are sent.", field=NOTIFICATIONS
        )
    caller.wherever_acting(Permission.HOLD_MAIL)
    return _WITHHELD[text]
