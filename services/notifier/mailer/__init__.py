"""Sends what waits: each message by one mailer, once, unless the mail server provably did not take it (NTF-4, NTF-7)."""

from services.notifier.mailer.mailer import Mailer
from services.notifier.mailer.queue import Queue, Task

__all__ = ["Mailer", "Queue", "Task"]
