"""Long work of the keys service: keys that are generated, and rotated (ADM-5)."""

import time
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.keys.api.dependencies import READ, DatabaseDep, RotateKeysDep
from services.keys.projections import pools
from shared import jobs
from shared.auth import Caller, CurrentCaller, Permission
from shared.database import Connection, Database
from shared.errors import NotFound
from shared.http import CommandContextDep, PreferWait
from shared.jobs import Job
from shared.store import Receipt

router = APIRouter(prefix="/api/keys", tags=["jobs"])

_POLL_SECONDS = 0.05


class JobView(BaseModel):
    """A long job: how far it is, and what came of it, in numbers."""

    id: UUID
    kind: str
    state: str
    done: int
    total: int | None
    error: str | None
    result: dict[str, int] | None
    batch: UUID
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> "JobView":
        fields = {name: getattr(job, name) for name in cls.model_fields if name != "batch"}
        return cls(**fields, batch=job.caused_by.correlation)


@router.get("/jobs/{job_id}")
def show_job(caller: CurrentCaller, database: DatabaseDep, job_id: UUID) -> JobView:
    """Show how far a job is: for whoever may see its pool."""
    with database.connection() as conn:
        job = jobs.find(conn, job_id)
        _check(conn, caller, job)
    return JobView.of(job)


@router.post("/rotations", status_code=202, responses={200: {"model": Receipt, "description": "The job has finished"}})
def rotate(
    caller: CurrentCaller,
    context: CommandContextDep,
    rotating: RotateKeysDep,
    database: DatabaseDep,
    wait: PreferWait,
    response: Response,
) -> Receipt:
    """Hash and encrypt anew, with the newest of ROLLBOOK_TRAINING_KEY_SECRETS, what was made with an older one (KEY-10)."""
    caller.everywhere(Permission.OPERATE)
    response.status_code = 200
    return answer(database, rotating.start(context), response, wait)


def _check(conn: Connection, caller: Caller, job: Job) -> None:
    if "pool_id" not in job.args:
        caller.everywhere(Permission.OPERATE)
    elif pools.visible(conn, caller.scope(READ), UUID(str(job.args["pool_id"]))) is None:
        raise NotFound("There is no such job, or its record has been deleted.", field="job")


def answer(database: Database, receipt: Receipt, response: Response, wait: float) -> Receipt:
    """202 with the address of the job, unless it has finished within the time."""
    id = receipt.result["job_id"] if isinstance(receipt.result, dict) else None
    response.headers["Location"] = f"/api/keys/jobs/{id}"
    deadline = time.monotonic() + wait
    while True:
        with database.connection() as conn:
            job = jobs.find(conn, UUID(str(id)))
        if job.state in ("finished", "failed"):
            return receipt
        if time.monotonic() >= deadline:
            response.status_code = 202
            return receipt
        time.sleep(_POLL_SECONDS)
