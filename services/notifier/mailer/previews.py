"""A text that somebody is writing, shown with a real case, as it would go out to whoever writes it (NTF-2)."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from services.notifier.mailer.about import EmailData
from services.notifier.mailer.letters import Letters, Texts
from services.notifier.mailer.queue import Queue
from services.notifier.own_texts import OwnText
from services.notifier.projections.texts import name_of
from shared.contracts.notifications import EditableTemplate
from shared.database import Connection


class Previews:
    """By the same way as every e-mail takes."""

    def __init__(self, queue: Queue, letters: Letters) -> None:
        self._queue = queue
        self._letters = letters

    def show(
        self, conn: Connection, reader: UUID, template: EditableTemplate, text: OwnText, case: UUID | None
    ) -> Texts:
        """`case`: the e-mail whose particulars it shows; None: made-up ones."""
        name = name_of(conn, reader)
        about = self._queue.tasks(conn, [case])[0].about if case else self._made_up(reader, template)
        named = replace(about, person_id=reader, first_name=name.first_name, last_name=name.last_name, own=text)
        return self._letters.show(named)

    def _made_up(self, reader: UUID, template: EditableTemplate) -> EmailData:
        return EmailData(
            message_id=UUID(int=0),
            person_id=reader,
            template=template,
            first_name="",
            last_name="",
            email="",
            language=None,
            title="",
            kind="course",
            created_at=datetime.now(UTC),
            sample=True,
        )
