"""The persistence module (DESIGN 3), plugged into the `eventsourcing` library: `PERSISTENCE_MODULE=shared.store`."""

from shared.store.cohorts import Encoded
from shared.store.commands import RetentionWorker
from shared.store.decisions import (
    STREAM,
    SUBJECT,
    Appended,
    CohortDecision,
    Command,
    Decision,
    Int4,
    Revision,
    Row,
    Table,
)
from shared.store.factory import Factory
from shared.store.ledger import CommandContext, Receipt, ServiceApplication, command, decided_again
from shared.store.recorder import Store

__all__ = [
    "STREAM",
    "SUBJECT",
    "Appended",
    "CohortDecision",
    "Command",
    "CommandContext",
    "Decision",
    "Encoded",
    "Factory",
    "Int4",
    "Receipt",
    "RetentionWorker",
    "Revision",
    "Row",
    "ServiceApplication",
    "Store",
    "Table",
    "command",
    "decided_again",
]
