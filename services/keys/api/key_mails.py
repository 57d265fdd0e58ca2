"""For the notifier: an e-mail with its key at the moment of sending, and what became of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.keys.api.dependencies import KeyMailsDep
from services.keys.application.key_mails import Fate, KeyMail
from shared.auth import Caller, CurrentCaller
from shared.errors import Forbidden
from shared.limits import Language

router = APIRouter(prefix="/api/keys", tags=["mailings"])


class KeyMailRequest(BaseModel):
    """`version` is that of the event of the key that the e-mail is for; `language`: what the recipient prefers, where it is
    known."""

    key_id: UUID
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    language: Language | None = None


@router.post("/key-mails")
def tell_key_mail(key_mails: KeyMailsDep, caller: CurrentCaller, response: Response, body: KeyMailRequest) -> KeyMail:
    """For the notifier: whom to send a key, and with which words. Nobody else is told."""
    _check_notifier(caller)
    response.headers["Cache-Control"] = "no-store"
    return key_mails.tell(body.key_id, body.version, body.language)


@router.post("/key-mails/fates", status_code=204)
def note_fates(
    key_mails: KeyMailsDep, caller: CurrentCaller, body: Annotated[list[Fate], Field(max_length=1_000)]
) -> None:
    """For the notifier: what became of e-mails with keys."""
    _check_notifier(caller)
    key_mails.note(body)


def _check_notifier(caller: Caller) -> None:
    """No permission gives this."""
    if caller.service != "notifier":
        raise Forbidden("Only Rollbook's own notifier sends keys by e-mail.")
