"""What the routes use, each what it needs; main provides them."""

from typing import Annotated

from services.approvals.application.decisions import DecisionCommands
from services.approvals.application.delegations import Delegations
from services.approvals.application.queries import RequestQueries
from services.approvals.application.requests import RequestCommands
from services.approvals.application.stages import Stages
from shared.auth import Caller, Permission, Scope
from shared.http import use

RequestCommandsDep = Annotated[RequestCommands, use(RequestCommands)]
DecisionCommandsDep = Annotated[DecisionCommands, use(DecisionCommands)]
DelegationsDep = Annotated[Delegations, use(Delegations)]
StagesDep = Annotated[Stages, use(Stages)]
RequestQueriesDep = Annotated[RequestQueries, use(RequestQueries)]


def reading(caller: Caller) -> Scope | None:
    """Of which learners the caller may read requests, beside the own ones and those to decide; None: of nobody."""
    return caller.scope(Permission.READ_ASSIGNMENTS) if caller.may(Permission.READ_ASSIGNMENTS) else None
