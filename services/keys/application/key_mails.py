"""What the notifier asks for when it sends an e-mail with a key, and what it says became of it (KEY-11, ADR 15).

The notifier's ledger decides whether and when one is sent. The key is told at that moment, to that service, and kept nowhere else.
"""

from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field

from services.keys.application.ledger import TrainingKeys
from services.keys.application.mail_texts import MailTexts
from services.keys.application.mailings import Mailings
from services.keys.application.vault import Unreadable, Vault
from services.keys.domain.mail_templates import Language
from services.keys.projections.mailings import MailState
from services.keys.projections.tables import SECRET, SecretRow
from shared.database import fetch_one
from shared.errors import Busy, NotFound
from shared.limits import Moment

_TELL = """
UPDATE recipient r SET told_at = coalesce(r.told_at, now()) FROM training_key k, mailing m
WHERE r.key = %s AND r.version = %s AND r.ended_at IS NULL AND k.id = r.key AND k.state = 'sent' AND m.id = r.mailing
RETURNING r.pool, m.actor, m.texts, r.person, r.email, r.language
"""
_FATES = """
UPDATE recipient r SET mail_state = t.state, mail_revision = t.revision, mail_code = t.code, mail_changed_at = t.at
FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::int[], %s::int[], %s::timestamptz[])
    AS t (key, version, state, revision, code, at)
WHERE r.key = t.key AND r.version = t.version AND r.mail_revision < t.revision
"""


class KeyMail(BaseModel):
    """An e-mail with a key, ready to be sent."""

    email: str
    first_name: str
    last_name: str
    language: Language
    subject: str
    text: str
    key: str
    """The same that the text has: to be taken out of what mail servers answer."""


class Fate(BaseModel):
    """What became of an e-mail, by the event that it is for."""

    key_id: UUID
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    state: MailState
    revision: Annotated[int, Field(ge=1, le=2**31 - 1)]
    answer_code: Annotated[int, Field(ge=0, le=999)] | None = None
    changed_at: Moment


class _Told(NamedTuple):
    pool: UUID
    actor: UUID
    texts: dict[str, dict[str, str]]
    person: UUID | None
    email: str | None
    language: str


class _Profile(NamedTuple):
    first_name: str
    last_name: str
    email: str


class KeyMails:
    """For the notifier only."""

    def __init__(self, ledger: TrainingKeys, vault: Vault, mailings: Mailings) -> None:
        self._ledger = ledger
        self._vault = vault
        self._mailings = mailings

    def tell(self, key: UUID, version: int, language: str | None) -> KeyMail:
        """Raises NotFound where there is nothing to be sent any more: taken back, redeemed, or another e-mail took its place."""
        query = f"SELECT {SECRET.select()} FROM key_secret WHERE key = %s"
        with self._ledger.database.transaction() as conn:
            told = fetch_one(conn, _Told, _TELL, [key, version])
            secret = fetch_one(conn, SecretRow, query, [key])
            if told is None or secret is None:
                raise _gone()
            profile = _Profile("", "", told.email or "")
            if told.person:
                found = "SELECT first_name, last_name, email FROM profile WHERE person_id = %s"
                profile = fetch_one(conn, _Profile, found, [told.person]) or profile
            about = self._mailings.about(conn, self._ledger.pool_of(told.pool), told.actor)
        if not profile.email:
            raise NotFound("The address was removed.", field="version", kind="no-address")
        texts = MailTexts.model_validate(told.texts)
        chosen = texts.language(language if told.person else told.language)
        text = self._open(secret)
        written = texts.fill(chosen, about.values(f"{profile.first_name} {profile.last_name}".strip(), text))
        return KeyMail(**profile._asdict(), language=chosen, subject=written.subject, text=written.text, key=text)

    def _open(self, secret: SecretRow) -> str:
        try:
            return self._vault.open(secret)
        except Unreadable:
            raise Busy("This key cannot be read: what it was encrypted with is not in the settings.") from None

    def note(self, fates: list[Fate]) -> None:
        """The latest that came counts; what is about an e-mail of before is left out."""
        rows = [(f.key_id, f.version, f.state, f.revision, f.answer_code, f.changed_at) for f in fates]
        if rows:
            with self._ledger.database.connection() as conn:
                conn.execute(_FATES, [list(values) for values in zip(*rows, strict=True)])


def _gone() -> NotFound:
    return NotFound("There is nothing to be sent any more.", field="version", kind="nothing-to-send")
