"""E-mails about accounts: forgotten passwords and registrations (SEC-3, KEY-7).

The directory has them, each with a link that is as good as the account. So they are in no event and no ledger: a mailer asks for
what is to be sent now, hands it over, and says so. What was not handed over is told again in a minute, until its time has passed.
"""

import asyncio
import threading
from datetime import datetime
from typing import Literal
from uuid import UUID

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.notifier.domain import DeliveryOutcome
from services.notifier.mailer.about import EmailData
from services.notifier.mailer.letters import Letters, Unmailable
from services.notifier.mailer.mailer import MailServer
from services.notifier.mailer.smtp import ServerDown, SmtpConnection
from shared import telemetry
from shared.page_addresses import Pages
from shared.service_client import ServiceClient

log = telemetry.logger(__name__)

_NOBODY = UUID(int=0)
"""Whom an e-mail is to who is not registered yet."""


class AccountMail(BaseModel):
    """As the directory tells it."""

    id: UUID
    template: Literal["password-reset", "registration", "already-registered"]
    email: str
    first_name: str
    last_name: str
    language: str | None
    token: str | None
    minutes: int
    requested_at: datetime


_MAILS = TypeAdapter(list[AccountMail])


class AccountMailer:
    """Any number of them may run at once. `services` reaches the directory."""

    name = "notifier account mails"

    def __init__(
        self, services: ServiceClient, letters: Letters, server: MailServer, base_url: str, pause: float
    ) -> None:
        self._services = services
        self._letters = letters
        self._server = server
        self._pages = Pages(base_url)
        self._pause = pause

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                sent = self.step()
            except (httpx.HTTPError, ValidationError, ServerDown) as error:
                sent = 0
                log.warning("e-mails about accounts wait; trying again", kind=type(error).__name__)
                stop.wait(self._server.idle_pause + self._pause)
            if not sent:
                stop.wait(self._pause)

    def step(self) -> int:
        """Send what waits. Returns how many. Raises httpx.HTTPError, ServerDown."""
        mails = _MAILS.validate_json(self._services.post("/api/directory/account-mails/claims").content)
        return asyncio.run(self._send(mails)) if mails else 0

    async def _send(self, mails: list[AccountMail]) -> int:
        server = self._server
        connection = SmtpConnection(server.host, server.port, self._letters.domain, server.answer_seconds)
        await connection.open()
        sent = 0
        for mail in mails:
            if await self._handed_over(connection, mail):
                await asyncio.to_thread(self._services.post, f"/api/directory/account-mails/{mail.id}/sent")
                sent += 1
            if not connection.usable:
                break
        await connection.close()
        return sent

    async def _handed_over(self, connection: SmtpConnection, mail: AccountMail) -> bool:
        """True where it is not to be tried again: it was accepted, may have been, or nobody can have it."""
        try:
            letter = self._letters.compose(self._about(mail))
        except Unmailable:
            return True
        except Exception as error:
            log.error("an e-mail could not be composed; trying again", mail=str(mail.id), kind=type(error).__name__)
            return False
        outcome = await connection.deliver(letter)
        if outcome.fate is not DeliveryOutcome.ACCEPTED:
            log.warning("an e-mail about an account was not accepted", mail=str(mail.id), code=outcome.code)
        return outcome.fate is not DeliveryOutcome.NOT_ACCEPTED

    def _about(self, mail: AccountMail) -> EmailData:
        return EmailData(
            message_id=mail.id,
            person_id=_NOBODY,
            template=mail.template,
            first_name=mail.first_name,
            last_name=mail.last_name,
            email=mail.email,
            language=mail.language,
            title="",
            kind="",
            created_at=mail.requested_at,
            link=self._link(mail),
            minutes=mail.minutes,
            known=mail.template != "registration",
        )

    def _link(self, mail: AccountMail) -> str:
        token = mail.token or ""
        match mail.template:
            case "password-reset":
                return self._pages.new_password(token)
            case "registration":
                return self._pages.confirm_registration(token)
            case "already-registered":
                return self._pages.sign_in
