"""Texts of e-mails that an organisation writes itself, and a test of one, sent to whoever writes it (NTF-2)."""

from datetime import UTC, datetime
from uuid import UUID

from services.notifier.application.commands import Commands, check_revision
from services.notifier.application.reasons import write
from services.notifier.domain import Reason
from services.notifier.own_texts import OwnText, check
from services.notifier.projections import texts
from shared.contracts.notifications import EditableTemplate
from shared.database import Connection
from shared.store import CommandContext, Receipt


class Texts(Commands):
    """`organisation` None: the whole system."""

    def write_text(
        self,
        context: CommandContext,
        organisation: UUID | None,
        template: EditableTemplate,
        text: OwnText,
        expected: int | None,
    ) -> Receipt:
        """Raises Invalid, Stale."""
        check(template, text)

        def also(conn: Connection) -> None:
            before = texts.own(conn, organisation, text.language, template, locked=True)
            check_revision(expected, before.revision if before else 0)
            if before is None or before.removed or (before.subject, before.body, before.html) != _parts(text):
                texts.save(conn, organisation, template, text, context.actor)

        return self.command(context, {"template": template}, also)

    def remove_text(
        self,
        context: CommandContext,
        organisation: UUID | None,
        template: EditableTemplate,
        language: str,
        expected: int | None,
    ) -> Receipt:
        """The text of the organisation above, or the built-in one, holds again. Raises Stale."""

        def also(conn: Connection) -> None:
            before = texts.own(conn, organisation, language, template, locked=True)
            check_revision(expected, before.revision if before else 0)
            texts.remove(conn, organisation, language, template, context.actor)

        return self.command(context, {"template": template}, also)

    def send_test(
        self, context: CommandContext, template: EditableTemplate, text: OwnText, case: UUID | None
    ) -> Receipt:
        """To whoever asks, by the ledger as every e-mail; once, however often the command is sent. Raises Invalid."""
        check(template, text)
        reason = Reason(
            cause_stream=context.correlation,
            cause_version=1,
            person_id=context.actor,
            template="test",
            cause_type="notifier.TestAsked",
            caused_at=datetime.now(UTC),
            batch=context.correlation,
        )

        def also(conn: Connection) -> None:
            texts.keep_test(conn, reason.message_id, template, text, case)
            write(conn, [reason])

        return self.command(context, {"message_id": str(reason.message_id)}, also)


def _parts(text: OwnText) -> tuple[str, str, str]:
    return text.subject, text.body, text.html
