"""The one writer of this service's events."""

from shared.store import ServiceApplication


class Enrollments(ServiceApplication):
    """The events of this service: assignments and enrollments."""

    name = "enrollment"
