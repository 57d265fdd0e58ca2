"""What the notifier keeps: facts of the other services, and the ledger of e-mail."""

from services.notifier.projections.administrators import RoleHolders
from services.notifier.projections.catalog import JobRoleNames, Offerings
from services.notifier.projections.directory import People
from services.notifier.projections.due_dates import DueDates, Zones
from services.notifier.projections.expiries import Expiries
from services.notifier.projections.managers import Managers
from services.notifier.projections.profiles import Profiles

__all__ = [
    "DueDates",
    "Expiries",
    "JobRoleNames",
    "Managers",
    "Offerings",
    "People",
    "Profiles",
    "RoleHolders",
    "Zones",
]
