"""The persistence module (DESIGN 3), plugged into the `eventsourcing` library: `PERSISTENCE_MODULE=shared.store`."""

from shared.store.alike import Encoded
from shared.store.commands import Forgetting
from shared.store.decisions import STREAM, SUBJECT, Alike, Appended, Command, Decision, Revision, Row, Table
from shared.store.factory import Factory
from shared.store.ledger import Context, Ledger, Receipt, decided_again
from shared.store.recorder import Store

__all__ = [
    "STREAM",
    "SUBJECT",
    "Alike",
    "Appended",
    "Command",
    "Context",
    "Decision",
    "Encoded",
    "Factory",
    "Forgetting",
    "Ledger",
    "Receipt",
    "Revision",
    "Row",
    "Store",
    "Table",
    "decided_again",
]
