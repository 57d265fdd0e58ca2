"""Tokens for people and machines, and the public keys that services verify them with (SEC-3, SEC-5)."""

import base64
import binascii
from typing import Annotated, Literal
from urllib.parse import unquote_plus

from fastapi import APIRouter, Form, Request
from joserfc.jwk import KeySetSerialization
from pydantic import BaseModel, ConfigDict, Field

from services.directory.api.dependencies import AccountsDep, MachineClientsDep, SigningKeysDep
from services.directory.application.accounts import Accounts, Tokens
from services.directory.application.clients import MachineClients
from shared.client_address import ClientAddress
from shared.errors import Invalid
from shared.limits import Line, Secret, Text

router = APIRouter(prefix="/api/directory", tags=["sign-in"])


UserName = Annotated[str, Text(254)]
RefreshToken = Annotated[str, Text(200, strip=False)]


class TokenRequest(BaseModel):
    """As OAuth 2 asks (RFC 6749): `username` and `password`; or `refresh_token`; or `client_id` and `client_secret`, which may be
    in an Authorization header of the scheme Basic instead, and `scope`."""

    model_config = ConfigDict(extra="ignore")

    grant_type: Literal["password", "refresh_token", "client_credentials"] = "password"
    username: UserName | None = None
    password: Secret | None = None
    refresh_token: RefreshToken | None = None
    client_id: Line | None = None
    client_secret: Secret | None = None
    scope: Annotated[str, Text(2_000)] | None = None


class Revocation(BaseModel):
    """As RFC 7009 asks: a refresh token."""

    model_config = ConfigDict(extra="ignore")

    token: RefreshToken


class Token(BaseModel):
    """As OAuth 2 answers; `expires_in` seconds. A machine client gets no `refresh_token`."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    refresh_token: str | None = Field(default=None, exclude_if=lambda value: value is None)


@router.post("/token")
def token(
    request: Request,
    accounts: AccountsDep,
    clients: MachineClientsDep,
    address: ClientAddress,
    asked: Annotated[TokenRequest, Form()],
) -> Token:
    """Get a token with a user name and password, for local accounts, with a refresh token, once, or with a client's credentials."""
    if asked.grant_type == "client_credentials":
        return _of_client(request, clients, asked, address, accounts.seconds)
    return answer(_of_person(accounts, asked, address), accounts.seconds)


@router.post("/token/revoke", status_code=204)
def revoke(accounts: AccountsDep, asked: Annotated[Revocation, Form()]) -> None:
    """Sign out: the refresh token and all that came from the same sign-in end. An unknown token is no error."""
    accounts.sign_out(asked.token)


@router.get("/jwks", response_model=None)
def jwks(keys: SigningKeysDep) -> KeySetSerialization:
    return keys.public()


def answer(tokens: Tokens, seconds: int) -> Token:
    """What a sign-in answers with."""
    return Token(access_token=tokens.access, expires_in=seconds, refresh_token=tokens.refresh)


def _of_person(accounts: Accounts, asked: TokenRequest, address: str) -> Tokens:
    if asked.grant_type == "refresh_token":
        return accounts.refresh(_needed(asked.refresh_token, "refresh_token"))
    name, password = _needed(asked.username, "username"), _needed(asked.password, "password")
    return accounts.sign_in(name, password, address)


def _of_client(request: Request, clients: MachineClients, asked: TokenRequest, address: str, seconds: int) -> Token:
    id, secret = _basic(request) or (asked.client_id, asked.client_secret)
    given = _needed(id, "client_id"), _needed(secret, "client_secret")
    return Token(access_token=clients.sign_in(*given, asked.scope, address), expires_in=seconds)


def _basic(request: Request) -> tuple[str, str] | None:
    """Raises Invalid for a header that is none."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Invalid(
            "The Authorization header is not valid: send 'Basic' and base64 of id:secret.", field="Authorization"
        ) from None
    return unquote_plus(id), unquote_plus(secret)


def _needed(value: str | None, field: str) -> str:
    if value is None:
        raise Invalid(f"{field} is required for this grant_type.", field=field)
    return value
