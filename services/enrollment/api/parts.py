"""What the routes use; main builds it."""

import time
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from services.enrollment.application.applying import Applying
from services.enrollment.application.assigning import Assigning
from services.enrollment.application.breaking import Breaker
from services.enrollment.application.browsing import Browsing
from services.enrollment.application.cancelling import Cancelling
from services.enrollment.application.certifying import Certifying
from services.enrollment.application.completing import Completing
from services.enrollment.application.editing import Editing
from services.enrollment.application.excepting import Excepting
from services.enrollment.application.grouping import Grouping
from services.enrollment.application.importing import Importing
from services.enrollment.application.learning import Learning
from services.enrollment.application.paying import Paying
from services.enrollment.application.previewing import Previewing
from services.enrollment.application.role_holding import RoleHolding
from services.enrollment.application.sources import Sources
from services.enrollment.application.spreadsheets import Spreadsheets
from services.enrollment.application.triggering import Triggers
from services.enrollment.application.undoing import Undoing
from services.enrollment.application.viewing import Viewing
from shared import jobs
from shared.auth import Caller, Permission, Scope
from shared.database import Database
from shared.limits import Remark, Text
from shared.store import Receipt

_JOB_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Parts:
    database: Database
    assigning: Assigning
    previewing: Previewing
    viewing: Viewing
    learning: Learning
    cancelling: Cancelling
    completing: Completing
    paying: Paying
    certifying: Certifying
    editing: Editing
    importing: Importing
    spreadsheets: Spreadsheets
    grouping: Grouping
    excepting: Excepting
    sources: Sources
    undoing: Undoing
    breaker: Breaker
    browsing: Browsing
    triggers: Triggers
    role_holding: RoleHolding
    applying: Applying


def parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


Using = Annotated[Parts, Depends(parts)]


def assigning_qualifications(caller: Caller) -> Scope:
    """For whom the caller may assign qualifications and job roles."""
    return caller.scope(Permission.ASSIGN_QUALIFICATIONS)


async def raw(request: Request) -> bytes:
    """The body as it came."""
    return await request.body()


NeededRemark = Annotated[str, Text(2000, 1, lines=True)]


class Reason(BaseModel):
    """Why, in a person's words; kept apart from the events."""

    reason: Remark | None = None


class NeededReason(BaseModel):
    """Why, in a person's words, where it has to be said."""

    reason: NeededRemark


class NeededConfirmation(BaseModel):
    """A learner has read what will happen."""

    confirm: bool = False


def answer(database: Database, receipt: Receipt, response: Response, wait: float) -> Receipt:
    """202 with the address of the first unfinished job, or 200 when all have finished within the time.

    The job's address is a link `monitor`; and the location, unless something that was made has one.
    """
    result = receipt.result if isinstance(receipt.result, dict) else {}
    ids = result.get("jobs")
    deadline = time.monotonic() + wait
    for id in ids if isinstance(ids, list) else []:
        while True:
            with database.connection() as conn:
                job = jobs.find(conn, UUID(str(id)))
            if job.state in ("finished", "failed"):
                break
            if time.monotonic() >= deadline:
                response.status_code = 202
                response.headers["Link"] = f'</api/enrollment/jobs/{id}>; rel="monitor"'
                response.headers.setdefault("Location", f"/api/enrollment/jobs/{id}")
                return receipt
            time.sleep(_JOB_POLL_SECONDS)
    return receipt
