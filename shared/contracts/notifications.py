"""Every e-mail of the ledger by name: the one list, for the catalog's switches, the notifier and the pages (NTF-1)."""

from typing import Literal, get_args

OfferingOccasion = Literal[
    "due-soon",
    "overdue",
    "certificate-expiring",
    "certificate-expired",
    "access-expiring",
    "access-expired",
    "approval-needed",
    "approval-escalated",
    "request-approved",
    "request-denied",
    "exceptions",
]
"""About an offering, beside the three that `catalog.NotificationsSwitched` names; on until an offering says otherwise (CAT-17)."""
Occasion = Literal[
    "assigned",
    "job-role-assigned",
    "withdrawn",
    "completed",
    "due-soon",
    "overdue",
    "certificate-expiring",
    "certificate-expired",
    "access-expiring",
    "access-expired",
    "approval-needed",
    "approval-escalated",
    "approvals-digest",
    "request-approved",
    "request-denied",
    "exceptions",
    "pool-low",
    "pool-expiring",
]
"""What can be switched off for the whole system and for an organisation (NTF-2)."""
CopiedOccasion = Literal[
    "assigned",
    "job-role-assigned",
    "withdrawn",
    "completed",
    "due-soon",
    "overdue",
    "certificate-expiring",
    "certificate-expired",
    "access-expiring",
    "access-expired",
    "request-approved",
    "request-denied",
]
"""To a learner; managers may get a copy, with a text of its own (NTF-1)."""
Copy = Literal[
    "assigned-copy",
    "job-role-assigned-copy",
    "withdrawn-copy",
    "completed-copy",
    "due-soon-copy",
    "overdue-copy",
    "certificate-expiring-copy",
    "certificate-expired-copy",
    "access-expiring-copy",
    "access-expired-copy",
    "request-approved-copy",
    "request-denied-copy",
]
EditableTemplate = Literal[Occasion, Copy]
"""Whose text an organisation may replace (NTF-2)."""
Template = Literal[EditableTemplate, "key-sent", "test"]
"""A key's e-mail has its text from its pool; a test is a text that somebody is writing."""

OFFERING_OCCASIONS: tuple[OfferingOccasion, ...] = get_args(OfferingOccasion)
OCCASIONS: tuple[Occasion, ...] = get_args(Occasion)
COPIED: tuple[CopiedOccasion, ...] = get_args(CopiedOccasion)
EDITABLE: tuple[EditableTemplate, ...] = get_args(EditableTemplate)
TEMPLATES: tuple[Template, ...] = get_args(Template)
