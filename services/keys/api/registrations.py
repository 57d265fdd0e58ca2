"""Registering with a training key, which asks for no token (KEY-7, KEY-8, KEY-9)."""

import time
from functools import partial
from uuid import UUID

from anyio import sleep, to_thread
from fastapi import APIRouter, Response

from services.keys.api.dependencies import KeyText, RedemptionsDep, RegistrationsDep
from services.keys.application.redemptions import Redemptions
from services.keys.application.registrations import Applicant, BadKey
from services.keys.projections.registrations import RegistrationRow, RegistrationView
from shared.client_address import ClientAddress
from shared.errors import Conflict
from shared.http import PreferWait, StrangerContextDep

router = APIRouter(prefix="/api/keys", tags=["registrations"])


class NewLearner(Applicant):
    """Somebody who has a key and no account."""

    key: KeyText


class Registered(RegistrationView):
    """`user_name`: with it, and the password that was sent, `POST /api/directory/token` signs in."""

    user_name: str


@router.post(
    "/registrations",
    status_code=201,
    responses={
        202: {
            "model": Registered,
            "description": "The account is there, and enrollment has not answered; ask at the location what became of it",
        }
    },
)
async def register(
    context: StrangerContextDep,
    registrations: RegistrationsDep,
    redemptions: RedemptionsDep,
    address: ClientAddress,
    wait: PreferWait,
    response: Response,
    body: NewLearner,
) -> Registered:
    """Register with a training key: account, redemption and assignment in one step, where the organisation lets strangers register
    and has the key field on. If any of it fails there is no account, and the key stays unused.

    Every key that does not do has one answer, `key-not-accepted`, after one time. `email-known`: sign in first.
    """
    began = time.monotonic()
    try:
        row = await to_thread.run_sync(partial(registrations.enter, context, body.key, body, address))
    except BadKey:
        await sleep(max(0.0, began + registrations.refusal_seconds - time.monotonic()))
        raise
    seconds = wait or redemptions.patience
    view = await to_thread.run_sync(partial(_view, redemptions, row, seconds))
    if view.state in ("undoing", "undone"):
        found = view.redemption
        raise Conflict(
            (found and found.detail)
            or "This course does not take you at the moment. Nothing was registered, your key is unused.",
            field="key",
            kind=(found and found.kind) or "refused",
        )
    response.headers["Location"] = f"/api/keys/registrations/{view.id}"
    if view.state != "redeemed":
        response.status_code = 202
    return Registered(**view.model_dump(), user_name=body.email)


@router.get("/registrations/{registration_id}")
def show_registration(
    registrations: RegistrationsDep, redemptions: RedemptionsDep, wait: PreferWait, registration_id: UUID
) -> RegistrationView:
    """What became of a registration, for whoever was told its id; send `Prefer: wait=N` to wait for it."""
    return _view(redemptions, registrations.find(registration_id), wait)


def _view(redemptions: Redemptions, row: RegistrationRow, seconds: float) -> RegistrationView:
    """As it stands once enrollment has answered; its answer counts before the registration says so itself."""
    if row.state in ("held", "undoing", "undone"):
        return RegistrationView(id=row.id, state=row.state, person_id=row.person, redemption=None)
    found = redemptions.wait(row.redemption, row.person, seconds)
    state = "undoing" if found.state == "released" else found.state
    return RegistrationView(id=row.id, state=state, person_id=row.person, redemption=found)
