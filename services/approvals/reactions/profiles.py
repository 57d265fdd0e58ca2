"""Profiles: who people are today, for those who decide."""

from collections.abc import Sequence

from shared.consumer import PROFILE_TYPES
from shared.database import Connection
from shared.events import Recorded
from shared.feeds import PROFILES
from shared.profiles import save


class Profiles:
    """Takes the directory's profiles."""

    name = "approvals profiles"
    source = PROFILES
    group = "approvals.directory.profiles"
    tables: tuple[str, ...] = ("profile",)
    types = PROFILE_TYPES

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        save(conn, events)
