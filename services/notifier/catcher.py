"""The embedded suite's mail server: it keeps every e-mail in the database and delivers none."""

import asyncio
import re
import threading
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, quote
from uuid import UUID

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifier.domain import unbroken
from services.notifier.mailer.letters import PERSON_HEADER
from shared import telemetry
from shared.database import Database
from shared.folding import fold

log = telemetry.logger(__name__)

_STORE = (
    "INSERT INTO caught_mail (person_id, message_id, recipient, recipient_folded, subject, raw) "
    "SELECT %s, %s, recipient, folded, %s, %s FROM unnest(%s::text[], %s::text[]) AS t (recipient, folded)"
)
_ADDRESSEES = frozenset(("from", "sender", "reply-to", "to", "cc", "bcc"))
_NOWHERE = ".invalid"
"""No mailbox is ever there (RFC 2606), so it is refused, as by other mail servers."""
_SILENT = "@hangs-up.invalid"
"""For trying out what follows: the catcher takes the e-mail and hangs up without an answer."""
_WORDS = re.compile(r"[\w' -]+")
_MESSAGE_ID = re.compile(r"<([0-9a-fA-F-]{36})@")


class MailCatcher:
    """Listens on one address while it runs. A message is committed before its 250 goes out."""

    name = "notifier catcher"

    def __init__(self, database: Database, host: str, port: int) -> None:
        self._database = database
        self._host = host
        self._port = port

    def run(self, stop: threading.Event) -> None:
        controller = Controller(_Keeper(self._database), hostname=self._host, port=self._port, ready_timeout=30)
        controller.start()
        try:
            stop.wait()
        finally:
            controller.stop()


class _Keeper:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.lower().endswith(_NOWHERE) and not address.lower().endswith(_SILENT):
            return "550 there is no such domain"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        if any(address.lower().endswith(_SILENT) for address in envelope.rcpt_tos) and server.transport:
            server.transport.close()
            return ""
        raw = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        try:
            await asyncio.to_thread(self._store, raw, list(envelope.rcpt_tos))
        except psycopg.Error as error:
            log.warning("a caught e-mail could not be kept", kind=type(error).__name__)
            return "451 not kept, try again"
        return "250 kept"

    def _store(self, raw: bytes, recipients: list[str]) -> None:
        message = parse(raw, headers_only=True)
        subject = next((value for name, value in headers(message) if name.lower() == "subject"), "")
        with self._database.connection() as conn:
            folded = [fold(recipient) for recipient in recipients]
            conn.execute(_STORE, [_person(message), _message_id(message), subject, raw, recipients, folded])


def parse(raw: bytes, *, headers_only: bool = False) -> EmailMessage:
    return BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(raw, headersonly=headers_only)


def headers(message: EmailMessage) -> list[tuple[str, str]]:
    """Names and values as a reader sees them, on one line each. The name before an address is in quotation marks where it
    could be taken for more than a name."""
    return [
        (name, _addressees(value) if name.lower() in _ADDRESSEES else _decoded(value))
        for name, value in message.raw_items()
    ]


def _addressees(value: str) -> str:
    pairs = [(_decoded(name), address) for name, address in getaddresses([_unfolded(value)])]
    if not all(address for _, address in pairs):
        return _decoded(value)
    return ", ".join(_addressee(name, address) for name, address in pairs)


def _addressee(name: str, address: str) -> str:
    if not name:
        return address
    return f"{name} <{address}>" if _WORDS.fullmatch(name) else f'"{quote(name)}" <{address}>'


def _decoded(value: str) -> str:
    try:
        parts = decode_header(_unfolded(value))
        text = "".join(p if isinstance(p, str) else p.decode(charset or "utf-8", "replace") for p, charset in parts)
    except (HeaderParseError, LookupError, ValueError):
        text = value
    return unbroken(text)


def _unfolded(value: str) -> str:
    return "".join(value.encode("utf-8", "surrogateescape").decode("utf-8", "replace").splitlines())


def _person(message: EmailMessage) -> UUID | None:
    try:
        return UUID(str(message[PERSON_HEADER] or ""))
    except ValueError:
        return None


def _message_id(message: EmailMessage) -> UUID | None:
    found = _MESSAGE_ID.match(str(message["Message-ID"] or ""))
    try:
        return UUID(found.group(1)) if found else None
    except ValueError:
        return None
