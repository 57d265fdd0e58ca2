"""Accounts of those who register with a key: made, and taken back, by the directory over HTTP (KEY-7)."""

from typing import NamedTuple
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from shared.errors import Busy
from shared.service_client import ServiceClient

_REGISTRATIONS = "/api/directory/registrations"
_STAYS = "not-undoable"


class Unclear(Exception):
    """The directory did not answer, or not with what it should: what was asked for may have happened, or may happen yet."""


class NewAccount(BaseModel):
    """Whose account it is to be: `organisation` is an id."""

    person_id: UUID
    first_name: str
    last_name: str
    email: str
    password: str
    country: str
    organisation: UUID
    language: str | None


class RefusedAccount(NamedTuple):
    """Why the directory made none."""

    status: int
    kind: str
    detail: str
    field: str | None


class _Problem(BaseModel):
    type: str = ""
    detail: str = ""
    field: str | None = None

    @property
    def kind(self) -> str:
        return self.type.rpartition(":")[2]


class Accounts:
    """`services` reaches the directory; None: this service cannot sign in there."""

    def __init__(self, services: ServiceClient | None) -> None:
        self._services = services

    def check(self) -> None:
        """Raises Busy where this service cannot sign in at the directory, since nobody told it how."""
        if self._services is None:
            raise Busy(
                "Registration with a key is not set up: ROLLBOOK_SERVICE_SECRET is empty. Ask whoever operates Rollbook.",
                kind="registration-not-set-up",
            )

    def make(self, account: NewAccount, command: str) -> RefusedAccount | None:
        """None: it is made. Raises Unclear."""
        answer = self._send("POST", _REGISTRATIONS, command, account)
        if answer.status_code == 201:
            return None
        if not 400 <= answer.status_code < 500 or answer.status_code in (401, 403, 429):
            raise Unclear(f"status {answer.status_code}")
        problem = _problem(answer)
        return RefusedAccount(answer.status_code, problem.kind, problem.detail, problem.field)

    def undo(self, person: UUID, command: str) -> bool:
        """No account is left, and none comes any more. False: there was none, or it stays, since somebody has signed in with it,
        or too much time has passed. Raises Unclear."""
        answer = self._send("DELETE", f"{_REGISTRATIONS}/{person}", command)
        if not answer.is_success and answer.status_code != 404 and _problem(answer).kind != _STAYS:
            raise Unclear(f"status {answer.status_code}")
        return answer.is_success

    def _send(self, method: str, path: str, command: str, body: BaseModel | None = None) -> httpx.Response:
        if self._services is None:
            raise Unclear("ROLLBOOK_SERVICE_SECRET is empty")
        try:
            asked = body.model_dump(mode="json", exclude_none=True) if body else None
            return self._services.send(method, path, asked, command)
        except httpx.HTTPError as error:
            raise Unclear(type(error).__name__) from None


def _problem(answer: httpx.Response) -> _Problem:
    try:
        return _Problem.model_validate_json(answer.content)
    except ValidationError:
        return _Problem()
