"""The one list of the suite's services. A new service is a folder below services/ and a line here."""

from typing import NamedTuple

PROFILES = "directory.profiles"
"""The source that carries the latest profile of each person instead of events."""


class Member(NamedTuple):
    """A service with a database of its own. Its folder has `main.py`, with `PACKAGE` and `build(settings, feeds=, verifier=)`."""

    name: str
    roles: tuple[str, ...]
    """A process each where the suite runs as processes, beside `api`."""
    publishes: tuple[str, ...] = ()
    """The sources of events in its database."""
    issues_tokens: bool = False
    """It signs the tokens that all others verify, and verifies them itself."""

    @property
    def module(self) -> str:
        return f"services.{self.name}.main"


SUITE = (
    Member("directory", ("worker", "consumer", "relay"), ("directory", PROFILES), issues_tokens=True),
    Member("catalog", ("worker", "relay"), ("catalog",)),
    Member("enrollment", ("worker", "consumer", "relay"), ("enrollment",)),
    Member("approvals", ("worker", "consumer", "relay"), ("approvals",)),
    Member("keys", ("worker", "consumer", "relay"), ("keys",)),
    Member("notifier", ("worker", "consumer", "mailer")),
    Member("reporting", ("worker", "consumer")),
)
"""In the order in which they start."""
SERVICES = tuple(member.name for member in SUITE)
"""Those with a database; `portal` and `gateway` have none."""
FOLLOWING = tuple(member.name for member in SUITE if "consumer" in member.roles)
"""Those that follow another, and may have dead letters."""
SOURCES = {source: member.name for member in SUITE for source in member.publishes}
"""In whose database each source is."""
