"""E-mails with keys: the keys service says what they say, and is told what became of them (KEY-11, ADR 15).

The ledger has the event, never the key or a typed address. Both are asked for once the message is `sending`, and live as long as
the conversation with the mail server.
"""

import re
import threading
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import httpx
from pydantic import BaseModel, JsonValue

from services.notifier.domain import Outcome, without_personal_data
from services.notifier.mailer.about import EmailData, Written
from services.notifier.mailer.letters import Outdated, Unmailable
from shared.database import Database, UuidArray, fetch, keep_stepping
from shared.service_client import ServiceClient

_PATH = "/api/keys/key-mails"
_CHUNK = 500
_UNTOLD = """
SELECT m.id, l.cause_stream AS key, l.cause_version AS version, m.state, m.revision, m.answer_code, m.changed_at
FROM message m JOIN ledger l ON l.message_id = m.id WHERE m.told < m.revision ORDER BY m.changed_at LIMIT %s
"""
_TOLD = """
UPDATE message m SET told = t.revision FROM unnest(%s::uuid[], %s::int[]) AS t (id, revision)
WHERE m.id = t.id AND m.told < t.revision
"""


class KeyMail(BaseModel):
    """As the keys service tells it."""

    email: str
    first_name: str
    last_name: str
    language: str
    subject: str
    text: str
    key: str

    def complete(self, about: EmailData) -> EmailData:
        return replace(
            about,
            email=self.email,
            first_name=self.first_name,
            last_name=self.last_name,
            language=self.language,
            known=bool(self.first_name or self.last_name),
            written=Written(self.subject, self.text),
        )

    def hushed(self, outcome: Outcome) -> Outcome:
        """Without the key and the address, whatever the mail server repeats of them."""
        answer = re.sub(re.escape(self.key), "(key)", outcome.answer, flags=re.IGNORECASE)
        return replace(outcome, answer=without_personal_data(answer, self.email))


class _Untold(NamedTuple):
    id: UUID
    key: UUID
    version: int
    state: str
    revision: int
    answer_code: int | None
    changed_at: datetime


class KeyMails:
    """Asks for e-mails; and a worker that tells their fates. Any number of them may run at once."""

    name = "notifier key mails"

    def __init__(self, database: Database, services: ServiceClient, pause: float) -> None:
        self._database = database
        self._services = services
        self._pause = pause

    def ask(self, about: EmailData) -> KeyMail:
        """Raises Outdated where it is not to be sent any more, Unmailable where its address was removed, httpx.HTTPError."""
        asked: dict[str, JsonValue] = {
            "key_id": str(about.key_id),
            "version": about.key_version,
            "language": about.language,
        }
        try:
            return KeyMail.model_validate_json(self._services.post(_PATH, asked).content)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != 404:
                raise
            if str(error.response.json().get("type")).endswith(":no-address"):
                raise Unmailable("not handed over: the address was removed") from None
            raise Outdated from None

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self._step, self._pause, worker=self.name)

    def _step(self) -> int:
        """The keys service may be away for longer than a worker may fail."""
        try:
            return self.step()
        except httpx.HTTPError:
            return 0

    def step(self) -> int:
        """Tell what changed since it was told last. Returns how many. Raises httpx.HTTPError."""
        with self._database.connection() as conn:
            untold = fetch(conn, _Untold, _UNTOLD, [_CHUNK])
        if untold:
            self._services.post(f"{_PATH}/fates", [_fate(one) for one in untold])
            with self._database.connection() as conn:
                conn.execute(_TOLD, [UuidArray([one.id for one in untold]), [one.revision for one in untold]])
        return len(untold)


def _fate(one: _Untold) -> dict[str, JsonValue]:
    return {
        "key_id": str(one.key),
        "version": one.version,
        "state": one.state,
        "revision": one.revision,
        "answer_code": one.answer_code,
        "changed_at": one.changed_at.isoformat(),
    }
