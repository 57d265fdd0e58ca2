"""Why an e-mail is sent, and what becomes of it."""

from services.notifier.domain.delivery import (
    Action,
    DeliveryOutcome,
    Next,
    Outcome,
    RetryPolicy,
    State,
    after,
    decided,
    one_line,
    unbroken,
    without_personal_data,
)
from services.notifier.domain.reasons import (
    Case,
    DueReminder,
    Reason,
    Standing,
    completions,
    follow,
    hold,
    notice,
    remind,
)

__all__ = [
    "Action",
    "Case",
    "DeliveryOutcome",
    "DueReminder",
    "Next",
    "Outcome",
    "Reason",
    "RetryPolicy",
    "Standing",
    "State",
    "after",
    "completions",
    "decided",
    "follow",
    "hold",
    "notice",
    "one_line",
    "remind",
    "unbroken",
    "without_personal_data",
]
