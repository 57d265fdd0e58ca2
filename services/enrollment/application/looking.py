"""What a request comes to, looked at on one snapshot: counts, whom it would change and how, and a digest of it (ASG-9)."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from services.enrollment.application.judging import judge
from services.enrollment.application.requests import SUMMED, Emails, Summary
from services.enrollment.domain import assignments as rules
from services.enrollment.domain.assignments import Assignment, Target
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.standing import Change
from services.enrollment.projections import facts, items, scopes
from services.enrollment.projections.items import ItemWarning
from services.enrollment.projections.state import AssignmentRow
from shared.contracts.enrollment import DueRule
from shared.database import Connection


class Resolved:
    """A request whose names were found: an offering with targets to add, or with assignments to remove."""

    def __init__(
        self,
        offering: Offering,
        targets: Sequence[Target],
        removing: Sequence[Assignment],
        access_days: int | None = None,
        due: DueRule | None = None,
        warnings: Sequence[str] = (),
        applied: UUID | None = None,
        ours: Collection[UUID] = (),
        changed: AssignmentRow | None = None,
        access_until: date | None = None,
    ) -> None:
        """`access_until`: the last day of access of who comes today. `changed`: an assignment as it would be.

        `applied`: a trigger that acts on everybody who fulfils its condition, by the assignments `ours`.
        """
        self.offering = offering
        self.applied = applied
        self.warnings = list(warnings)
        self.access_until = access_until
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
        self.changed = [changed] if changed else []
        self.ours = {row.id for row in self.proposed}.union(ours)


class Looks:
    """A look for each offering that a request concerns: one, or what comes with a job role, which is called `title`."""

    def __init__(
        self, conn: Connection, resolved: Sequence[Resolved], chunk: int, title: str | None = None, people: int = 0
    ) -> None:
        """`people`: how many are concerned, where nothing comes with the job role."""
        self.resolved = resolved
        self._people = people
        self._looks = [_Look(conn, one, chunk) for one in resolved]
        self._title = title

    def rows(self) -> Iterator[tuple[UUID, str]]:
        """Whom it would change, and how; to be read to the end before anything else is asked."""
        for look in self._looks:
            yield from look.rows()

    def digest(self) -> str:
        whole = "".join((f"{self._people}", *(look.digest() for look in self._looks)))
        return hashlib.sha256(whole.encode()).hexdigest()

    def summary(self) -> Summary:
        every = [look.summary() for look in self._looks]
        if self._title is None:
            return every[0]
        people = max((one.people for one in every), default=self._people)
        numbers = {name: sum(getattr(one, name) for one in every) for name in SUMMED}
        emails = Emails(
            count=sum(one.emails.count for one in every),
            notifications=sorted({name for one in every for name in one.emails.notifications}),
        )
        text = rules.adding_text("job role", people, 1)
        return Summary(
            offering_id=None,
            kind="job role",
            title=self._title,
            text=text,
            people=people,
            emails=emails,
            item_warnings=[warning for one in every for warning in one.item_warnings],
            **numbers,
        )


class _Look:
    """One pass over everybody concerned, in the order of ids: counts, and a digest of what was decided and on which versions."""

    def __init__(self, conn: Connection, resolved: Resolved, chunk: int) -> None:
        self._conn = conn
        self._resolved = resolved
        self._chunk = chunk
        self._hash = hashlib.sha256(resolved.offering.id.bytes)
        self._count = dict.fromkeys(
            ("enrolled", "source_added", "withdrawn", "source_removed", "kept_without_source", "dates_moved"), 0
        )
        self._people = 0
        self._excluded = 0
        self._waiting = 0
        self._unseen: dict[tuple[UUID, str], ItemWarning] = {}

    def rows(self) -> Iterator[tuple[UUID, str]]:
        on = self._resolved
        proposed, removing, ours = [*on.proposed, *on.changed], [a.id for a in on.removing], on.ours
        changed = [row.id for row in on.changed]
        without = [*removing, *changed]
        applied = [on.applied] if on.applied else []
        for people in scopes.scope(self._conn, self._chunk, only=removing, proposed=proposed, applied=on.applied):
            judged = judge(self._conn, people, on.offering.id, proposed=proposed, without=without, applied=applied)
            if applied:
                self._people += sum(fact.active for fact in facts.people(self._conn, people).values())
            else:
                self._people += sum(
                    len(v.situation.people) for v in judged.verdicts if ours.intersection(v.situation.wanted)
                )
            if without:
                self._people += _count_held(self._conn, people, without)
            self._excluded += _count_excluded(self._conn, people, [*removing, *(ours if applied else ())])
            changes = [(v.change, person) for v in judged.verdicts if v.change for person in v.situation.people]
            for person, outcome, told in sorted((p, _outcome(c), _told(c)) for c, p in changes):
                if outcome in self._count:
                    self._count[outcome] += 1
                self._hash.update(f"{person}{outcome}{told}\n".encode())
                yield person, outcome
            self._waiting += sum(bool(ours.union(changed).intersection(c.after.waiting)) for c, _ in changes)
            if on.offering.kind == "qualification" and not removing:
                self._warn([person for change, person in changes if _outcome(change) == "enrolled"])

    def _warn(self, newcomers: Sequence[UUID]) -> None:
        for one in items.warnings_for(self._conn, self._resolved.offering.id, newcomers):
            before = self._unseen.get((one.item_id, one.reason))
            learners = one.learners + (before.learners if before else 0)
            self._unseen[one.item_id, one.reason] = one.model_copy(update={"learners": learners})

    def _text(self, *, adding: bool) -> str:
        kind = self._resolved.offering.kind
        if self._resolved.changed:
            return rules.due_text(kind, self._people)
        if adding:
            return rules.adding_text(kind, self._people, max(1, len(self._resolved.targets)))
        return rules.removing_text(kind, self._people)

    def digest(self) -> str:
        whole = self._hash.copy()
        whole.update(f"{self._people}".encode())
        return whole.hexdigest()

    def summary(self) -> Summary:
        on, adding = self._resolved.offering, not self._resolved.removing
        mails = {"assigned": self._count["enrolled"], "withdrawn": self._count["withdrawn"]}
        return Summary(
            offering_id=on.id,
            kind=on.kind,
            title=on.title,
            text=self._text(adding=adding),
            people=self._people,
            **self._count,
            excluded=self._excluded,
            held_by_exceptions=self._waiting,
            access_until=self._resolved.access_until,
            warnings=self._resolved.warnings,
            item_warnings=list(self._unseen.values()),
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
        return "held" if len(after.waiting) > len(before.waiting) else "dates_moved"
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
