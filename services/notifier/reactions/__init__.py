"""The notifier's reactions: what happens elsewhere becomes reasons for e-mail."""

from services.notifier.reactions.enrollments import Enrollments
from services.notifier.reactions.notices import Notices
from services.notifier.reactions.reminders import Reminders
from services.notifier.reactions.watch import Watch

__all__ = ["Enrollments", "Notices", "Reminders", "Watch"]
