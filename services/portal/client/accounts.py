"""How accounts come to be and are entered: registering, forgotten passwords, signing in elsewhere."""

from collections.abc import Mapping

from services.portal.client.asking import Asking, Reply
from services.portal.client.redemptions import Redemption
from services.portal.session import Tokens

DIRECTORY = "/api/directory"


class Registered(Reply):
    """With a training key. `redemption`: the course that it gives, once enrollment was asked."""

    user_name: str
    redemption: Redemption | None = None


class Begun(Reply):
    """A sign-in at a provider; `state` comes back from there."""

    authorization_url: str
    state: str


def register(ask: Asking, applicant: Mapping[str, str]) -> None:
    """The same for every address: its owner gets an e-mail (ADR 17)."""
    ask.done("POST", f"{DIRECTORY}/registrations", dict(applicant))


def confirm(ask: Asking, token: str) -> Tokens:
    """By the link of that e-mail; whoever registered is signed in."""
    return ask.post(Tokens, f"{DIRECTORY}/registrations/confirm", {"token": token})


def register_with_key(ask: Asking, applicant: Mapping[str, str], training_key: str, key: str) -> Registered:
    """Account, redemption and assignment, or nothing. `key`: of the command."""
    return ask.post(Registered, "/api/keys/registrations", {**applicant, "key": training_key}, key)


def forget_password(ask: Asking, email: str) -> None:
    """The same for every address."""
    ask.done("POST", f"{DIRECTORY}/password-resets", {"email": email})


def set_password(ask: Asking, token: str, password: str) -> None:
    """By the link of the e-mail, once."""
    ask.done("POST", f"{DIRECTORY}/password-resets/confirm", {"token": token, "password": password})


def begin_elsewhere(ask: Asking, provider: str) -> Begun:
    return ask.post(Begun, f"{DIRECTORY}/sign-ins/{provider}", {})


def finish_elsewhere(ask: Asking, provider: str, state: str, code: str) -> Tokens:
    return ask.post(Tokens, f"{DIRECTORY}/sign-ins/{provider}/finish", {"state": state, "code": code})
