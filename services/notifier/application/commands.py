"""What all commands of the notifier have in common: no events, and a receipt."""

from collections.abc import Callable

from pydantic import JsonValue

from shared.database import Connection
from shared.errors import Stale
from shared.store import CommandContext, Decision, Receipt, ServiceApplication


class Commands(ServiceApplication):
    """It has no events: an e-mail is an effect, and the ledger is its record (DESIGN 5)."""

    name = "notifier"

    def command(self, context: CommandContext, result: JsonValue, also: Callable[[Connection], None]) -> Receipt:
        """`also` is carried out once, however often the command is sent."""
        return self.find_receipt(context) or self.record(context, Decision((), context.meta()), result, also=also)


def check_revision(expected: int | None, current: int) -> None:
    """Raises Stale."""
    if expected is not None and expected != current:
        raise Stale(
            f"If-Match is for version {expected}, but the current version is {current}. Read it again.",
            field="If-Match",
            current=current,
        )
