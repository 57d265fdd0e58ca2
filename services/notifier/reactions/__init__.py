"""The notifier's reactions: what happens elsewhere becomes reasons for e-mail."""

from services.notifier.reactions.enrollments import Enrollments
from services.notifier.reactions.notices import Notices

__all__ = ["Enrollments", "Notices"]
