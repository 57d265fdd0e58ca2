"""What one e-mail says, and to whom: as far as it is known before the moment of sending."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.notifier.own_texts import OwnText


@dataclass(frozen=True)
class Written:
    """Subject and text as somebody wrote them. Blank lines part paragraphs."""

    subject: str
    text: str

    @property
    def paragraphs(self) -> list[list[str]]:
        """The lines of each."""
        return [part.strip().splitlines() for part in re.split(r"\n\s*\n", self.text.strip())]


@dataclass(frozen=True)
class EmailData:
    """What one e-mail says, and to whom."""

    message_id: UUID
    person_id: UUID
    template: str
    first_name: str
    last_name: str
    email: str
    language: str | None
    title: str
    kind: str
    created_at: datetime
    serial: str | None = None
    """Of the certificate that it speaks of."""
    offering_id: UUID | None = None
    counts: Mapping[str, int] | None = None
    """Of a notice of exceptions: the `learners` who are held at this moment, and how many by each kind of exception."""
    due_on: date | None = None
    """Of a reminder: the day, in the recipient's time zone, and when on that day, if that is said."""
    due_time: str | None = None
    request_id: UUID | None = None
    request_kind: str | None = None
    """Of a request: what it asks; `learner` is who asked."""
    learner: str | None = None
    link: str | None = None
    """Of an e-mail about an account, and for how many minutes it can be used."""
    minutes: int | None = None
    known: bool = True
    """Somebody is known to have this address."""
    pool: str | None = None
    expires: str | None = None
    """When it does, on the clocks of the recipient."""
    many: int | None = None
    """Of a warning: how many percent are used, or keys unused; of a digest: how many requests wait."""
    badge: str | None = None
    """That the offering gives."""
    job_role: str | None = None
    own: OwnText | None = None
    """The text of the recipient's organisation, if it has one in the recipient's language."""
    sample: bool = False
    """A text that somebody is writing, without a real case: what it names is made up."""
    key_id: UUID | None = None
    key_version: int | None = None
    """Of an e-mail with a key: the event that it is for. What it says, the keys service tells when it is sent."""
    written: Written | None = None
