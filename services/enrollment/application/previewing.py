"""Previews: what adding or removing rules would do, exactly, and carrying out what was confirmed (ASG-8, ASG-9)."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from services.enrollment.application.assigning import Assigning, Enrollments, open_offering
from services.enrollment.application.judging import judge, offerings
from services.enrollment.application.requests import (
    AddRules,
    Asked,
    Emails,
    Preview,
    PreviewRequest,
    RemoveRules,
    Summary,
)
from services.enrollment.application.sharing import Note, SharingRequest
from services.enrollment.application.targets import check_target, may_see
from services.enrollment.domain import assignments as rules
from services.enrollment.domain.assignments import Assignment, Target
from services.enrollment.domain.due_dates import never_met
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.standing import Change
from services.enrollment.projections import facts, scopes, state
from services.enrollment.projections.state import AssignmentRow
from shared.auth import Scope
from shared.contracts.enrollment import DueRule
from shared.database import Connection
from shared.errors import Conflict, Invalid, NotFound
from shared.store import Context, Receipt
from shared.texts import Texts

FORGOTTEN = {
    "people of previews": "DELETE FROM plan_person p USING plan WHERE p.plan = plan.id "
    "AND plan.created_at < now() - make_interval(days => %(days)s)",
    "previews": "DELETE FROM plan WHERE created_at < now() - make_interval(days => %(days)s)",
}
"""Previews are kept as long as commands are."""


class Previewing:
    """Shows, and does what was shown or nothing."""

    def __init__(self, ledger: Enrollments, assigning: Assigning, chunk: int) -> None:
        self._ledger = ledger
        self._assigning = assigning
        self._chunk = chunk

    def preview(self, context: Context, scope: Scope, request: PreviewRequest) -> Preview:
        """Decide on one snapshot, and store what was decided."""
        id = uuid4()
        with self._ledger.database.transaction(snapshot=True) as conn:
            looked = _Look(conn, self._resolve(conn, scope, request), self._chunk)
            rows = list(looked.rows())
        preview = Preview(**looked.summary().model_dump(), id=id, digest=looked.digest(), created_at=datetime.now(UTC))
        asked = Asked(request=request).model_dump(mode="json")
        with self._ledger.database.transaction() as conn:
            conn.execute(
                "INSERT INTO plan (id, caller, request, summary, digest) VALUES (%s, %s, %s, %s, %s)",
                [id, context.actor, Jsonb(asked), Jsonb(preview.model_dump(mode="json")), preview.digest],
            )
            with conn.cursor().copy("COPY plan_person (plan, person, outcome) FROM STDIN") as copy:
                for person, outcome in rows:
                    copy.write_row((id, person, outcome))
        return preview

    def confirm(self, context: Context, scope: Scope, id: UUID, reason: str | None, note: Note | None) -> Receipt:
        """Carry out what a preview showed. Refused with a new preview when the facts have changed since (ASG-9)."""
        if earlier := self._ledger.earlier(context):
            return earlier
        request, digest = self._stored(context, id)
        with self._ledger.database.transaction(snapshot=True) as conn:
            resolved = self._resolve(conn, scope, request)
            looked = _Look(conn, resolved, self._chunk)
            for _ in looked.rows():
                pass
        if looked.digest() != digest:
            raise Conflict(
                "The facts have changed since this preview. Look at the new one and confirm that.",
                kind="preview-outdated",
                preview=self.preview(context, scope, request),
            )
        if isinstance(request, RemoveRules):
            return self._assigning.remove(context, resolved.removing, reason)
        texts = Texts()
        sharing = SharingRequest(note=note, access_days=request.access_days, due=request.due).kept(texts, context.actor)
        wanted = [(resolved.offering, target) for target in resolved.targets]
        return self._assigning.create(context, wanted, sharing=sharing, texts=texts)

    def find(self, context: Context, id: UUID) -> Preview:
        with self._ledger.database.connection() as conn:
            row = conn.execute("SELECT summary FROM plan WHERE id = %s AND caller = %s", [id, context.actor]).fetchone()
        if row is None:
            raise _no_preview()
        return Preview.model_validate(row[0])

    def _stored(self, context: Context, id: UUID) -> tuple[AddRules | RemoveRules, str]:
        query = "SELECT request, digest FROM plan WHERE id = %s AND caller = %s"
        with self._ledger.database.connection() as conn:
            row = conn.execute(query, [id, context.actor]).fetchone()
        if row is None:
            raise _no_preview()
        return Asked.model_validate(row[0]).request, str(row[1])

    def _resolve(self, conn: Connection, scope: Scope, request: AddRules | RemoveRules) -> "Resolved":
        if isinstance(request, RemoveRules):
            return self._resolve_removal(conn, scope, request)
        found = open_offering(conn, request.offering_id)
        rules.check_access_days(found, request.access_days)
        targets = [Target(t.type, t.target_id, t.include_below) for t in request.targets]
        if len({(t.type, t.id) for t in targets}) < len(targets):
            raise Invalid("The same target is named twice.", field="targets")
        for target in targets:
            check_target(conn, scope, target, allow_empty=request.allow_empty)
        existing = state.live_targets(conn, [found.id], [(t.type, t.id) for t in targets])
        if existing:
            raise Conflict(
                "This target has an assignment on this offering already; edit that one instead.",
                field="targets",
                kind="assigned-already",
                existing=[str(id) for id in existing.values()],
            )
        return Resolved(found, targets, [], request.access_days, request.due, facts.now(conn))

    def _resolve_removal(self, conn: Connection, scope: Scope, request: RemoveRules) -> "Resolved":
        removing = [self._assigning.find(id) for id in dict.fromkeys(request.assignment_ids)]
        for assignment in removing:
            if not assignment.live:
                raise Conflict(
                    "This assignment was removed already.", kind="assignment-removed", field="assignment_ids"
                )
            if not scope.everything and not may_see(conn, scope, [assignment.target.id]):
                raise NotFound("There is no such assignment, or none that you may see.", field="assignment_ids")
        if len({a.offering for a in removing}) > 1:
            raise Invalid("Remove assignments of one offering at a time.", field="assignment_ids")
        return Resolved(offerings(conn, [removing[0].offering])[removing[0].offering], [], removing)


class Resolved:
    """A request whose names were found: an offering with targets to add, or with assignments to remove."""

    def __init__(
        self,
        offering: Offering,
        targets: Sequence[Target],
        removing: Sequence[Assignment],
        access_days: int | None = None,
        due: DueRule | None = None,
        now: datetime | None = None,
    ) -> None:
        self.offering = offering
        never = never_met(due, now, offering.minimum_minutes) if now else None
        self.warnings = [never] if never else []
        self.targets = targets
        self.removing = removing
        self.proposed = [
            AssignmentRow(
                id=uuid4(),
                revision=1,
                offering=offering.id,
                type=t.type,
                target=t.id,
                include_below=t.include_below,
                live=True,
                batch=uuid4(),
                created_at=datetime.now(UTC),
                access_days=access_days,
                due=due.model_dump_json() if due else None,
            )
            for t in targets
        ]


class _Look:
    """One pass over everybody concerned, in the order of ids: counts, and a digest of what was decided and on which versions."""

    def __init__(self, conn: Connection, resolved: Resolved, chunk: int) -> None:
        self._conn = conn
        self._resolved = resolved
        self._chunk = chunk
        self._hash = hashlib.sha256(resolved.offering.id.bytes)
        self._count = dict.fromkeys(
            ("enrolled", "source_added", "withdrawn", "source_removed", "kept_without_source"), 0
        )
        self._people = 0
        self._excluded = 0
        self._waiting = 0

    def rows(self) -> Iterator[tuple[UUID, str]]:
        """Whom it would change, and how."""
        proposed, removing = self._resolved.proposed, [a.id for a in self._resolved.removing]
        ours = {row.id for row in proposed}
        for people in scopes.scope(self._conn, self._chunk, only=removing, proposed=proposed):
            judged = judge(self._conn, people, self._resolved.offering.id, proposed=proposed, without=removing)
            self._people += sum(
                len(v.situation.people) for v in judged.verdicts if ours.intersection(v.situation.wanted)
            )
            if removing:
                self._people += _count_held(self._conn, people, removing)
            self._excluded += _count_excluded(self._conn, people, removing)
            changes = [(v.change, person) for v in judged.verdicts if v.change for person in v.situation.people]
            for person, outcome, told in sorted((p, _outcome(c), _told(c)) for c, p in changes):
                if outcome in self._count:
                    self._count[outcome] += 1
                self._hash.update(f"{person}{outcome}{told}\n".encode())
                yield person, outcome
            self._waiting += sum(bool(ours.intersection(c.after.waiting)) for c, _ in changes)

    def digest(self) -> str:
        whole = self._hash.copy()
        whole.update(f"{self._people}".encode())
        return whole.hexdigest()

    def summary(self) -> Summary:
        on, adding = self._resolved.offering, bool(self._resolved.targets)
        mails = {"assigned": self._count["enrolled"], "withdrawn": self._count["withdrawn"]}
        return Summary(
            offering_id=on.id,
            kind=on.kind,
            title=on.title,
            text=rules.adding_text(on.kind, self._people, len(self._resolved.targets))
            if adding
            else rules.removing_text(on.kind, self._people),
            people=self._people,
            **self._count,
            excluded=self._excluded,
            held_by_exceptions=self._waiting,
            warnings=self._resolved.warnings,
            emails=Emails(
                count=sum(count for name, count in mails.items() if name in on.notifications),
                notifications=sorted(on.notifications),
            ),
        )


def _outcome(change: Change) -> str:
    before, after = change.before, change.after
    if after.term > before.term:
        return "enrolled"
    if before.live and not after.live:
        return "withdrawn"
    if after.sourceless and not before.sourceless:
        return "kept_without_source"
    if after.grants == before.grants:
        return "held" if len(after.waiting) > len(before.waiting) else "date"
    return "source_added" if after.grants - before.grants else "source_removed"


def _told(change: Change) -> str:
    """What else was decided, and on which version."""
    return f"{change.before.version} {change.after.due} {len(change.after.waiting)}"


def _count_held(conn: Connection, people: Sequence[UUID], assignments: Sequence[UUID]) -> int:
    query = (
        "SELECT count(DISTINCT person) FROM learner_grant JOIN person_fact p ON p.id = person AND p.active "
        "WHERE assignment = ANY(%s) AND person = ANY(%s)"
    )
    row = conn.execute(query, [list(assignments), list(people)]).fetchone()
    return int(str(row[0])) if row else 0


def _count_excluded(conn: Connection, people: Sequence[UUID], assignments: Sequence[UUID]) -> int:
    query = "SELECT count(DISTINCT person) FROM exclusion WHERE assignment = ANY(%s) AND person = ANY(%s)"
    row = conn.execute(query, [list(assignments), list(people)]).fetchone()
    return int(str(row[0])) if row else 0


def _no_preview() -> NotFound:
    return NotFound(
        "There is no such preview of yours. Ask for one: POST /api/enrollment/previews.", field="preview_id"
    )
