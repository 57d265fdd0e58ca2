"""Job assignments: managers by one of their jobs, also one that comes later in the file; rings; homes."""

from collections import defaultdict
from datetime import date
from uuid import UUID, uuid4

from services.directory.imports import values
from services.directory.imports.check_people import PeopleCheck
from services.directory.imports.check_units import unreadable
from services.directory.imports.drafts import (
    Draft,
    cell,
    check_owner,
    check_switches,
    date_cell,
    refuse_doubles,
    report,
    switched_off,
    wanted_gone,
)
from services.directory.imports.facts import (
    Checked,
    EndJobPlan,
    JobFact,
    JobPlan,
    Outcome,
    OutcomeKind,
    Snapshot,
)
from services.directory.imports.files import Reason, Table
from services.directory.imports.options import Options
from services.directory.imports.rings import closing
from shared.contracts.directory import Job
from shared.folding import fold

_LEADING = ("manager_job", "temporary_manager_job", "temporary_until")
_LEADS = Reason("job-leads", None, "Other jobs are led by this one. Give them another manager first.")


class JobCheck:
    """The jobassignment file, after people and units."""

    def __init__(
        self,
        snapshot: Snapshot,
        options: Options,
        checked: Checked,
        people: PeopleCheck,
        units: tuple[dict[str, UUID], dict[str, UUID]],
        today: date,
    ) -> None:
        self._snapshot = snapshot
        self._options = options
        self._checked = checked
        self._people = people
        self._organisations, self._positions = units
        self._today = today
        self.plans: list[JobPlan] = []
        self._gone: list[EndJobPlan] = []
        self._by_person: dict[UUID, list[JobFact]] = defaultdict(list)
        for fact in sorted(snapshot.jobs.values(), key=lambda f: f.number):
            self._by_person[fact.person].append(fact)
        self._led = {
            f.job.id: self._leaders(**{name: getattr(f.job, name) for name in _LEADING}) for f in snapshot.jobs.values()
        }
        self._drafts: dict[UUID, Draft] = {}
        self._first_rows: dict[UUID, UUID] = {}

    def _leaders(
        self, manager_job: UUID | None, temporary_manager_job: UUID | None, temporary_until: date | None
    ) -> list[UUID]:
        """The manager's job, and the temporary one's as long as there is one (DIR-5)."""
        temporary = temporary_until is not None and temporary_until >= self._today
        return [id for id in (manager_job, temporary_manager_job if temporary else None) if id]

    def check(self, table: Table) -> None:
        drafts = [self._draft(table, n) for n in range(len(table.lines))]
        refuse_doubles([d for d in drafts if d.key], "key", self._pair)
        live = [d for d in drafts if not d.values["gone"]]
        self._drafts = {d.id: d for d in live}
        self._settle(live)
        numbers: dict[UUID, int] = {p: max(f.number for f in facts) for p, facts in self._by_person.items()}
        for draft in drafts:
            self._finish(table, draft, numbers)
        self._missing(drafts)

    def _pair(self, draft: Draft) -> object:
        person = draft.values["person"] or draft.line.cells.get("person", "")
        return person if self._options.job_key == "first" else (person, draft.key)

    def _draft(self, table: Table, index: int) -> Draft:
        line = table.lines[index]
        key = line.cells.get("external_id", "")
        name = line.cells.get("person", "")
        person = self._people.end.get(fold(name) if self._people.by_user_name else name)
        fact = self._fact(person, key)
        draft = Draft(line, key, fact.job.id if fact else uuid4(), fact is None)
        draft.values.update(gone=wanted_gone(line), person=person, fact=fact)
        if not key or not name:
            draft.refuse("no-key", "external_id" if not key else "person", "The key is empty.")
        elif person is None:
            draft.refuse("unknown-person", "person", "There is no such person, or the person's row was refused.")
        check_switches(draft, "jobassignment", self._options)
        if fact:
            check_owner(draft, fact.managed, self._options)
        if not draft.values["gone"]:
            self._read(draft, fact.job if fact else Job(id=draft.id), fact.title if fact else None)
        return draft

    def _fact(self, person: UUID | None, key: str) -> JobFact | None:
        jobs = self._by_person.get(person, []) if person else []
        if self._options.job_key == "first":
            return jobs[0] if jobs else None
        return next((f for f in jobs if f.external_id == key), None)

    def _read(self, draft: Draft, now: Job, title: str | None) -> None:
        draft.values["title"] = cell(draft.line, "title", title, self._options)
        draft.values["organisation"] = self._unit(draft, "organisation", self._organisations, now.organisation)
        draft.values["position"] = self._unit(draft, "position", self._positions, now.position)
        for name in ("starts", "ends", "temporary_until"):
            draft.values[name] = date_cell(draft, name, getattr(now, name), self._options)
        if draft.values["starts"] and draft.values["ends"] and draft.values["starts"] > draft.values["ends"]:
            draft.refuse("start-after-end", "ends", "The job starts after it ends.")
        until = draft.values["temporary_until"]
        if draft.line.cells.get("temporary_manager") and (until is None or until <= self._today):
            draft.refuse(
                "temporary-until", "temporary_until", "A temporary manager needs an expiry date in the future."
            )

    def _unit(self, draft: Draft, name: str, known: dict[str, UUID], current: UUID | None) -> UUID | None:
        if not draft.line.cells.get(name):
            erased = name in draft.line.cells and self._options.empty == "erase"
            return None if erased else current
        found = known.get(draft.line.cells[name])
        if found is None:
            draft.refuse(f"unknown-{name}", name, f"There is no {name} '{draft.line.cells[name]}'.")
        return found

    def _settle(self, live: list[Draft]) -> None:
        """Until nothing moves: managers without a job, managers whose row was refused, rings."""
        self._index([d for d in live if d.good])
        for draft in [d for d in live if not d.good and d.values["person"]]:
            self._manager(draft, "manager")  # every reason of a row is told
            self._manager(draft, "temporary_manager")
        while True:
            good = [d for d in live if d.good]
            self._index(good)
            for draft in good:
                draft.values["manager_job"], draft.values["manager"] = self._manager(draft, "manager")
                found = self._manager(draft, "temporary_manager")
                draft.values["temporary_manager_job"], draft.values["temporary_manager"] = found
            rows = {d.id: d for d in good if d.good}
            led = {id: self._leaders(**{name: d.values[name] for name in _LEADING}) for id, d in rows.items()}
            for row in closing(self._led | led, self._led, rows):
                row.refuse("ring", "manager", "With this manager the managers form a ring: nobody is above themselves.")
            if len(good) == sum(d.good for d in live):
                return

    def _index(self, good: list[Draft]) -> None:
        self._named = {(d.values["person"], d.key): d.id for d in good}
        self._first_rows = {}
        for draft in good:
            self._first_rows.setdefault(draft.values["person"], draft.id)

    def _manager(self, draft: Draft, name: str) -> tuple[UUID | None, UUID | None]:
        cells, fact = draft.line.cells, draft.values["fact"]
        key, job_key = cells.get(name, ""), cells.get(f"{name}_job", "")
        if not key:
            erased = name in cells and self._options.empty == "erase"
            if fact is None or erased:
                return None, None
            return getattr(fact.job, f"{name}_job"), getattr(fact.job, name)
        person = self._people.end.get(fold(key) if self._people.by_user_name else key)
        if person is None:
            draft.refuse("unknown-manager", name, "There is no such manager, or the manager's row was refused.")
            return None, None
        if person == draft.values["person"]:
            draft.refuse("own-manager", name, "Nobody manages themselves.")
            return None, None
        job = self._job_of(person, job_key)
        if job is None:
            draft.refuse("manager-without-job", name, "The manager has no such job by the end of the run.")
            return None, None
        return job, person

    def _job_of(self, person: UUID, key: str) -> UUID | None:
        known = self._by_person.get(person, [])
        if not key:
            return known[0].job.id if known else self._first_rows.get(person)
        found = self._named.get((person, key))
        return found or next((f.job.id for f in known if f.external_id == key), None)

    def _finish(self, table: Table, draft: Draft, numbers: dict[UUID, int]) -> None:
        fact: JobFact | None = draft.values["fact"]
        if not draft.good or draft.values["gone"]:
            self._refused_or_gone(table, draft, fact)
            return
        job = self._job(draft, fact)
        fields = self._fields(draft, job, fact)
        outcome: OutcomeKind = "created" if fact is None else ("changed" if fields else "unchanged")
        stamp = values.stamp(draft.line.cells.get("stamp", ""))
        if fact and stamp and fact.managed.stamp == stamp:
            outcome, fields = "unchanged", []
        if off := switched_off("jobassignment", outcome, self._options):
            draft.reasons.append(off)
        row = report(self._checked, table, draft, outcome, fields, keyed=False)
        if outcome == "unchanged" or not draft.good:
            return
        person: UUID = draft.values["person"]
        number = fact.number if fact else numbers.get(person, 0) + 1
        numbers[person] = max(numbers.get(person, 0), number)
        told = fact is None or job != fact.job
        managed = bool(fact and fact.managed.feed)
        plan = JobPlan(
            row,
            person,
            job,
            fact.revision if fact else 0,
            number,
            draft.key,
            draft.values["title"],
            stamp,
            told,
            managed,
        )
        self.plans.append(plan)

    def _job(self, draft: Draft, fact: JobFact | None) -> Job:
        v, before = draft.values, fact.job if fact else None
        same = before is not None and before.position == v["position"]
        return Job(
            id=draft.id,
            organisation=v["organisation"],
            position=v["position"],
            manager_job=v["manager_job"],
            manager=v["manager"],
            temporary_manager_job=v["temporary_manager_job"],
            temporary_manager=v["temporary_manager"],
            temporary_until=v["temporary_until"],
            starts=v["starts"],
            ends=v["ends"],
            position_assigned_on=before.position_assigned_on
            if before and same
            else (self._today if v["position"] else None),
        )

    def _fields(self, draft: Draft, job: Job, fact: JobFact | None) -> list[str]:
        if fact is None:
            return []
        fields = [name for name, value in job if value != getattr(fact.job, name)]
        fields += ["title"] if draft.values["title"] != fact.title else []
        return [*fields, *(["external_id"] if draft.key != fact.external_id else [])]

    def _refused_or_gone(self, table: Table, draft: Draft, fact: JobFact | None) -> None:
        leaves = draft.good and fact is not None and self._options.removal != "keep"
        if leaves and (off := switched_off("jobassignment", "removed", self._options)):
            draft.reasons.append(off)
        row = report(self._checked, table, draft, "removed" if leaves else "unchanged", keyed=False)
        if leaves and draft.good and fact:
            self._gone.append(EndJobPlan(row, fact.person, fact.job.id, fact.revision))

    def _missing(self, drafts: list[Draft]) -> None:
        options = self._options
        if not options.contains_all or options.removal == "keep" or "jobassignment" in options.no_remove:
            return
        held = unreadable(drafts)
        named = {d.id for d in drafts}
        for fact in self._snapshot.jobs.values():
            if fact.job.id in named or fact.managed.feed != options.feed:
                continue
            row = self._checked.report(
                Outcome("jobassignment", None, "held" if held else "removed", fact.job.id, reasons=held)
            )
            if not held:
                self._gone.append(EndJobPlan(row, fact.person, fact.job.id, fact.revision))

    def removals(self) -> list[EndJobPlan]:
        """Without the jobs that still lead one which stays."""
        graph = {f.job.id: (f.job.manager_job, f.job.temporary_manager_job) for f in self._snapshot.jobs.values()}
        graph.update({p.job.id: (p.job.manager_job, p.job.temporary_manager_job) for p in self.plans})
        while True:
            gone = {plan.job for plan in self._gone}
            leading = {boss for id, bosses in graph.items() if id not in gone for boss in bosses}
            kept = [plan for plan in self._gone if plan.job in leading]
            if not kept:
                return self._gone
            self._gone = [plan for plan in self._gone if plan.job not in leading]
            for plan in kept:
                outcome = self._checked.outcomes[plan.row]
                outcome.outcome, outcome.reasons = "skipped", (_LEADS,)
