"""What runs beside the routes of a service, and how it says that it makes no progress."""

import threading
from typing import Protocol


class Runnable(Protocol):
    name: str

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; what it raises makes it start again after a pause."""
        ...


class Stuck(Exception):
    """A client makes no progress although there is something to read, not even after it was built anew."""
