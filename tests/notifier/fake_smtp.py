"""A real SMTP server that does what a test tells it, and remembers what it took responsibility for."""

import asyncio
import threading
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifier.catcher import parse

OK = "250 taken"
LOST = "lost"
"""Instead of an answer: the connection is cut."""

Answer = Callable[[str, int], str]
"""From the recipient, and how often this message was tried before, to the answer."""


def always(answer: str) -> Answer:
    return lambda _recipient, _before: answer


def first_then(answer: str, then: str = OK) -> Answer:
    return lambda _recipient, before: then if before else answer


class FakeSmtpServer:
    """Listens on a free port of loopback while it is entered."""

    def __init__(
        self,
        *,
        rcpt: Answer | None = None,
        data: Answer | None = None,
        content: Answer | None = None,
        international: bool = True,
    ) -> None:
        """`international`: it offers SMTPUTF8."""
        self.international = international
        self.rcpt, self.data, self.content = rcpt or always(OK), data or always("354"), content or always(OK)
        self.accepted: list[str] = []
        """Message ids, at the moment the server has the message whole and means to keep it."""
        self.letters: list[EmailMessage] = []
        self.tries: dict[str, int] = {}
        self.hold: threading.Event | None = None
        """While set up and not set, no answer follows a message that was taken."""
        self.port = 0

    def __enter__(self) -> "FakeSmtpServer":
        self._controller = _Controller(
            self, hostname="127.0.0.1", port=self.port, ready_timeout=30, enable_SMTPUTF8=self.international
        )
        self._controller.start()
        self.port = self._controller.port
        return self

    def __exit__(self, *_: object) -> None:
        if self.hold:
            self.hold.set()
        self._controller.stop()

    def _before(self, stage: str, recipient: str) -> int:
        key = f"{stage} {recipient}"
        self.tries[key] = self.tries.get(key, 0) + 1
        return self.tries[key] - 1

    def attempts(self, stage: str, recipient: str) -> int:
        return self.tries.get(f"{stage} {recipient}", 0)

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        answer = self.rcpt(address, self._before("rcpt", address))
        if answer == LOST:
            cut(server)
        elif answer.startswith("2"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return answer

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        (recipient,) = envelope.rcpt_tos
        answer = self.content(recipient, self._before("content", recipient))
        if answer == LOST or answer.startswith("2"):
            letter = parse(envelope.content)
            self.letters.append(letter)
            self.accepted.append(str(letter["Message-ID"]))
        if self.hold:
            await asyncio.to_thread(self.hold.wait)
        if answer == LOST:
            cut(server)
        return answer


class _Controller(Controller):
    def __init__(self, fake: FakeSmtpServer, **options: Any) -> None:
        super().__init__(fake, **options)

    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        if not self.port:
            assert self.server is not None
            self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        super()._trigger_server()


class _Server(SMTP):
    async def smtp_DATA(self, arg: str) -> None:
        fake: FakeSmtpServer = self.event_handler
        (recipient,) = self.envelope.rcpt_tos  # type: ignore[union-attr]
        answer = fake.data(recipient, fake._before("data", recipient))
        if answer == LOST:
            cut(self)
        elif answer.startswith("354"):
            await super().smtp_DATA(arg)
        else:
            await self.push(answer)


def cut(server: SMTP) -> None:
    assert server.transport is not None
    server.transport.abort()  # type: ignore[attr-defined]


def recipients(server: FakeSmtpServer) -> list[str]:
    return sorted(letter["To"].addresses[0].addr_spec for letter in server.letters)


def text_of(server: FakeSmtpServer, number: int = -1) -> str:
    return str(server.letters[number].get_body(("plain",)).get_content())  # type: ignore[union-attr]
