"""Routes for signing in at an OpenID Connect provider (SEC-3)."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from services.directory.api.dependencies import AccountsDep, ExternalSignInsDep
from services.directory.api.tokens import Token, answer
from shared.client_address import ClientAddress
from shared.limits import Code, Text

router = APIRouter(prefix="/api/directory", tags=["sign-in"])


class BegunSignIn(BaseModel):
    """Send the browser to `authorization_url`; keep `state` in a cookie of this browser, and finish only if it comes back."""

    authorization_url: str
    state: str


class Finish(BaseModel):
    """What came back in the query of the redirect."""

    state: Annotated[str, Text(200, 1)]
    code: Annotated[str, Text(4_000, 1)]


@router.post("/sign-ins/{provider}", status_code=201)
def begin(sign_ins: ExternalSignInsDep, address: ClientAddress, provider: Code) -> BegunSignIn:
    """Begin a sign-in at a provider of `ROLLBOOK_OPENID_PROVIDERS`; it sends people back to /sign-in/PROVIDER. Those that nobody
    finishes are limited by address."""
    return BegunSignIn(**sign_ins.begin(provider, address)._asdict())


@router.post("/sign-ins/{provider}/finish")
def finish(
    sign_ins: ExternalSignInsDep, accounts: AccountsDep, address: ClientAddress, provider: Code, asked: Finish
) -> Token:
    """Finish it: whoever the provider says it is gets a token, once."""
    return answer(sign_ins.finish(provider, asked.state, asked.code, address), accounts.seconds)
