"""Who would decide on a request before it is sent, stage by stage (APR-1, CAT-13)."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.approvals.application import staffing
from services.approvals.application.ledger import Approvals
from services.approvals.application.situation import offering_of, situation, unseen
from services.approvals.projections import facts
from shared.contracts.approval_stages import ApprovalStage
from shared.contracts.approvals import RequestKind
from shared.database import Connection


class StageView(BaseModel):
    """A stage that a request of the caller would go through at this moment."""

    approvers: list[str]
    """Who may decide, by name; of those who have one."""
    needs: Literal["any", "all"]
    """Whether one of them is enough."""
    nobody_found: bool
    """None of the approvers that are named is there, so site administrators decide."""
    escalates_after_days: int
    """Then site administrators may decide too."""


class Stages:
    """Reads only. `escalation_days`: how long a stage has time where the offering does not say (APR-5)."""

    def __init__(self, ledger: Approvals, escalation_days: int) -> None:
        self._database = ledger.database
        self._escalation_days = escalation_days

    def ahead(self, person: UUID, offering_id: UUID, kind: RequestKind) -> list[StageView]:
        """Of a request that this person would send. Raises NotFound for an offering that the person may not see."""
        with self._database.connection() as conn:
            offering = offering_of(conn, offering_id)
            if not situation(conn, person, offering).seen:
                raise unseen()
            days = staffing.time_of(offering, self._escalation_days).days
            return [_view(conn, person, stage, days) for stage in staffing.stages_of(offering, kind)]


def _view(conn: Connection, person: UUID, stage: ApprovalStage, days: int) -> StageView:
    now = staffing.staffing(conn, person, stage)
    names = facts.names(conn, now.approvers)
    return StageView(
        approvers=sorted(names.values()), needs=stage.needs, nobody_found=now.nobody_found, escalates_after_days=days
    )
