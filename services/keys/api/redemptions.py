"""Redeeming a key while signed in (KEY-6)."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.keys.api.dependencies import EnteredKey, KeyCommandsDep, RedemptionsDep
from services.keys.projections.redemptions import RedemptionView
from shared.auth import CurrentCaller
from shared.client_address import ClientAddress
from shared.errors import Conflict
from shared.http import CommandContextDep, PreferWait

router = APIRouter(prefix="/api/keys", tags=["redemptions"])


@router.post(
    "/redemptions",
    status_code=201,
    responses={
        200: {"model": RedemptionView, "description": "The key was yours already: its assignment"},
        202: {
            "model": RedemptionView,
            "description": "The key is reserved for you; ask at the location what became of it",
        },
    },
)
def redeem(
    caller: CurrentCaller,
    context: CommandContextDep,
    key_commands: KeyCommandsDep,
    redemptions: RedemptionsDep,
    address: ClientAddress,
    wait: PreferWait,
    response: Response,
    body: EnteredKey,
) -> RedemptionView:
    """Redeem a training key: it becomes an assignment of its course, or stays unused and the `type` of the problem says why.

    wrong, used, revoked, expired, not-yet-valid, other-organisation, offering-inactive, still-enrolled ...
    """
    entered = redemptions.enter(key_commands.hushed(context), body.key, address)
    found = redemptions.wait(entered.redemption, caller.id, wait or redemptions.patience)
    if found.state == "released":
        raise Conflict(
            found.detail or "This course does not take you at the moment. Your key stays unused.",
            field="key",
            kind=found.kind or "refused",
        )
    response.headers["Location"] = f"/api/keys/redemptions/{found.id}"
    if found.state == "reserved":
        response.status_code = 202
    elif entered.own:
        response.status_code = 200
    return found


@router.get("/redemptions/{redemption_id}")
def show_redemption(
    caller: CurrentCaller, redemptions: RedemptionsDep, wait: PreferWait, redemption_id: UUID
) -> RedemptionView:
    """What became of a key that you entered; send `Prefer: wait=N` to wait for it."""
    return redemptions.wait(redemption_id, caller.id, wait)
