"""Routes for a forgotten password, and for the notifier, which sends the e-mails about accounts."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.directory.api.dependencies import AccountMailsDep
from services.directory.application.account_mails import AccountMail
from shared.auth import Caller, CurrentCaller
from shared.client_address import ClientAddress
from shared.errors import Forbidden
from shared.limits import Email, Secret, Text

router = APIRouter(prefix="/api/directory", tags=["accounts"])


class ForgottenPassword(BaseModel):
    email: Email


class Accepted(BaseModel):
    """The same for an address that is known and for one that is not."""

    status: Literal["accepted"] = "accepted"


class LinkToken(BaseModel):
    token: Annotated[str, Text(200, 1)]
    """Of the link."""


class NewPassword(LinkToken):
    password: Secret


@router.post("/password-resets", status_code=202)
def forgot_password(mails: AccountMailsDep, address: ClientAddress, asked: ForgottenPassword) -> Accepted:
    """Send a link for a new password to this address, if it is that of an account. It can be used once, for 15 minutes
    (`ROLLBOOK_ACCOUNT_LINK_SECONDS`)."""
    mails.request_reset(asked.email, address)
    return Accepted()


@router.post("/password-resets/confirm", status_code=204)
def reset_password(mails: AccountMailsDep, asked: NewPassword) -> None:
    """Set a new password by the link of the e-mail. Every sign-in with the one before ends."""
    mails.reset(asked.token, asked.password)


@router.post("/account-mails/claims")
def claim(mails: AccountMailsDep, caller: CurrentCaller) -> list[AccountMail]:
    """For the notifier: the e-mails about accounts that are to be sent now, with their links."""
    _check_notifier(caller)
    return mails.claim()


@router.post("/account-mails/{mail_id}/sent", status_code=204)
def sent(mails: AccountMailsDep, caller: CurrentCaller, mail_id: UUID) -> None:
    """For the notifier: the mail server has taken it."""
    _check_notifier(caller)
    mails.sent(mail_id)


def _check_notifier(caller: Caller) -> None:
    """No permission gives this: a link is as good as the account."""
    if caller.service != "notifier":
        raise Forbidden("Only Rollbook's own notifier sends e-mails about accounts.")
