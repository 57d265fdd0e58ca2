"""Previews: what adding or removing rules would do, exactly, and carrying out what was confirmed (ASG-8, ASG-9)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from services.enrollment.application.assigning import Assigning, Enrollments, open_offering
from services.enrollment.application.editing import Editing
from services.enrollment.application.judging import flagged, offerings
from services.enrollment.application.looking import Looks, Resolved
from services.enrollment.application.reach import check_added, check_reach
from services.enrollment.application.requests import (
    AddRules,
    ApplyTrigger,
    Asked,
    ChangeDue,
    Preview,
    PreviewRequest,
    RemoveRules,
)
from services.enrollment.application.sharing import Note, SharingRequest, days_of_access
from services.enrollment.application.targets import check_target, longest_access
from services.enrollment.application.triggering import Triggers
from services.enrollment.domain import assignments as rules
from services.enrollment.domain.assignments import Target
from services.enrollment.projections import facts, scopes, state, triggers
from shared.auth import Scope
from shared.database import Connection
from shared.errors import Conflict, Invalid, NotFound
from shared.store import Context, Receipt, decided_again
from shared.texts import Texts

FORGOTTEN = {
    "people of previews": "DELETE FROM plan_person p USING plan WHERE p.plan = plan.id "
    "AND plan.created_at < now() - make_interval(days => %(days)s)",
    "previews": "DELETE FROM plan WHERE created_at < now() - make_interval(days => %(days)s)",
}
"""Previews are kept as long as commands are."""


class Previewing:
    """Shows, and does what was shown or nothing."""

    def __init__(
        self, ledger: Enrollments, assigning: Assigning, editing: Editing, triggers: Triggers, chunk: int
    ) -> None:
        self._ledger = ledger
        self._assigning = assigning
        self._editing = editing
        self._triggers = triggers
        self._chunk = chunk

    def preview(self, context: Context, scope: Scope, request: PreviewRequest) -> Preview:
        """Decide on one snapshot, and store what was decided."""
        id = uuid4()
        with self._ledger.database.transaction(snapshot=True) as conn:
            looked = self._look(conn, scope, request)
            rows: dict[UUID, str] = {}
            for person, outcome in looked.rows():
                rows.setdefault(person, outcome)
        preview = Preview(**looked.summary().model_dump(), id=id, digest=looked.digest(), created_at=datetime.now(UTC))
        asked = Asked(request=request).model_dump(mode="json")
        with self._ledger.database.transaction() as conn:
            conn.execute(
                "INSERT INTO plan (id, caller, request, summary, digest) VALUES (%s, %s, %s, %s, %s)",
                [id, context.actor, Jsonb(asked), Jsonb(preview.model_dump(mode="json")), preview.digest],
            )
            with conn.cursor().copy("COPY plan_person (plan, person, outcome) FROM STDIN") as copy:
                for person, outcome in rows.items():
                    copy.write_row((id, person, outcome))
        return preview

    @decided_again
    def confirm(self, context: Context, scope: Scope, id: UUID, reason: str | None, note: Note | None) -> Receipt:
        """Carry out what a preview showed. Refused with a new preview when the facts have changed since (ASG-9)."""
        if earlier := self._ledger.earlier(context):
            return earlier
        request, digest = self._stored(context, id)
        with self._ledger.database.transaction(snapshot=True) as conn:
            looked, today = self._look(conn, scope, request), facts.today(conn)
            for _ in looked.rows():
                pass
        if looked.digest() != digest:
            raise Conflict(
                "The facts have changed since this preview. Look at the new one and confirm that.",
                kind="preview-outdated",
                preview=self.preview(context, scope, request),
            )
        if isinstance(request, ApplyTrigger):
            return self._triggers.apply(
                context, request.trigger_id, [w for one in looked.resolved for w in one.warnings]
            )
        if isinstance(request, ChangeDue):
            return self._editing.set_due_rule(context, self._assigning.find(request.assignment_id), request.due)
        (resolved,) = looked.resolved
        if isinstance(request, RemoveRules):
            return self._assigning.remove(context, resolved.removing, reason)
        texts = Texts()
        given = request.model_dump(include={"access_days", "access_until", "due", "required"})
        sharing = SharingRequest(note=note, **given).kept(texts, context.actor, today)
        wanted = [(resolved.offering, target) for target in resolved.targets]
        return self._assigning.create(context, wanted, sharing=sharing, texts=texts)

    def find(self, context: Context, id: UUID) -> Preview:
        with self._ledger.database.connection() as conn:
            row = conn.execute("SELECT summary FROM plan WHERE id = %s AND caller = %s", [id, context.actor]).fetchone()
        if row is None:
            raise _no_preview()
        return Preview.model_validate(row[0])

    def asked(self, context: Context, id: UUID) -> PreviewRequest:
        """What a preview was asked about. Raises NotFound."""
        return self._stored(context, id)[0]

    def _stored(self, context: Context, id: UUID) -> tuple[PreviewRequest, str]:
        query = "SELECT request, digest FROM plan WHERE id = %s AND caller = %s"
        with self._ledger.database.connection() as conn:
            row = conn.execute(query, [id, context.actor]).fetchone()
        if row is None:
            raise _no_preview()
        return Asked.model_validate(row[0]).request, str(row[1])

    def _look(self, conn: Connection, scope: Scope, request: PreviewRequest) -> Looks:
        if isinstance(request, ApplyTrigger):
            title, resolved = self._resolve_trigger(conn, request)
            people = 0 if resolved else self._count_met(conn, request.trigger_id)
            return Looks(conn, resolved, self._chunk, title, people)
        if isinstance(request, ChangeDue):
            return Looks(conn, [self._resolve_due(conn, scope, request)], self._chunk)
        return Looks(conn, [self._resolve(conn, scope, request)], self._chunk)

    def _count_met(self, conn: Connection, trigger: UUID) -> int:
        """Active people of whom its condition is true."""
        parts = scopes.scope(conn, self._chunk, applied=trigger)
        return sum(fact.active for part in parts for fact in facts.people(conn, part).values())

    def _resolve_due(self, conn: Connection, scope: Scope, request: ChangeDue) -> Resolved:
        check_reach(conn, scope, [request.assignment_id])
        found = self._assigning.find(request.assignment_id)
        rules.set_due_rule(found, request.due)
        offering = offerings(conn, [found.offering])[found.offering]
        row = state.assignments(conn, [found.id])[found.id]
        row = row._replace(due=request.due.model_dump_json() if request.due else None)
        return Resolved(offering, [], [], warnings=flagged(conn, offering, request.due), changed=row)

    def _resolve_trigger(self, conn: Connection, request: ApplyTrigger) -> tuple[str | None, list[Resolved]]:
        """An offering; or all that comes with a job role, also by triggers that follow it, and the job role's name."""
        trigger = self._triggers.acting(conn, request.trigger_id)
        title, ours = None, {}
        if trigger.job_role:
            title = triggers.job_roles(conn, [trigger.job_role])[trigger.job_role].name
            ours = triggers.assignments_with(conn, trigger.job_role)
        elif trigger.offering and trigger.assignment:
            ours = {trigger.offering: [trigger.assignment]}
        known = offerings(conn, ours)
        rows = state.assignments(conn, [one for ids in ours.values() for one in ids])
        resolved = []
        for id in sorted(known):
            rules = [rows[one].due_rule for one in ours[id]]
            told = [warning for rule in rules for warning in flagged(conn, known[id], rule)]
            resolved.append(Resolved(known[id], [], [], warnings=told, applied=trigger.id, ours=ours[id]))
        return title, resolved

    def _resolve(self, conn: Connection, scope: Scope, request: AddRules | RemoveRules) -> Resolved:
        if isinstance(request, RemoveRules):
            return self._resolve_removal(conn, scope, request)
        found = open_offering(conn, request.offering_id)
        if request.required is not None:
            rules.check_requirement(found)
        targets = [Target(t.type, t.target_id, t.include_below) for t in request.targets]
        if len({(t.type, t.id) for t in targets}) < len(targets):
            raise Invalid("The same target is named twice.", field="targets")
        for target in targets:
            check_target(conn, scope, target, allow_empty=request.allow_empty)
        today, longest = facts.today(conn), longest_access(conn, targets)
        days = days_of_access(request.access_days, request.access_until, today)
        rules.check_access_days(found, days, longest, as_day=request.access_until)
        most = rules.access_days(found, longest)
        until = today + timedelta(days=days or most) if most else None
        existing = state.live_targets(conn, [found.id], [(t.type, t.id) for t in targets])
        if existing:
            raise Conflict(
                "This target has an assignment on this offering already; edit that one instead.",
                field="targets",
                kind="assigned-already",
                existing=[str(id) for id in existing.values()],
            )
        warnings = flagged(conn, found, request.due)
        resolved = Resolved(found, targets, [], days, request.due, warnings, access_until=until)
        check_added(conn, scope, resolved.proposed)
        return resolved

    def _resolve_removal(self, conn: Connection, scope: Scope, request: RemoveRules) -> Resolved:
        ids = list(dict.fromkeys(request.assignment_ids))
        check_reach(conn, scope, ids, "assignment_ids")
        removing = [self._assigning.find(id) for id in ids]
        for assignment in removing:
            rules.check_not_of_job_role(assignment)
            if not assignment.live:
                raise Conflict(
                    "This assignment was removed already.", kind="assignment-removed", field="assignment_ids"
                )
        if len({a.offering for a in removing}) > 1:
            raise Invalid("Remove assignments of one offering at a time.", field="assignment_ids")
        return Resolved(offerings(conn, [removing[0].offering])[removing[0].offering], [], removing)


def _no_preview() -> NotFound:
    return NotFound(
        "There is no such preview of yours. Ask for one: POST /api/enrollment/previews.", field="preview_id"
    )
