"""Profiles: who people are today. Personal data has no history. Source: directory.profiles."""

from collections.abc import Sequence

from shared.consumer import PROFILE_TYPES
from shared.database import Connection
from shared.events import Recorded
from shared.profiles import save


class ProfileTable:
    """The newest revision that came, per person."""

    name = "profile"
    types = PROFILE_TYPES

    def write(self, conn: Connection, events: Sequence[Recorded]) -> None:
        save(conn, events)


PROFILE = ProfileTable()
