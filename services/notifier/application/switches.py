"""Which e-mails are off for the whole system or an organisation, and which managers get a copy of (NTF-2)."""

from collections.abc import Collection
from uuid import UUID

from services.notifier.application.commands import Commands, check_revision
from services.notifier.projections import switches
from shared.contracts.notifications import CopiedOccasion, Occasion
from shared.database import Connection
from shared.store import CommandContext, Receipt


class Switches(Commands):
    """`organisation` None: the whole system."""

    def set_switches(
        self,
        context: CommandContext,
        organisation: UUID | None,
        off: Collection[Occasion],
        copied: Collection[CopiedOccasion],
        expected: int | None,
    ) -> Receipt:
        """Raises Stale."""
        organisation_id = str(organisation) if organisation else None

        def also(conn: Connection) -> None:
            before = switches.of(conn, organisation, locked=True)
            check_revision(expected, before.revision)
            if (set(before.off), set(before.copied)) != (set(off), set(copied)):
                switches.save(conn, organisation, sorted(off), sorted(copied), before.revision + 1, context.actor)

        return self.command(context, {"organisation_id": organisation_id}, also)
