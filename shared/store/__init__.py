"""The persistence module (DESIGN 3), plugged into the `eventsourcing` library: `PERSISTENCE_MODULE=shared.store`."""

from shared.store.commands import Forgetting
from shared.store.decisions import Appended, Command, Decision, Revision, Row, Table
from shared.store.factory import Factory
from shared.store.ledger import Context, Ledger, Receipt
from shared.store.recorder import Store

__all__ = [
    "Appended",
    "Command",
    "Context",
    "Decision",
    "Factory",
    "Forgetting",
    "Ledger",
    "Receipt",
    "Revision",
    "Row",
    "Store",
    "Table",
]
