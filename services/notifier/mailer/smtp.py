"""One connection to the mail server, and what each way of ending a conversation proves."""

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from services.notifier.domain import DeliveryOutcome, Outcome
from services.notifier.mailer.letters import Email

_DONE = 2
_GO_AHEAD = 3


class ServerDown(Exception):
    """No conversation was begun: nothing is said about any message."""


class SmtpConnection:
    """A connection, used for one message after the other."""

    def __init__(self, host: str, port: int, name: str, seconds: float) -> None:
        self._client = SMTP(hostname=host, port=port, local_hostname=name, timeout=seconds)
        self._seconds = seconds

    async def open(self) -> None:
        """Raises ServerDown, with the kind of fault."""
        try:
            await self._client.connect()
            await self._client.ehlo()
        except (SMTPException, OSError, ValueError) as error:
            self._client.close()
            raise ServerDown(_kind(error)) from error

    @property
    def usable(self) -> bool:
        return self._client.is_connected

    async def deliver(self, letter: Email) -> Outcome:
        """Hand one message over. Never raises for what the server or the network does."""
        if letter.international and not self._client.supports_extension("smtputf8"):
            return Outcome(
                DeliveryOutcome.REFUSED,
                "not handed over: the address needs SMTPUTF8, which the mail server does not offer",
            )
        international = [b"SMTPUTF8"] if letter.international else []
        try:
            await self._say(_DONE, b"MAIL", b"FROM:<%s>" % letter.sender.encode(), *international)
            await self._say(_DONE, b"RCPT", b"TO:<%s>" % letter.recipient.encode())
            await self._say(_GO_AHEAD, b"DATA")
        except SMTPResponseException as refusal:
            await self._begin_anew()
            return _before_content(refusal)
        except (SMTPException, OSError, ValueError) as error:
            self._client.close()
            return Outcome(DeliveryOutcome.NOT_ACCEPTED, f"before the message was handed over: {_kind(error)}")
        return await self._hand_over(letter)

    async def _say(self, expected: int, *command: bytes) -> None:
        """Not by the client's own methods: they read an address as a header, and find another one in it.

        Raises SMTPResponseException for an answer of another kind than `expected`.
        """
        response = await self._client.execute_command(*command)
        if response.code // 100 != expected:
            raise SMTPResponseException(response.code, response.message)

    async def _hand_over(self, letter: Email) -> Outcome:
        """From here on only the server's answer tells what became of the message."""
        protocol = self._client.protocol
        if protocol is None:
            return Outcome(DeliveryOutcome.NOT_ACCEPTED, "before the message was handed over: connection lost")
        try:
            protocol.write(letter.stuffed())
            response = await protocol.read_response(timeout=self._seconds)
        except (SMTPException, OSError) as error:
            self._client.close()
            return Outcome(DeliveryOutcome.UNKNOWN, f"after the message was handed over: {_kind(error)}")
        return Outcome.answered(response.code, response.message)

    async def _begin_anew(self) -> None:
        try:
            if self.usable:
                await self._client.rset()
        except (SMTPException, OSError):
            self._client.close()

    async def close(self) -> None:
        try:
            if self.usable:
                await self._client.quit()
        except (SMTPException, OSError):
            pass
        self._client.close()


def _before_content(refusal: SMTPResponseException) -> Outcome:
    """Whatever the server says before the message: it has not got it."""
    outcome = Outcome.answered(refusal.code, refusal.message)
    return (
        outcome
        if outcome.fate is DeliveryOutcome.REFUSED
        else Outcome(DeliveryOutcome.NOT_ACCEPTED, refusal.message, refusal.code)
    )


def _kind(error: BaseException) -> str:
    if isinstance(error, SMTPResponseException):
        return f"answer {error.code}"
    return type(error).__name__
