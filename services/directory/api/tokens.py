"""Sign-in with a local account, and the public keys that services verify tokens with (SEC-3)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from joserfc.jwk import KeySetSerialization
from pydantic import BaseModel

from services.directory.api.parts import Using
from shared.limits import Secret, Text

router = APIRouter(prefix="/api/directory", tags=["sign-in"])


UserName = Annotated[str, Text(254)]


class Token(BaseModel):
    """As OAuth 2 answers; `expires_in` seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int


@router.post("/token")
def token(
    use: Using,
    username: Annotated[UserName, Form()],
    password: Annotated[Secret, Form()],
    grant_type: Annotated[Literal["password"], Form()] = "password",  # noqa: ARG001
) -> Token:
    """The password grant, for local accounts."""
    return Token(access_token=use.accounts.sign_in(username, password), expires_in=use.accounts.seconds)


@router.get("/jwks", response_model=None)
def jwks(use: Using) -> KeySetSerialization:
    return use.accounts.jwks()
