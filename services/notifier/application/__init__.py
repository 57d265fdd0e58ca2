"""Commands of the notifier."""

from services.notifier.application.notifier import Notifier

__all__ = ["Notifier"]
