"""The notifier's application: every command, by what it is about."""

from services.notifier.application.held_mails import HeldMails
from services.notifier.application.messages import Messages
from services.notifier.application.switches import Switches
from services.notifier.application.texts import Texts


class Notifier(HeldMails, Messages, Switches, Texts):
    """Commands of the notifier."""
