"""The notifier's reactions: what happens elsewhere becomes reasons for e-mail."""

from services.notifier.reactions.copies import Copies
from services.notifier.reactions.enrollments import Enrollments
from services.notifier.reactions.held_mails import HeldMailOrders
from services.notifier.reactions.job_roles import JobRoles
from services.notifier.reactions.keys import Keys
from services.notifier.reactions.notices import Notices
from services.notifier.reactions.polling import PollingWorker
from services.notifier.reactions.reminders import ReminderDays, Reminders
from services.notifier.reactions.requests import Requests

__all__ = [
    "Copies",
    "Enrollments",
    "HeldMailOrders",
    "JobRoles",
    "Keys",
    "Notices",
    "PollingWorker",
    "ReminderDays",
    "Reminders",
    "Requests",
]
