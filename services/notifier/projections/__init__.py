"""What the notifier keeps: facts of the other services, and the ledger of e-mail."""

from services.notifier.projections.administrators import Administrators
from services.notifier.projections.catalog import Offerings
from services.notifier.projections.directory import People
from services.notifier.projections.due_dates import DueDates, Zones
from services.notifier.projections.profiles import Profiles

__all__ = ["Administrators", "DueDates", "Offerings", "People", "Profiles", "Zones"]
