"""Replay over HTTP (AUD-2)."""

from typing import Annotated
from uuid import UUID, uuid5

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.reporting.replaying import ReplayJob, Replays
from shared.auth import CurrentCaller, Permission
from shared.http import CommandContextDep, PreferWait, use


class ReplayRequest(BaseModel):
    swap: bool = Field(False, description="Replace the live read models with the rebuilt ones")


AllReplays = Annotated[Replays, use(Replays)]
router = APIRouter(prefix="/api/reporting", tags=["replay"])


@router.post(
    "/replay",
    responses={202: {"model": ReplayJob, "description": "It is running; send `Prefer: wait=N` to wait for it"}},
)
def replay(
    context: CommandContextDep,
    caller: CurrentCaller,
    wait: PreferWait,
    response: Response,
    asked: ReplayRequest,
    replays: AllReplays,
) -> ReplayJob:
    """Rebuild every read model alongside the live ones and compare; swap them on request (AUD-2). Answers 202 while it runs."""
    caller.everywhere(Permission.OPERATE)
    id = uuid5(context.actor, context.command_id)
    replays.start(id, context.meta(), swap=asked.swap)
    job = replays.finished(id, wait)
    response.status_code = 200 if job.done else 202
    response.headers["Location"] = f"/api/reporting/replay/{job.id}"
    return job


@router.get("/replay/{id}")
def find_replay(id: UUID, caller: CurrentCaller, replays: AllReplays) -> ReplayJob:
    caller.everywhere(Permission.OPERATE)
    return replays.find(id)
