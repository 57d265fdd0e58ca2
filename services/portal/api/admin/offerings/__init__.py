"""Pages of one course, certification or qualification: each tab is a page (ADM-1)."""

from fastapi import APIRouter

from services.portal.api.admin.offerings import (
    adding,
    apply,
    approvals,
    approvers,
    assignments,
    completion,
    configuration,
    exceptions,
    importing,
    information,
    items,
    learners,
    lists,
    new,
    versions,
)

ROUTERS: tuple[APIRouter, ...] = (
    lists.router,
    apply.router,
    new.router,
    information.router,
    versions.router,
    items.router,
    configuration.router,
    approvers.router,
    completion.router,
    exceptions.router,
    approvals.router,
    learners.router,
    importing.router,
    assignments.router,
    adding.router,
)
"""Those with a word in the place of an id go first."""
