"""Previews: what a command would do, and its confirmation (ASG-8, ASG-9)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response

from services.enrollment.api.assignments import assigning, created
from services.enrollment.api.dependencies import AssignmentCommandsDep, DatabaseDep, PreviewsDep, Reason
from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.assignments.settings import Note
from services.enrollment.application.previews.requests import (
    AddRules,
    ApplyTrigger,
    AssignPeople,
    ChangeDue,
    Preview,
    PreviewRequest,
    RemoveRules,
)
from services.enrollment.projections import previews as preview_rows
from services.enrollment.projections.previews import PreviewLearner, PreviewOutcome
from shared.auth import Caller, CurrentCaller, Permission, Scope
from shared.documents import JOB
from shared.http import CommandContextDep, Cursor, PageSize, PreferWait
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")


class Confirmation(Reason):
    """Why, and what the learners are told (ASG-13)."""

    note: Note | None = None


@router.post("/previews", status_code=201)
def preview(
    caller: CurrentCaller,
    context: CommandContextDep,
    previews: PreviewsDep,
    assignment_commands: AssignmentCommandsDep,
    response: Response,
    body: Annotated[PreviewRequest, Body()],
) -> Preview:
    """Preview exactly what adding or removing these assignments would do (ASG-8, ASG-9). Nothing changes. A selection is counted in
    parts, by a job: its preview is `counting`, and grows."""
    found = previews.preview(context, _previewing(caller, assignment_commands, body), body)
    response.headers["Location"] = f"/api/enrollment/previews/{found.id}"
    return found


@router.get("/previews/{preview_id}")
def show_preview(context: CommandContextDep, previews: PreviewsDep, preview_id: UUID) -> Preview:
    return previews.find(context, preview_id)


@router.get("/previews/{preview_id}/learners")
def list_preview_learners(
    caller: CurrentCaller,
    context: CommandContextDep,
    previews: PreviewsDep,
    database: DatabaseDep,
    size: PageSize,
    preview_id: UUID,
    what: PreviewOutcome,
    cursor: Cursor = None,
) -> Page[PreviewLearner]:
    """List the people behind one number of a preview, within the caller's scope (ASG-9)."""
    scope = caller.scope(Permission.READ_ASSIGNMENTS)
    previews.find(context, preview_id)
    with database.connection() as conn:
        return preview_rows.learners(conn, scope, preview_id, what, cursor, size)


@router.post("/previews/{preview_id}/confirm", responses=JOB)
def confirm(
    caller: CurrentCaller,
    context: CommandContextDep,
    previews: PreviewsDep,
    assignment_commands: AssignmentCommandsDep,
    database: DatabaseDep,
    wait: PreferWait,
    response: Response,
    preview_id: UUID,
    body: Annotated[Confirmation | None, Body()] = None,
) -> Receipt:
    """Do what the preview showed. Answers 409 with a new preview if the facts have changed since (ASG-9)."""
    scope = _previewing(caller, assignment_commands, previews.asked(context, preview_id))
    reason, note = (body.reason, body.note) if body else (None, None)
    receipt = previews.confirm(context, scope, preview_id, reason=reason, note=note)
    return created(database, scope, receipt, response, wait=wait)


def _previewing(caller: Caller, assignment_commands: AssignmentCommands, asked: PreviewRequest) -> Scope:
    """For whom the caller may do what a preview is asked about. Triggers may reach people of any organisation."""
    if isinstance(asked, ApplyTrigger):
        caller.everywhere(Permission.ASSIGN)
    if isinstance(asked, AssignPeople):
        return assigning(caller, assignment_commands, asked.offerings)
    if isinstance(asked, ChangeDue):
        return assigning(caller, assignment_commands, [assignment_commands.find(asked.assignment_id).offering])
    if isinstance(asked, RemoveRules):
        return assigning(
            caller, assignment_commands, [assignment_commands.find(id).offering for id in asked.assignment_ids]
        )
    return assigning(caller, assignment_commands, [asked.offering_id] if isinstance(asked, AddRules) else [])
