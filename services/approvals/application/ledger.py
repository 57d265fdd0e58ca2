"""The one writer of this service's events."""

from shared.store import ServiceApplication


class Approvals(ServiceApplication):
    """The events of this service: requests and delegations."""

    name = "approvals"
