"""What a request comes to, looked at on one snapshot: counts, whom it would change and how, and a digest of it (ASG-9)."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from services.enrollment.application.evaluation.evaluate import evaluate
from services.enrollment.application.previews.requests import SUMMED, Emails, Summary
from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain.assignments import Assignment, Target
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections import facts, learning_items, scopes
from services.enrollment.projections.learning_items import ItemWarning
from services.enrollment.projections.tables import AssignmentRow
from shared.contracts.enrollment import DueRule
from shared.database import Connection, column, scalar


class ResolvedRequest:
    """A request whose names were found: an offering with targets to add, or with assignments to remove."""

    def __init__(
        self,
        offering: Offering,
        *,
        targets: Sequence[Target] = (),
        removing: Sequence[Assignment] = (),
        access_days: int | None = None,
        due: DueRule | None = None,
        warnings: Sequence[str] = (),
        applied: UUID | None = None,
        ours: Collection[UUID] = (),
        changed: AssignmentRow | None = None,
        access_until: date | None = None,
        refused: int = 0,
    ) -> None:
        """`access_until`: the last day of access of who comes today. `changed`: an assignment as it would be. `refused`: how many
        cannot be assigned.

        `applied`: a trigger that acts on everybody who fulfils its condition, by the assignments `ours`.
        """
        self.offering = offering
        self.applied = applied
        self.warnings = list(warnings)
        self.access_until = access_until
        self.refused = refused
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


OnRow = Callable[[UUID, str], object]
"""Takes a person whom a request would change, and how."""


class Impact(NamedTuple):
    """What a request comes to. Two with one digest are the same for everybody."""

    summary: Summary
    digest: str


def measure(
    conn: Connection,
    resolved: Sequence[ResolvedRequest],
    chunk: int,
    on_row: OnRow,
    *,
    title: str | None = None,
    people: int = 0,
) -> Impact:
    """A pass for each offering that a request concerns: one, several, or what comes with a job role, which is called `title`.

    `people`: how many are concerned, where nothing comes with the job role.
    """
    passes = [_Pass(conn, one, chunk) for one in resolved]
    for one in passes:
        one.run(on_row)
    whole = "".join((f"{people}", *(one.digest() for one in passes)))
    summaries = [one.summary() for one in passes]
    if title is not None:
        text = assignment_rules.adding_text("job role", max((one.people for one in summaries), default=people), 1)
        summary = _together(summaries, "job role", title, text, nobody=people)
    elif len(summaries) > 1:
        titles = ", ".join(one.title for one in summaries)
        text = assignment_rules.adding_to_several_text(max(one.people for one in summaries), len(summaries))
        summary = _together(summaries, "offerings", titles, text)
    else:
        (summary,) = summaries
    return Impact(summary, hashlib.sha256(whole.encode()).hexdigest())


def _together(summaries: Sequence[Summary], kind: str, title: str, text: str, *, nobody: int = 0) -> Summary:
    people = max((one.people for one in summaries), default=nobody)
    numbers = {name: sum(getattr(one, name) for one in summaries) for name in SUMMED}
    emails = Emails(
        count=sum(one.emails.count for one in summaries),
        notifications=sorted({name for one in summaries for name in one.emails.notifications}),
    )
    return Summary(
        offering_id=None,
        kind=kind,
        title=title,
        text=text,
        offerings=max(1, len(summaries)),
        people=people,
        emails=emails,
        item_warnings=[warning for one in summaries for warning in one.item_warnings],
        **numbers,
    )


class _Pass:
    """One pass over everybody concerned, in the order of ids: counts, and a digest of what was decided and on which versions."""

    def __init__(self, conn: Connection, resolved: ResolvedRequest, chunk: int) -> None:
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

    def run(self, on_row: OnRow) -> None:
        on = self._resolved
        proposed, removing, ours = [*on.proposed, *on.changed], [a.id for a in on.removing], on.ours
        changed = [row.id for row in on.changed]
        without = [*removing, *changed]
        applied = [on.applied] if on.applied else []
        for people in scopes.scope(self._conn, self._chunk, only=removing, proposed=proposed, applied=on.applied):
            judged = evaluate(self._conn, people, on.offering.id, proposed=proposed, without=without, applied=applied)
            if applied:
                self._people += sum(fact.active for fact in facts.people(self._conn, people).values())
            else:
                self._people += sum(len(v.cohort.people) for v in judged.verdicts if ours.intersection(v.cohort.wanted))
            if without:
                self._people += _count_held(self._conn, people, without)
            changes = [(v.change, person) for v in judged.verdicts if v.change for person in v.cohort.people]
            rows = sorted((person, _outcome(change, ours), _told(change)) for change, person in changes)
            for person, outcome, told in rows:
                if outcome in self._count:
                    self._count[outcome] += 1
                elif outcome == "held" and not changed:
                    self._waiting += 1
                self._hash.update(f"{person}{outcome}{told}\n".encode())
                on_row(person, outcome)
            kept_away = _excluded(self._conn, people, [*removing, *(ours if applied else ())])
            for person in kept_away.difference(person for _, person in changes):
                self._excluded += 1
                on_row(person, "excluded")
            self._waiting += sum(bool(set(changed).intersection(c.after.waiting)) for c, _ in changes)
            if on.offering.kind == "qualification" and not removing:
                self._warn([person for person, outcome, _ in rows if outcome == "enrolled"])

    def _warn(self, newcomers: Sequence[UUID]) -> None:
        for one in learning_items.warnings_for(self._conn, self._resolved.offering.id, newcomers):
            before = self._unseen.get((one.item_id, one.reason))
            learners = one.learners + (before.learners if before else 0)
            self._unseen[one.item_id, one.reason] = one.model_copy(update={"learners": learners})

    def _text(self, *, adding: bool) -> str:
        kind = self._resolved.offering.kind
        if self._resolved.changed:
            return assignment_rules.due_text(kind, self._people)
        if adding:
            return assignment_rules.adding_text(kind, self._people, max(1, len(self._resolved.targets)))
        return assignment_rules.removing_text(kind, self._people)

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
            assignments=max(1, len(self._resolved.targets) + len(self._resolved.removing)),
            people=self._people,
            **self._count,
            excluded=self._excluded,
            held_by_exceptions=self._waiting,
            refused=self._resolved.refused,
            access_until=self._resolved.access_until,
            warnings=self._resolved.warnings,
            item_warnings=list(self._unseen.values()),
            emails=Emails(
                count=sum(count for name, count in mails.items() if name in on.notifications),
                notifications=sorted(on.notifications),
            ),
        )


def _outcome(change: Transition, ours: Collection[UUID]) -> str:
    """One for each person. `ours`: the assignments that would be added; who has one of them does not wait for another."""
    before, after = change.before, change.after
    if not set(after.waiting).isdisjoint(ours) and after.grants.isdisjoint(ours):
        return "held"
    if after.term > before.term:
        return "enrolled"
    if before.live and not after.live:
        return "withdrawn"
    if after.unsourced and not before.unsourced:
        return "kept_without_source"
    if after.grants == before.grants:
        return "held" if len(after.waiting) > len(before.waiting) else "dates_moved"
    return "source_added" if after.grants - before.grants else "source_removed"


def _told(change: Transition) -> str:
    """What else was decided, and on which version."""
    return f"{change.before.version} {change.after.due} {len(change.after.waiting)}"


def _count_held(conn: Connection, people: Sequence[UUID], assignments: Sequence[UUID]) -> int:
    query = (
        "SELECT count(DISTINCT person) FROM learner_grant JOIN person_fact p ON p.id = person AND p.active "
        "WHERE assignment = ANY(%s) AND person = ANY(%s)"
    )
    return scalar(conn, query, int, [list(assignments), list(people)])


def _excluded(conn: Connection, people: Sequence[UUID], assignments: Sequence[UUID]) -> set[UUID]:
    query = "SELECT DISTINCT person FROM exclusion WHERE assignment = ANY(%s) AND person = ANY(%s)"
    return set(column(conn, query, UUID, [list(assignments), list(people)]))
