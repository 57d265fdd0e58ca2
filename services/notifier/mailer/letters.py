"""A task rendered as an e-mail: text and HTML, with headers that no name or title can break."""

import re
from binascii import b2a_qp
from dataclasses import dataclass
from email.utils import format_datetime
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateNotFound
from markupsafe import Markup

from services.notifier.domain import unbroken
from services.notifier.mailer.about import EmailData
from services.notifier.mailer.headers import Field, Mailbox, Malformed, Ours, check, head
from services.notifier.mailer.values import values_of
from services.notifier.own_texts import Filled, OwnText, fill
from shared.addresses import NotAnAddress, read_address
from shared.errors import Invalid
from shared.page_addresses import Pages

DEFAULT_LANGUAGE = "en"
LANGUAGES = ("en", "de")
"""In which every e-mail has a text."""
PERSON_HEADER = "X-Rollbook-Person"
_HEADERS = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    PERSON_HEADER,
    "MIME-Version",
    "Content-Type",
)
"""Of every e-mail, in this order, and no others."""
_SENDER = re.compile(r'\s*"?(?P<name>[^"<>]*?)"?\s*<(?P<address>[^<>]+)>\s*')
_DOT = re.compile(rb"^\.", re.MULTILINE)


class Unmailable(Exception):
    """No mail server may have this: the recipient's address is not one, or the finished head is not as it should be."""


class Outdated(Exception):
    """Nothing is left to tell: the last exception was answered after the e-mail was taken for sending."""


@dataclass(frozen=True)
class Email:
    """What the mail server gets: both envelope addresses, and the message with CRLF line ends."""

    sender: str
    recipient: str
    content: bytes
    international: bool = False
    """An address has more than ASCII before its @: only a server with SMTPUTF8 takes it."""

    def stuffed(self) -> bytes:
        """The content as DATA carries it: dots doubled at line starts, closed by the final dot."""
        return _DOT.sub(b"..", self.content) + b".\r\n"


class Letters:
    """Renders with the templates of the recipient's language, English where there are none."""

    def __init__(self, mail_from: str, base_url: str) -> None:
        """`mail_from`: an address, or `Name <address>`. Raises Invalid."""
        self._from = _sender(mail_from)
        self._pages = Pages(base_url)
        self._loader = PackageLoader("services.notifier", "templates")
        self._templates = Environment(
            loader=self._loader,
            autoescape=lambda name: bool(name and name.endswith(".html")),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            auto_reload=False,
        )

    @property
    def domain(self) -> str:
        return self._from.address.domain

    def compose(self, about: EmailData) -> Email:
        """Raises Unmailable, Outdated. The same particulars give the same Message-ID, always."""
        if about.counts is not None and not about.counts["learners"]:
            raise Outdated
        recipient = _recipient(about)
        texts = self._texts(about)
        top = head(self._fields(about, recipient, texts.subject))
        try:
            check(top, _HEADERS, recipient.address)
        except Malformed as error:
            raise Unmailable(str(error)) from error
        sender = self._from.address
        return Email(
            str(sender),
            str(recipient.address),
            top + b"\r\n" + _body(about.message_id, texts),
            sender.international or recipient.address.international,
        )

    def _fields(self, about: EmailData, recipient: Mailbox, subject: str) -> list[Field]:
        return [
            ("From", self._from),
            ("To", recipient),
            ("Subject", subject),
            ("Date", Ours(format_datetime(about.created_at))),
            ("Message-ID", Ours(f"<{about.message_id}@{self.domain}>")),
            ("Auto-Submitted", Ours("auto-generated")),
            (PERSON_HEADER, Ours(str(about.person_id))),
            ("MIME-Version", Ours("1.0")),
            ("Content-Type", Ours(f'multipart/alternative; boundary="{_boundary(about.message_id)}"')),
        ]

    def _texts(self, about: EmailData) -> "Texts":
        language = about.own.language if about.own else self._language(about)
        values = values_of(about, language, self._pages)
        if about.own is not None:
            return self.framed(language, fill(about.own, values))

        def render(ending: str) -> str:
            template = self._templates.get_template(f"{language}/{about.template}{ending}")
            return template.render(**values, minutes=about.minutes, written=about.written)

        return self.framed(language, Filled(render(".subject.txt"), render(".txt"), render(".html")))

    def framed(self, language: str, filled: Filled) -> "Texts":
        """With the document around its HTML."""
        subject = unbroken(filled.subject.removesuffix("\n"))
        frame = self._templates.get_template("frame.html")
        html = frame.render(language=language, subject=subject, content=Markup(filled.html))
        return Texts(subject, filled.body, html, filled.html)

    def show(self, about: EmailData) -> "Texts":
        """As it would go out, for whoever writes its text."""
        return self._texts(about)

    def built_in(self, language: str, template: str) -> OwnText | None:
        """The text that holds where nobody has written one; None where there is none in this language."""

        def source(ending: str) -> str:
            text, _, _ = self._loader.get_source(self._templates, f"{language}/{template}{ending}")
            return text

        try:
            return OwnText(language, source(".subject.txt").strip(), source(".txt"), source(".html"))
        except TemplateNotFound:
            return None

    def _language(self, about: EmailData) -> str:
        wanted = (about.language or DEFAULT_LANGUAGE).replace("_", "-").split("-")[0].lower()
        try:
            self._templates.get_template(f"{wanted}/{about.template}.txt")
        except TemplateNotFound:
            return DEFAULT_LANGUAGE
        return wanted


@dataclass(frozen=True)
class Texts:
    subject: str
    plain: str
    html: str
    content: str
    """The HTML without the document around it."""


def _boundary(message_id: UUID) -> str:
    """In no quoted-printable text, for that has no underscore after an equals sign."""
    return f"=_{message_id.hex}"


def _body(message_id: UUID, texts: Texts) -> bytes:
    """Both texts, quoted-printable. The library's own way takes three times as long for the whole e-mail."""
    boundary = _boundary(message_id).encode()
    parts = [
        b'--%s\r\nContent-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n%s\r\n'
        % (boundary, subtype, b2a_qp("\r\n".join(text.splitlines()).encode(), istext=True))
        for subtype, text in ((b"plain", texts.plain), (b"html", texts.html))
    ]
    return b"".join(parts) + b"--%s--\r\n" % boundary


def _recipient(about: EmailData) -> Mailbox:
    """Raises Unmailable."""
    try:
        address = read_address(about.email)
    except NotAnAddress as wrong:
        raise Unmailable(f"the address is not valid: {wrong}") from wrong
    return Mailbox(unbroken(f"{about.first_name} {about.last_name}") if about.known else "", address)


def _sender(mail_from: str) -> Mailbox:
    """Raises Invalid."""
    found = _SENDER.fullmatch(mail_from)
    name, typed = (found["name"], found["address"]) if found else ("", mail_from.strip())
    try:
        return Mailbox(unbroken(name), read_address(typed))
    except NotAnAddress as wrong:
        raise Invalid(f"ROLLBOOK_MAIL_FROM has no valid e-mail address: {wrong}.", field="mail_from") from wrong
