"""What pages read and command of switches and texts of e-mails (NTF-2, CAT-17)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Params, Receipt, Reply

SWITCHES = "/api/notifier/switches"
TEXTS = "/api/notifier/texts"


class Switches(Reply):
    """`off_above`, `copied_above`: what holds from further up; `revision`: what an edit is based on."""

    off: tuple[str, ...]
    copied: tuple[str, ...]
    off_above: tuple[str, ...]
    copied_above: tuple[str, ...]
    occasions: tuple[str, ...]
    copyable: tuple[str, ...]
    revision: int


class OfferingSwitches(Reply):
    """An offering that differs."""

    offering_id: UUID
    title: str
    off: tuple[str, ...]
    copied: tuple[str, ...]
    due_reminders: tuple[int, ...] | None = None
    certificate_reminders: tuple[int, ...] | None = None
    access_reminders: tuple[int, ...] | None = None


class TextItem(Reply):
    """Whose text of a template holds: own, above or built-in."""

    template: str
    origin: str
    organisation_id: UUID | None = None


class MailText(Reply):
    """The text that holds."""

    template: str
    language: str
    origin: str
    organisation_id: UUID | None = None
    subject: str
    body: str
    html: str
    placeholders: tuple[str, ...]
    revision: int


class MailPreview(Reply):
    """A text as it would go out; `message_id` None: what it names is made up."""

    subject: str
    body: str
    content: str
    message_id: UUID | None = None


def switches(ask: Asking, organisation: UUID | None) -> Switches:
    return ask.one(Switches, SWITCHES, _place(organisation))


def set_switches(
    ask: Asking, organisation: UUID | None, off: Sequence[str], copied: Sequence[str], revision: int, key: str
) -> Receipt:
    body: dict[str, JsonValue] = {"off": list(off), "copied": list(copied)}
    return ask.send("PUT", SWITCHES, body, key, version=revision, params=_place(organisation))


def offerings_that_differ(ask: Asking, cursor: str) -> Listed[OfferingSwitches]:
    return ask.listed(OfferingSwitches, f"{SWITCHES}/offerings", {"cursor": cursor})


def texts(ask: Asking, organisation: UUID | None, language: str) -> list[TextItem]:
    return ask.every(TextItem, TEXTS, _asked(organisation, language))


def text(ask: Asking, template: str, organisation: UUID | None, language: str) -> MailText:
    return ask.one(MailText, f"{TEXTS}/{template}", _asked(organisation, language))


def write_text(
    ask: Asking,
    template: str,
    organisation: UUID | None,
    language: str,
    body: Mapping[str, JsonValue],
    revision: int,
    key: str,
) -> Receipt:
    return ask.send("PUT", f"{TEXTS}/{template}", body, key, version=revision, params=_asked(organisation, language))


def remove_text(
    ask: Asking, template: str, organisation: UUID | None, language: str, revision: int, key: str
) -> Receipt:
    return ask.send("DELETE", f"{TEXTS}/{template}", None, key, version=revision, params=_asked(organisation, language))


def preview(ask: Asking, template: str, language: str, body: Mapping[str, JsonValue]) -> MailPreview:
    return ask.post(MailPreview, f"{TEXTS}/{template}/preview", body, params={"language": language})


def send_test(ask: Asking, template: str, language: str, body: Mapping[str, JsonValue], key: str) -> Receipt:
    return ask.send("POST", f"{TEXTS}/{template}/test", body, key, params={"language": language})


def _place(organisation: UUID | None) -> Params:
    """None: the whole system."""
    return {"organisation_id": str(organisation) if organisation else None}


def _asked(organisation: UUID | None, language: str) -> Params:
    return {**_place(organisation), "language": language}
