"""Why an e-mail is sent, and what becomes of it."""

from services.notifier.domain.delivery import (
    Action,
    Fate,
    Next,
    Outcome,
    Patience,
    State,
    after,
    decided,
    one_line,
    unbroken,
    without_personal_data,
)
from services.notifier.domain.reasons import Case, Reason, Standing, Template, certified, follow, hold, notice, reminder

__all__ = [
    "Action",
    "Case",
    "Fate",
    "Next",
    "Outcome",
    "Patience",
    "Reason",
    "Standing",
    "State",
    "Template",
    "after",
    "certified",
    "decided",
    "follow",
    "hold",
    "notice",
    "one_line",
    "reminder",
    "unbroken",
    "without_personal_data",
]
