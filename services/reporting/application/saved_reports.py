"""Saving reports: under a name, for oneself or for holders of a permission role (RPT-3)."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.reporting.projections import saved_reports
from services.reporting.projections.saved_reports import OwnedRow
from services.reporting.reports.asked import Saved
from services.reporting.reports.moment import Moment
from services.reporting.reports.sources import BY_NAME
from shared.auth import ROLES, Caller, Permission
from shared.database import Connection, Database, scalar
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.http import check_version
from shared.limits import Name, Role
from shared.store import CommandContext, Decision, Receipt, ServiceApplication

SAVED_REPORTS = UUID("5a0b6c1e-93d4-4c67-8f0e-2c7a1d5be4a9")
"""The name space of the ids of saved reports."""


class Sharing(BaseModel):
    """With whom: holders of a permission role whose role reaches some part of the organisation; null: holders anywhere."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    organisation_id: UUID | None = None


class SavedReport(BaseModel):
    """A saved report as somebody wants it. Each source has a class of its own, whose `question` is in the source's grammar."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    source: str
    question: Saved
    shared: Sharing | None = Field(None, description="Null: nobody else sees it")

    def kept(self) -> dict[str, JsonValue]:
        """The question without what it does not say."""
        return self.question.model_dump(mode="json", exclude_none=True, exclude_unset=True)


class SavedReports(ServiceApplication):
    """`limit`: so many may a person have. A name and a question may hold what people typed, so there are no events."""

    name = "reporting"

    def __init__(self, database: Database, limit: int) -> None:
        super().__init__(database)
        self._limit = limit

    def create(self, context: CommandContext, caller: Caller, new: SavedReport) -> Receipt:
        """Raises Forbidden, Invalid; Conflict where there are too many."""
        id = uuid5(SAVED_REPORTS, f"{context.actor}/{context.command_id}")

        def also(conn: Connection) -> None:
            _check(conn, caller, new)
            if saved_reports.count_own(conn, caller.id) >= self._limit:
                raise Conflict(
                    f"You have {self._limit} saved reports, the most that you may have (ROLLBOOK_SAVED_REPORTS). Delete one first.",
                    kind="too-many-saved-reports",
                )
            saved_reports.insert(conn, id, caller.id, saved_reports.Content(*_content(new)))

        return self._command(context, id, also)

    def change(
        self, context: CommandContext, caller: Caller, id: UUID, new: SavedReport, expected: int | None
    ) -> Receipt:
        """Everything of it but its source. Raises NotFound, Forbidden, Stale, Invalid."""

        def also(conn: Connection) -> None:
            found = _seen(conn, caller, id)
            if found.owner != caller.id:
                raise Forbidden("Only its owner can change a saved report. Save it as one of your own.", field="id")
            check_version(expected, found.revision)
            if new.source != found.source:
                raise Invalid(
                    f"This is a saved report of the source '{found.source}'. Save a new one for another source.",
                    field="source",
                )
            _check(conn, caller, new)
            content = saved_reports.Content(*_content(new))
            if content != found.content:
                saved_reports.update(conn, id, content)

        return self._command(context, id, also)

    def delete(self, context: CommandContext, caller: Caller, id: UUID, expected: int | None) -> Receipt:
        """By its owner; one that is shared also by whoever operates the suite. Raises NotFound, Forbidden, Stale."""

        def also(conn: Connection) -> None:
            operates = caller.may(Permission.OPERATE) and caller.scope(Permission.OPERATE).everything
            found = saved_reports.locked(conn, id) if operates else _seen(conn, caller, id)
            if found is None or (found.owner != caller.id and found.shared_role is None):
                raise _unknown()
            if found.owner != caller.id and not operates:
                raise Forbidden("Only its owner can delete a saved report.", field="id")
            check_version(expected, found.revision)
            saved_reports.delete(conn, id)

        return self._command(context, id, also)

    def _command(self, context: CommandContext, id: UUID, also: Callable[[Connection], None]) -> Receipt:
        result: JsonValue = {"saved_report_id": str(id)}
        return self.find_receipt(context) or self.record(context, Decision((), context.meta()), result, also=also)


def _seen(conn: Connection, caller: Caller, id: UUID) -> OwnedRow:
    """Raises NotFound."""
    found = saved_reports.locked(conn, id) if saved_reports.visible(conn, caller, id) else None
    if found is None:
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("There is no such saved report, or it is not shared with you.", field="id")


def _check(conn: Connection, caller: Caller, new: SavedReport) -> None:
    """It can be asked by whoever saves it, and by those with whom it is shared. Raises Forbidden, Invalid."""
    source = BY_NAME[new.source]
    Moment.parse(new.question.as_of, scalar(conn, "SELECT now()", datetime))
    if new.shared is None:
        if not source.own:
            caller.scope(source.permission)
        return
    scope = caller.scope(source.permission)
    readers = [role for role, allowed in ROLES.items() if source.own or source.permission in allowed]
    if new.shared.role not in readers:
        raise Invalid(
            f"A role to share this report with is one of {', '.join(readers)}: only these may read it.",
            field="shared.role",
        )
    organisation = new.shared.organisation_id
    if organisation is None:
        if not scope.everything:
            raise scope.beyond(
                "This shares the report with holders of the role in all organisations", "shared.organisation_id"
            )
    elif not saved_reports.within(conn, scope, organisation):
        raise Invalid("There is no such organisation, or it is outside yours.", field="shared.organisation_id")


def _content(new: SavedReport) -> tuple[str, str, dict[str, JsonValue], str | None, UUID | None]:
    shared = new.shared
    return (
        new.name,
        new.source,
        new.kept(),
        shared.role if shared else None,
        shared.organisation_id if shared else None,
    )
