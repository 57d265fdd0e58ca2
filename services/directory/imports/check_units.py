"""Organisations and positions: parents, frameworks, rings; parents before children whatever the order of rows."""

from collections import Counter
from collections.abc import Collection
from uuid import UUID, uuid4

from services.directory.imports import values
from services.directory.imports.drafts import (
    Draft,
    UnitDraft,
    cell,
    check_owner,
    check_switches,
    refuse_doubles,
    report,
    switched_off,
    wanted_gone,
)
from services.directory.imports.facts import (
    KIND,
    Checked,
    FrameworkPlan,
    Outcome,
    OutcomeKind,
    RemoveUnitPlan,
    Snapshot,
    UnitFact,
    UnitPlan,
)
from services.directory.imports.files import Line, Reason, Table
from services.directory.imports.options import Options
from services.directory.imports.rings import closing
from services.directory.projections.tables import Element
from shared.contracts.directory import UnitKind

IN_USE = Reason("in-use", None, "It still contains people or units, or has assignments.")


class UnitCheck:
    """One file of units. `end` is every unit that will be there when the run is done."""

    def __init__(self, snapshot: Snapshot, options: Options, checked: Checked, kind: UnitKind) -> None:
        self._options = options
        self._checked = checked
        self._kind = kind
        self._frameworks = {e: id for (k, e), id in snapshot.frameworks.items() if k == kind}
        self.known = {e: u for (k, e), u in snapshot.units.items() if k == kind}
        self.end: dict[str, UUID] = {e: u.id for e, u in self.known.items()}
        self._names = {u.id: e for e, u in self.known.items()}
        self._gone: list[tuple[int, UnitFact]] = []
        self._parents: dict[UUID, UUID | None] = {}
        """What is above the units that the run creates or moves."""

    def check(self, table: Table) -> None:
        drafts = [self._draft(line) for line in table.lines]
        refuse_doubles([d for d in drafts if d.key], "external_id", lambda d: d.key)
        by_key = {d.key: d for d in drafts if d.good and isinstance(d, UnitDraft)}
        self._consequences(by_key)
        good = {k: d for k, d in by_key.items() if d.good}
        self.end.update({k: d.id for k, d in good.items()})
        self._names.update({d.id: k for k, d in good.items()})
        self._plan(table, drafts, good)
        self._missing(table, drafts)

    def _draft(self, line: Line) -> Draft:
        key = line.cells.get("external_id", "")
        fact = self.known.get(key)
        draft = Draft(line, key, fact.id if fact else uuid4(), fact is None)
        if not key:
            draft.refuse("no-key", "external_id", "The key is empty.")
        check_switches(draft, element_of(self._kind), self._options)
        gone = wanted_gone(line)
        if gone and fact is None:
            return draft
        if fact:
            check_owner(draft, fact.managed, self._options)
        name = line.cells.get("name") or (fact.name if fact else "")
        if not name:
            draft.refuse("empty", "name", "The name is empty.")
        framework = self._framework(draft, line.cells.get("framework", ""), fact)
        if gone or framework is None:
            return draft
        parent = cell(line, "parent", self._names.get(fact.parent) if fact and fact.parent else None, self._options)
        return UnitDraft(draft.line, draft.key, draft.id, draft.new, name=name, framework=framework, parent=parent)

    def _framework(self, draft: Draft, name: str, fact: UnitFact | None) -> UUID | None:
        name = name or self._options.mapping.framework or ""
        if not name:
            if fact is None:
                draft.refuse("empty", "framework", "The framework is empty.")
            return fact.framework if fact else None
        if name not in self._frameworks:
            if not (self._options.create_frameworks or self._options.mapping.framework == name):
                draft.refuse("unknown-framework", "framework", f"There is no framework '{name}'.")
                return None
            id = self._frameworks[name] = uuid4()
            self._checked.plans.append(FrameworkPlan(id, self._kind, name))
        if fact and fact.framework != self._frameworks[name]:
            draft.refuse("other-framework", "framework", "A unit cannot change its framework.")
        return self._frameworks[name]

    def _consequences(self, by_key: dict[str, UnitDraft]) -> None:
        """Until nothing moves: unknown parents, parents whose row was refused, parents elsewhere, rings."""
        while True:
            before = sum(d.good for d in by_key.values())
            for draft in by_key.values():
                if draft.good:
                    self._check_parent(draft, by_key)
            for row in self._closing({k: d for k, d in by_key.items() if d.good}):
                row.refuse("ring", "parent", "With this parent, the units above it would form a loop.")
            if before == sum(d.good for d in by_key.values()):
                return

    def _check_parent(self, draft: UnitDraft, by_key: dict[str, UnitDraft]) -> None:
        parent = draft.parent
        if parent is None:
            return
        row, fact = by_key.get(parent), self.known.get(parent)
        if row is None or not row.good:
            if fact is None:
                code, why = (
                    ("parent-refused", "its parent's row was rejected") if row else ("unknown-parent", "unknown parent")
                )
                draft.refuse(code, "parent", f"There is no unit '{parent}': {why}.")
                return
            framework = fact.framework
        else:
            framework = row.framework
        if framework != draft.framework:
            draft.refuse("other-framework", "parent", f"The parent '{parent}' is in another framework.")

    def _closing(self, good: dict[str, UnitDraft]) -> list[Draft]:
        named = {key: self._names.get(unit.parent) if unit.parent else None for key, unit in self.known.items()}
        before = {key: [parent] if parent else [] for key, parent in named.items()}
        told = {key: [d.parent] if d.parent else [] for key, d in good.items()}
        return closing(before | told, before, good)

    def _plan(self, table: Table, drafts: list[Draft], good: dict[str, UnitDraft]) -> None:
        planned: list[tuple[int, UnitPlan]] = []
        depth: dict[str, int] = {}
        for draft in drafts:
            fact = self.known.get(draft.key)
            if not draft.good or not isinstance(draft, UnitDraft):
                self._refused_or_gone(table, draft, fact)
                continue
            parent = self.end[draft.parent] if draft.parent else None
            moved = fact is not None and fact.parent != parent
            renamed = fact is not None and fact.name != draft.name
            fields = [n for n, is_so in (("parent", moved), ("name", renamed)) if is_so]
            outcome: OutcomeKind = "created" if fact is None else ("changed" if fields else "unchanged")
            stamp = values.stamp(draft.line.cells.get("stamp", ""))
            if fact and stamp and fact.managed.stamp == stamp:
                outcome, fields = "unchanged", []
            if off := switched_off(table.element, outcome, self._options):
                draft.reasons.append(off)
            row = report(self._checked, table, draft, outcome, fields, keyed=True)
            if outcome != "unchanged" and draft.good:
                plan = UnitPlan(
                    row=row,
                    id=draft.id,
                    revision=fact.revision if fact else 0,
                    kind=self._kind,
                    framework=draft.framework,
                    parent=parent,
                    name=draft.name,
                    external_id=draft.key,
                    stamp=stamp,
                    moved=moved,
                    renamed=renamed,
                    was_managed=bool(fact and fact.managed.feed),
                )
                planned.append((self._depth(draft.key, good, depth), plan))
        self._parents = {plan.id: plan.parent for _, plan in planned}
        self._checked.plans.extend(plan for _, plan in sorted(planned, key=lambda one: one[0]))

    def _depth(self, key: str, good: dict[str, UnitDraft], known: dict[str, int]) -> int:
        """How many rows of the file are above this one."""
        path = []
        at: str | None = key
        while at in good and at not in known:
            path.append(at)
            at = good[at].parent
        base = known.get(at, -1) if at else -1
        for one in reversed(path):
            base += 1
            known[one] = base
        return known.get(key, base)

    def _refused_or_gone(self, table: Table, draft: Draft, fact: UnitFact | None) -> None:
        if draft.good and fact is not None and self._options.removal != "keep":
            if off := switched_off(table.element, "removed", self._options):
                draft.reasons.append(off)
            row = report(self._checked, table, draft, "removed", keyed=True)
            if draft.good:
                self._gone.append((row, fact))
        else:
            report(self._checked, table, draft, "unchanged", keyed=True)

    def _missing(self, table: Table, drafts: list[Draft]) -> None:
        options = self._options
        if not options.contains_all or options.removal == "keep" or table.element in options.no_remove:
            return
        held = unreadable(drafts)
        named = {d.key for d in drafts}
        for key, fact in self.known.items():
            if key in named or fact.managed.feed != options.feed:
                continue
            outcome = Outcome(table.element, None, "held" if held else "removed", fact.id, key, reasons=held)
            row = self._checked.report(outcome)
            if not held:
                self._gone.append((row, fact))

    def removals(self, in_use: Collection[UUID | None]) -> list[RemoveUnitPlan]:
        """Children before parents; without the units in use, and those above one that stays."""
        parents = {u.id: u.parent for u in self.known.values()} | self._parents

        def depth(id: UUID | None) -> int:
            count = 0
            while id is not None and count < 1000:
                id, count = parents.get(id), count + 1
            return count

        children = Counter(parents.values())
        plans = []
        for row, fact in sorted(self._gone, key=lambda one: -depth(one[1].id)):
            if fact.id in in_use or children[fact.id]:
                outcome = self._checked.outcomes[row]
                outcome.outcome, outcome.reasons = "skipped", (IN_USE,)
                continue
            children[parents[fact.id]] -= 1
            plans.append(RemoveUnitPlan(row, fact.id, fact.revision, self._kind))
        return plans


def element_of(kind: UnitKind) -> Element:
    return next(e for e, k in KIND.items() if k == kind)


def unreadable(drafts: list[Draft]) -> tuple[Reason, ...]:
    """While any row's key cannot be read, nobody is missing."""
    if any(
        not d.key
        or any(
            r.code == "cells" or (r.field == "external_id" and r.code in ("too-long", "invisible")) for r in d.reasons
        )
        for d in drafts
    ):
        return (
            Reason(
                "held",
                None,
                "Some rows have an unreadable key and may be this record, so it was not "
                "removed. Correct those rows first.",
            ),
        )
    return ()
