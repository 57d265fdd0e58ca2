"""Routes for people who register, and what a sign-in page shows to strangers (DIR-2, DIR-7, KEY-7)."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.directory.api.account_mails import Accepted, LinkToken
from services.directory.api.dependencies import (
    AccountMailsDep,
    AccountsDep,
    DatabaseDep,
    ExternalSignInsDep,
    RegistrationsDep,
)
from services.directory.api.tokens import Token as TokenAnswer
from services.directory.api.tokens import answer as token_answer
from services.directory.application.registrations import Registration
from services.directory.projections import profiles
from services.directory.projections.profiles import ProviderView, SignInOptions
from shared.auth import CurrentCaller, MaybeCaller, Permission
from shared.client_address import ClientAddress
from shared.errors import Invalid
from shared.http import CommandContextDep, MaybeCommandContextDep, without_secrets
from shared.limits import Key
from shared.store import Receipt

router = APIRouter(prefix="/api/directory", tags=["registration"])


class RegistrationRequest(Registration):
    person_id: UUID | None = None
    """With the permission `register-people`: the id that the person gets."""


_BY_MAIL: dict[int | str, dict[str, Any]] = {
    202: {"model": Accepted, "description": "An e-mail with a link to go on is sent to the address"}
}


@router.post("/registrations", status_code=201, responses=_BY_MAIL)
def register(
    registrations: RegistrationsDep,
    mails: AccountMailsDep,
    caller: MaybeCaller,
    context: MaybeCommandContextDep,
    address: ClientAddress,
    asked: RegistrationRequest,
    response: Response,
) -> Receipt | Accepted:
    """Register, where the organisation allows it (KEY-7). Without a token an e-mail with a link is sent; the answer is 202 whether
    the address is known or not. With the permission `register-people` the person `person_id` and an account are there at once, and
    `DELETE` takes them back."""
    if caller is None or context is None:
        mails.request_registration(asked, address)
        response.status_code = 202
        return Accepted()
    scope = caller.scope(Permission.REGISTER_PEOPLE)
    if asked.person_id is None:
        raise Invalid("person_id is required: choose one.", field="person_id")
    receipt = registrations.register_under(without_secrets(context, asked, "password"), scope, asked.person_id, asked)
    response.headers["Location"] = f"/api/directory/people/{asked.person_id}"
    return receipt


@router.post("/registrations/confirm", status_code=201)
def confirm(mails: AccountMailsDep, accounts: AccountsDep, asked: LinkToken) -> TokenAnswer:
    """Go on with a registration by the link of its e-mail: the person is registered and signed in."""
    return token_answer(mails.confirm(asked.token), accounts.seconds)


@router.delete("/registrations/{person_id}")
def undo(
    registrations: RegistrationsDep, caller: CurrentCaller, context: CommandContextDep, person_id: UUID
) -> Receipt:
    """Take back a registration that is at most `ROLLBOOK_REGISTRATION_UNDO_SECONDS` old, if the person has not signed in:
    no account is left and the e-mail is free again."""
    return registrations.undo(context, caller.scope(Permission.REGISTER_PEOPLE), person_id)


@router.get("/sign-in-options")
def sign_in_options(
    database: DatabaseDep, sign_ins: ExternalSignInsDep, organisation: Key | None = None
) -> SignInOptions:
    """Show what the sign-in page of an organisation offers (DIR-7). Needs no token. An organisation where strangers cannot register
    looks like one that does not exist."""
    with database.connection() as conn:
        found = profiles.sign_in_options(conn, organisation)
    return found.model_copy(update={"providers": [ProviderView(id=p.id, name=p.name) for p in sign_ins.providers]})
