"""What the notifier keeps: facts of the catalogue, of people and of their profiles, and the ledger of e-mail."""

from services.notifier.projections.catalog import Offerings
from services.notifier.projections.directory import People
from services.notifier.projections.profiles import Profiles

__all__ = ["Offerings", "People", "Profiles"]
