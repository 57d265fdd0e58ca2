"""Previews: what adding or removing rules would do, exactly, and carrying out what was confirmed (ASG-8, ASG-9)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import cast
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from services.enrollment.application.assignments.commands import AssignmentCommands, open_offering
from services.enrollment.application.assignments.edits import AssignmentEdits
from services.enrollment.application.assignments.reach import check_added, check_reach
from services.enrollment.application.assignments.settings import AssignmentSettingsRequest, Note, days_of_access
from services.enrollment.application.assignments.targets import check_target, longest_access
from services.enrollment.application.evaluation.evaluate import flagged, offerings
from services.enrollment.application.ledger import Enrollments
from services.enrollment.application.previews.impact import Impact, OnRow, ResolvedRequest, measure
from services.enrollment.application.previews.people import resolve_people
from services.enrollment.application.previews.requests import (
    AddRules,
    ApplyTrigger,
    Asked,
    AssignPeople,
    ChangeDue,
    Preview,
    PreviewRequest,
    RemoveRules,
)
from services.enrollment.application.previews.selecting import SelectionPreviews
from services.enrollment.application.triggers import TriggerCommands
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain.assignments import AssignmentSettings, Target
from services.enrollment.projections import facts, plan_parts, scopes, tables, triggers
from shared.auth import Scope
from shared.database import Connection
from shared.errors import Conflict, Invalid, NotFound
from shared.store import CommandContext, Receipt, command, decided_again
from shared.texts import Texts

FORGOTTEN = {
    "people of previews": "DELETE FROM plan_person p USING plan WHERE p.plan = plan.id "
    "AND plan.created_at < now() - make_interval(days => %(days)s)",
    "previews": "DELETE FROM plan WHERE created_at < now() - make_interval(days => %(days)s)",
}
"""Previews are kept as long as commands are."""


class Previews:
    """Shows, and does what was shown or nothing."""

    def __init__(
        self,
        ledger: Enrollments,
        assigning: AssignmentCommands,
        editing: AssignmentEdits,
        triggers: TriggerCommands,
        selecting: SelectionPreviews,
        chunk: int,
    ) -> None:
        self._ledger = ledger
        self._assigning = assigning
        self._editing = editing
        self._triggers = triggers
        self._selecting = selecting
        self._chunk = chunk

    def preview(self, context: CommandContext, scope: Scope, request: PreviewRequest) -> Preview:
        """Decide on one snapshot, and store what was decided; of a selection, begin to."""
        if isinstance(request, AssignPeople) and request.selection_id:
            return self._selecting.begin(context, scope, request)
        id = uuid4()
        with self._ledger.database.transaction(snapshot=True) as conn:
            rows: dict[UUID, str] = {}
            impact = self._measure(conn, request, self._resolve(conn, scope, request), rows.setdefault)
        told = {"id": id, "digest": impact.digest, "created_at": datetime.now(UTC)}
        preview = Preview.model_validate({**impact.summary.model_dump(), **told, "action": request.action})
        asked = Asked(request=request).model_dump(mode="json")
        with self._ledger.database.transaction() as conn:
            conn.execute(
                "INSERT INTO plan (id, caller, request, summary, digest) VALUES (%s, %s, %s, %s, %s)",
                [id, context.actor, Jsonb(asked), Jsonb(preview.model_dump(mode="json")), preview.digest],
            )
            plan_parts.keep_people(conn, id, rows)
        return preview

    @decided_again
    @command
    def confirm(
        self, context: CommandContext, scope: Scope, id: UUID, *, reason: str | None, note: Note | None
    ) -> Receipt:
        """Carry out what a preview showed. Refused with a new preview when the facts have changed since (ASG-9)."""
        request, digest = self._stored(context, id)
        if isinstance(request, AssignPeople) and request.selection_id:
            texts = Texts()
            with self._ledger.database.connection() as conn:
                given = self._settings(context, request, reason, note, texts, facts.today(conn))
            return self._selecting.confirm(context, scope, self.find(context, id), given, texts)
        with self._ledger.database.transaction(snapshot=True) as conn:
            today, resolved = facts.today(conn), self._resolve(conn, scope, request)
            impact = self._measure(conn, request, resolved, lambda _person, _outcome: None)
        if impact.digest != digest:
            raise Conflict(
                "The facts have changed since this preview. Check the new one and confirm it.",
                kind="preview-outdated",
                preview=self.preview(context, scope, request),
            )
        if isinstance(request, ApplyTrigger):
            warnings = [warning for one in resolved for warning in one.warnings]
            return self._triggers.apply(context, request.trigger_id, warnings)
        if isinstance(request, ChangeDue):
            return self._editing.set_due_rule(context, self._assigning.find(request.assignment_id), request.due)
        if isinstance(request, RemoveRules):
            return self._assigning.remove(context, resolved[0].removing, reason)
        texts = Texts()
        settings = self._settings(context, request, reason, note, texts, today)
        if isinstance(request, AssignPeople):
            created, refused = self._assigning.judge(scope, request.offerings, request.people)
            unseen = self._assigning.unseen(created)
            return self._assigning.create(context, created, refused, settings=settings, texts=texts, unseen=unseen)
        wanted = [(one.offering, target) for one in resolved for target in one.targets]
        return self._assigning.create(context, wanted, settings=settings, texts=texts)

    def _settings(
        self,
        context: CommandContext,
        request: AddRules | AssignPeople,
        reason: str | None,
        note: Note | None,
        texts: Texts,
        today: date,
    ) -> AssignmentSettings:
        given = request.model_dump(include={"access_days", "access_until", "due", "required"})
        settings = AssignmentSettingsRequest(note=note, **given).to_settings(texts, context.actor, today)
        return replace(settings, reason=texts.ref(context.actor, reason))

    def find(self, context: CommandContext, id: UUID) -> Preview:
        with self._ledger.database.connection() as conn:
            row = conn.execute(
                "SELECT summary, request -> 'request' ->> 'action' FROM plan WHERE id = %s AND caller = %s",
                [id, context.actor],
            ).fetchone()
        if row is None:
            raise _no_preview()
        return Preview.model_validate({"action": row[1], **cast("dict[str, object]", row[0])})

    def asked(self, context: CommandContext, id: UUID) -> PreviewRequest:
        """What a preview was asked about. Raises NotFound."""
        return self._stored(context, id)[0]

    def _stored(self, context: CommandContext, id: UUID) -> tuple[PreviewRequest, str]:
        query = "SELECT request, digest FROM plan WHERE id = %s AND caller = %s"
        with self._ledger.database.connection() as conn:
            row = conn.execute(query, [id, context.actor]).fetchone()
        if row is None:
            raise _no_preview()
        return Asked.model_validate(row[0]).request, str(row[1])

    def _resolve(self, conn: Connection, scope: Scope, request: PreviewRequest) -> list[ResolvedRequest]:
        if isinstance(request, ApplyTrigger):
            return self._resolve_trigger(conn, request)
        if isinstance(request, AssignPeople):
            return resolve_people(conn, scope, request, self._assigning)
        if isinstance(request, ChangeDue):
            return [self._resolve_due(conn, scope, request)]
        if isinstance(request, RemoveRules):
            return [self._resolve_removal(conn, scope, request)]
        return [self._resolve_addition(conn, scope, request)]

    def _measure(
        self, conn: Connection, request: PreviewRequest, resolved: Sequence[ResolvedRequest], on_row: OnRow
    ) -> Impact:
        if not isinstance(request, ApplyTrigger):
            return measure(conn, resolved, self._chunk, on_row)
        people = 0 if resolved else self._count_met(conn, request.trigger_id)
        return measure(conn, resolved, self._chunk, on_row, title=self._title(conn, request), people=people)

    def _title(self, conn: Connection, request: ApplyTrigger) -> str | None:
        """The name of the job role that the trigger gives."""
        trigger = self._triggers.acting(conn, request.trigger_id)
        return triggers.job_roles(conn, [trigger.job_role])[trigger.job_role].name if trigger.job_role else None

    def _count_met(self, conn: Connection, trigger: UUID) -> int:
        """Active people of whom its condition is true."""
        parts = scopes.scope(conn, self._chunk, applied=trigger)
        return sum(fact.active for part in parts for fact in facts.people(conn, part).values())

    def _resolve_due(self, conn: Connection, scope: Scope, request: ChangeDue) -> ResolvedRequest:
        check_reach(conn, scope, [request.assignment_id])
        found = self._assigning.find(request.assignment_id)
        assignment_rules.set_due_rule(found, request.due)
        offering = offerings(conn, [found.offering])[found.offering]
        row = tables.assignments(conn, [found.id])[found.id]
        row = row._replace(due=request.due.model_dump_json() if request.due else None)
        return ResolvedRequest(offering, warnings=flagged(conn, offering, request.due), changed=row)

    def _resolve_trigger(self, conn: Connection, request: ApplyTrigger) -> list[ResolvedRequest]:
        """An offering; or all that comes with a job role, also by triggers that follow it."""
        trigger = self._triggers.acting(conn, request.trigger_id)
        ours = {}
        if trigger.job_role:
            ours = triggers.assignments_with(conn, trigger.job_role)
        elif trigger.offering and trigger.assignment:
            ours = {trigger.offering: [trigger.assignment]}
        known = offerings(conn, ours)
        rows = tables.assignments(conn, [one for ids in ours.values() for one in ids])
        resolved = []
        for id in sorted(known):
            rules = [rows[one].due_rule for one in ours[id]]
            told = [warning for rule in rules for warning in flagged(conn, known[id], rule)]
            resolved.append(ResolvedRequest(known[id], warnings=told, applied=trigger.id, ours=ours[id]))
        return resolved

    def _resolve_addition(self, conn: Connection, scope: Scope, request: AddRules) -> ResolvedRequest:
        found = open_offering(conn, request.offering_id)
        if request.required is not None:
            assignment_rules.check_requirement(found)
        targets = [Target(t.type, t.target_id, t.include_below) for t in request.targets]
        if len({(t.type, t.id) for t in targets}) < len(targets):
            raise Invalid("A target appears more than once.", field="targets")
        for target in targets:
            check_target(conn, scope, target, allow_empty=request.allow_empty)
        today, longest = facts.today(conn), longest_access(conn, targets)
        days = days_of_access(request.access_days, request.access_until, today)
        assignment_rules.check_access_days(found, days, longest, as_day=request.access_until)
        most = assignment_rules.access_days(found, longest)
        until = today + timedelta(days=days or most) if most else None
        existing = tables.live_targets(conn, [found.id], [(t.type, t.id) for t in targets])
        if existing:
            raise Conflict(
                "This target already has an assignment on this offering; edit that one instead.",
                field="targets",
                kind="already-assigned",
                existing=[str(id) for id in existing.values()],
            )
        warnings = flagged(conn, found, request.due)
        resolved = ResolvedRequest(
            found, targets=targets, access_days=days, due=request.due, warnings=warnings, access_until=until
        )
        check_added(conn, scope, resolved.proposed)
        return resolved

    def _resolve_removal(self, conn: Connection, scope: Scope, request: RemoveRules) -> ResolvedRequest:
        ids = list(dict.fromkeys(request.assignment_ids))
        check_reach(conn, scope, ids, "assignment_ids")
        removing = [self._assigning.find(id) for id in ids]
        for assignment in removing:
            assignment_rules.check_not_of_job_role(assignment)
            if not assignment.live:
                raise Conflict(
                    "This assignment has already been removed.", kind="assignment-removed", field="assignment_ids"
                )
        if len({a.offering for a in removing}) > 1:
            raise Invalid("Remove assignments of one offering at a time.", field="assignment_ids")
        return ResolvedRequest(offerings(conn, [removing[0].offering])[removing[0].offering], removing=removing)


def _no_preview() -> NotFound:
    return NotFound("You have no such preview. Request one: POST /api/enrollment/previews.", field="preview_id")
