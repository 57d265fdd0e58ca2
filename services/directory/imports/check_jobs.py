"""Job assignments: rows to jobs, numbers, jobs that end."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID, uuid4

from services.directory.imports import values
from services.directory.imports.check_managers import ManagerCheck
from services.directory.imports.check_people import PeopleCheck
from services.directory.imports.check_units import unreadable
from services.directory.imports.drafts import (
    Draft,
    JobDraft,
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
from services.directory.imports.files import Line, Reason, Table
from services.directory.imports.options import Options
from shared.contracts.directory import Job

_LEADS = Reason("job-has-reports", None, "Other jobs report to this one. Give them another manager first.")


class Units(NamedTuple):
    """The units that will be there when the run is done, by key."""

    organisations: Mapping[str, UUID]
    positions: Mapping[str, UUID]


class JobCheck:
    """The jobassignment file, after people and units."""

    def __init__(
        self,
        snapshot: Snapshot,
        options: Options,
        *,
        checked: Checked,
        people: PeopleCheck,
        units: Units,
        today: date,
    ) -> None:
        self._snapshot = snapshot
        self._options = options
        self._checked = checked
        self._people = people
        self._units = units
        self._today = today
        self.plans: list[JobPlan] = []
        self._gone: list[EndJobPlan] = []
        self._by_person: dict[UUID, list[JobFact]] = defaultdict(list)
        for fact in sorted(snapshot.jobs.values(), key=lambda f: f.number):
            self._by_person[fact.person].append(fact)
        self._managers = ManagerCheck(snapshot, options, people, self._by_person, today)

    def check(self, table: Table) -> None:
        drafts = [self._draft(line) for line in table.lines]
        refuse_doubles([d for d in drafts if d.key], "key", self._pair)
        self._managers.settle([d for d in drafts if isinstance(d, JobDraft)])
        numbers: dict[UUID, int] = {p: max(f.number for f in facts) for p, facts in self._by_person.items()}
        for draft in drafts:
            self._finish(table, draft, numbers)
        self._missing(drafts)

    def _pair(self, draft: Draft) -> object:
        name = draft.line.cells.get("person", "")
        person = self._people.id_of(name) or name
        return person if self._options.job_key == "first" else (person, draft.key)

    def _draft(self, line: Line) -> Draft:
        key = line.cells.get("external_id", "")
        name = line.cells.get("person", "")
        person = self._people.id_of(name)
        fact = self._fact(person, key)
        draft = Draft(line, key, fact.job.id if fact else uuid4(), fact is None)
        gone = wanted_gone(line)
        if not key or not name:
            draft.refuse("no-key", "external_id" if not key else "person", "The key is empty.")
        elif person is None:
            draft.refuse("unknown-person", "person", "There is no such person, or the person's row was rejected.")
        check_switches(draft, "jobassignment", self._options)
        if fact:
            check_owner(draft, fact.managed, self._options)
            if not gone:
                self._check_renamed(draft, fact)
        return draft if gone else self._read(draft, person, fact)

    def _check_renamed(self, draft: Draft, first: JobFact) -> None:
        """With `job_key: first` the row renames the first job: not to the number of another one."""
        taken = {f.external_id for f in self._by_person[first.person] if f is not first}
        if draft.key in taken:
            draft.refuse("taken", "external_id", "Another job of this person already has this external_id.")

    def _fact(self, person: UUID | None, key: str) -> JobFact | None:
        jobs = self._by_person.get(person, []) if person else []
        if self._options.job_key == "first":
            return jobs[0] if jobs else None
        return next((f for f in jobs if f.external_id == key), None)

    def _read(self, draft: Draft, person: UUID | None, fact: JobFact | None) -> Draft:
        now, options = fact.job if fact else Job(id=draft.id), self._options
        organisation = self._unit(draft, "organisation", self._units.organisations, now.organisation)
        position = self._unit(draft, "position", self._units.positions, now.position)
        starts = date_cell(draft, "starts", now.starts, options)
        ends = date_cell(draft, "ends", now.ends, options)
        until = date_cell(draft, "temporary_until", now.temporary_until, options)
        if starts and ends and starts > ends:
            draft.refuse("start-after-end", "ends", "The job starts after it ends.")
        if draft.line.cells.get("temporary_manager") and (until is None or until <= self._today):
            draft.refuse(
                "temporary-until", "temporary_until", "A temporary manager must have an expiry date in the future."
            )
        if person is None:
            return draft
        return JobDraft(
            draft.line,
            draft.key,
            draft.id,
            draft.new,
            person=person,
            title=cell(draft.line, "title", fact.title if fact else None, options),
            organisation=organisation,
            position=position,
            starts=starts,
            ends=ends,
            temporary_until=until,
        )

    def _unit(self, draft: Draft, name: str, known: Mapping[str, UUID], current: UUID | None) -> UUID | None:
        if not draft.line.cells.get(name):
            erased = name in draft.line.cells and self._options.empty == "erase"
            return None if erased else current
        found = known.get(draft.line.cells[name])
        if found is None:
            draft.refuse(f"unknown-{name}", name, f"There is no {name} '{draft.line.cells[name]}'.")
        return found

    def _finish(self, table: Table, draft: Draft, numbers: dict[UUID, int]) -> None:
        fact = self._snapshot.jobs.get(draft.id)
        if not draft.good or not isinstance(draft, JobDraft):
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
        number = fact.number if fact else numbers.get(draft.person, 0) + 1
        numbers[draft.person] = max(numbers.get(draft.person, 0), number)
        plan = JobPlan(
            row=row,
            person=draft.person,
            job=job,
            revision=fact.revision if fact else 0,
            number=number,
            external_id=draft.key,
            title=draft.title,
            stamp=stamp,
            told=fact is None or job != fact.job,
            was_managed=bool(fact and fact.managed.feed),
        )
        self.plans.append(plan)

    def _job(self, draft: JobDraft, fact: JobFact | None) -> Job:
        manager, temporary = self._managers.of(draft)
        if fact and fact.job.position == draft.position:
            since = fact.job.position_assigned_on
        else:
            since = self._today if draft.position else None
        return Job(
            id=draft.id,
            organisation=draft.organisation,
            position=draft.position,
            manager_job=manager.job,
            manager=manager.person,
            temporary_manager_job=temporary.job,
            temporary_manager=temporary.person,
            temporary_until=draft.temporary_until,
            starts=draft.starts,
            ends=draft.ends,
            position_assigned_on=since,
        )

    def _fields(self, draft: JobDraft, job: Job, fact: JobFact | None) -> list[str]:
        if fact is None:
            return []
        fields = [name for name, value in job if value != getattr(fact.job, name)]
        fields += ["title"] if draft.title != fact.title else []
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
