"""Managers of job assignments: by one of their jobs, also one that comes later in the file; rings."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.directory.imports.check_people import PeopleCheck
from services.directory.imports.drafts import JobDraft
from services.directory.imports.facts import JobFact, Snapshot
from services.directory.imports.options import Options
from services.directory.imports.rings import closing


class Manager(NamedTuple):
    """A person, and the one of their jobs by which they lead."""

    job: UUID | None = None
    person: UUID | None = None


class ManagerCheck:
    """Who leads the jobs of the jobassignment file when the run is done."""

    def __init__(
        self,
        snapshot: Snapshot,
        options: Options,
        people: PeopleCheck,
        by_person: Mapping[UUID, Sequence[JobFact]],
        today: date,
    ) -> None:
        self._snapshot = snapshot
        self._options = options
        self._people = people
        self._by_person = by_person
        self._today = today
        jobs = [fact.job for fact in snapshot.jobs.values()]
        self._led = {j.id: self._leaders(j.manager_job, j.temporary_manager_job, j.temporary_until) for j in jobs}
        self._managers: dict[UUID, tuple[Manager, Manager]] = {}
        """Of the rows' jobs: the manager and the temporary one."""
        self._named: dict[tuple[UUID, str], UUID] = {}
        self._first_rows: dict[UUID, UUID] = {}

    def of(self, draft: JobDraft) -> tuple[Manager, Manager]:
        """The manager and the temporary one of a row that was settled and is good."""
        return self._managers[draft.id]

    def _leaders(
        self, manager_job: UUID | None, temporary_manager_job: UUID | None, temporary_until: date | None
    ) -> list[UUID]:
        """The manager's job, and the temporary one's as long as there is one (DIR-5)."""
        temporary = temporary_until is not None and temporary_until >= self._today
        return [id for id in (manager_job, temporary_manager_job if temporary else None) if id]

    def settle(self, live: list[JobDraft]) -> None:
        """Until nothing moves: managers without a job, managers whose row was refused, rings."""
        self._index([d for d in live if d.good])
        for draft in [d for d in live if not d.good]:
            self._manager(draft, "manager")  # every reason of a row is told
            self._manager(draft, "temporary_manager")
        while True:
            good = [d for d in live if d.good]
            self._index(good)
            for draft in good:
                self._managers[draft.id] = self._manager(draft, "manager"), self._manager(draft, "temporary_manager")
            rows = {d.id: d for d in good if d.good}
            led = {id: self._row_leaders(draft) for id, draft in rows.items()}
            for row in closing(self._led | led, self._led, rows):
                row.refuse("ring", "manager", "With this manager, the chain of managers would be a loop.")
            if len(good) == sum(d.good for d in live):
                return

    def _row_leaders(self, draft: JobDraft) -> list[UUID]:
        manager, temporary = self._managers[draft.id]
        return self._leaders(manager.job, temporary.job, draft.temporary_until)

    def _index(self, good: list[JobDraft]) -> None:
        self._named = {(d.person, d.key): d.id for d in good}
        self._first_rows = {}
        for draft in good:
            self._first_rows.setdefault(draft.person, draft.id)

    def _manager(self, draft: JobDraft, name: str) -> Manager:
        cells, fact = draft.line.cells, self._snapshot.jobs.get(draft.id)
        key, job_key = cells.get(name, ""), cells.get(f"{name}_job", "")
        if not key:
            erased = name in cells and self._options.empty == "erase"
            if fact is None or erased:
                return Manager()
            return Manager(getattr(fact.job, f"{name}_job"), getattr(fact.job, name))
        person = self._people.id_of(key)
        if person is None:
            draft.refuse("unknown-manager", name, "There is no such manager, or the manager's row was rejected.")
            return Manager()
        if person == draft.person:
            draft.refuse("own-manager", name, "People cannot be their own managers. Choose another manager.")
            return Manager()
        job = self._job_of(person, job_key)
        if job is None:
            draft.refuse(
                "manager-without-job",
                name,
                "The manager does not have this job at the end of the import, or its row was rejected.",
            )
            return Manager()
        return Manager(job, person)

    def _job_of(self, person: UUID, key: str) -> UUID | None:
        known = self._by_person.get(person, [])
        if not key:
            return known[0].job.id if known else self._first_rows.get(person)
        found = self._named.get((person, key))
        return found or next((f.job.id for f in known if f.external_id == key), None)
