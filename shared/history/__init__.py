"""The history of whatever a service has events of (AUD-1)."""

from shared.history.reading import Asked, Entry, Histories, HistoryPage, HistoryQuery, Subject
from shared.history.telling import FactKind, Says, Table, Telling, tell

__all__ = [
    "Asked",
    "Entry",
    "FactKind",
    "Histories",
    "HistoryPage",
    "HistoryQuery",
    "Says",
    "Subject",
    "Table",
    "Telling",
    "tell",
]
