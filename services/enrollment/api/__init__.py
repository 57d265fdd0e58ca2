"""Routes of enrollment: /api/enrollment/..."""

from services.enrollment.api import (
    assignments,
    browsing,
    calendars,
    completions,
    enrollments,
    exceptions,
    groups,
    held_changes,
    history,
    job_roles,
    jobs,
    manifest,
    payments,
    previews,
    triggers,
    undo,
    why,
)
from shared.http import joined

ROUTES = joined(
    assignments.router,
    previews.router,
    undo.router,
    held_changes.router,
    jobs.router,
    browsing.router,
    calendars.router,
    groups.router,
    exceptions.router,
    enrollments.router,
    why.router,
    history.router,
    completions.router,
    payments.router,
    job_roles.router,
    triggers.router,
    manifest.router,
)
"""A module of routes is a line here. Those with a word in the place of an id go first."""
