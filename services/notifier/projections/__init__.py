"""What the notifier keeps: facts of the catalogue, of people, of their profiles and of administrators, and the ledger of e-mail."""

from services.notifier.projections.administrators import Administrators
from services.notifier.projections.catalog import Offerings
from services.notifier.projections.directory import People
from services.notifier.projections.profiles import Profiles

__all__ = ["Administrators", "Offerings", "People", "Profiles"]
