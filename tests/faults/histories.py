"""What the events say, and nothing else: read from the stores as they grow, and folded without any service."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from works import Works

from services.enrollment.domain import assignments as assignment_rules
from services.enrollment.domain.assignments import Assignment
from services.enrollment.domain.enrollment import Enrollment, evolve
from shared.contracts import directory as d
from shared.contracts import enrollment as e
from shared.events import Event, Meta, decode

_READ = "SELECT position, stream, version, type, meta, body FROM events WHERE position > %s ORDER BY position"


class Stored(NamedTuple):
    position: int
    stream: UUID
    version: int
    type: str
    meta: Meta
    event: Event


class History:
    """The store of one service, as far as it was read."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.last = 0
        self.keys: list[tuple[int, str, int]] = []
        """Position, stream and version of every event."""
        self.types: Counter[str] = Counter()
        self.batches: dict[UUID, set[str]] = {}
        self.of_commands: dict[UUID, UUID] = {}
        """Batches that a command began, and who sent it."""

    def read(self, works: Works) -> Iterator[Stored]:
        """What has come since, in order."""
        for position, stream, version, type, meta, body in works.query(self.service, _READ, [self.last]):
            told = Meta.model_validate_json(meta)
            self.last = position
            self.keys.append((position, str(stream), version))
            self.types[type] += 1
            self.batches.setdefault(told.correlation, set()).add(type)
            if told.reason_code == "command":
                self.of_commands.setdefault(told.correlation, told.actor)
            yield Stored(position, stream, version, type, told, decode(type, stream, version, bytes(body)))


@dataclass
class People:
    """The directory: people, jobs, units and audiences."""

    active: dict[UUID, bool] = field(default_factory=dict)
    home: dict[UUID, UUID | None] = field(default_factory=dict)
    jobs: dict[UUID, tuple[UUID, d.Job]] = field(default_factory=dict)
    above: dict[UUID, UUID | None] = field(default_factory=dict)
    members: set[tuple[UUID, UUID]] = field(default_factory=set)
    """Audience and person."""

    def take(self, stored: Stored) -> None:
        event, id = stored.event, stored.stream
        match event:
            case d.PersonRegistered():
                self.active[id], self.home[id] = True, event.home_organisation
            case d.PersonMoved():
                self.home[id] = event.home_organisation
            case d.PersonDeactivated() | d.PersonReactivated():
                self.active[id] = isinstance(event, d.PersonReactivated)
            case d.JobAssigned():
                self.jobs[event.job.id] = (id, event.job)
            case d.JobEnded():
                del self.jobs[event.job]
            case d.UnitCreated() | d.UnitMoved():
                self.above[id] = event.parent
            case d.UnitRemoved():
                del self.above[id]
            case d.AudienceMembersAdded():
                self.members |= {(id, person) for person in event.people}
            case d.AudienceMembersRemoved():
                self.members -= {(id, person) for person in event.people}

    def upwards(self, unit: UUID | None) -> Iterator[UUID]:
        while unit is not None:
            yield unit
            unit = self.above[unit]

    def current_jobs(self) -> dict[UUID, tuple[UUID, d.Job]]:
        today = date.today()
        return {
            id: (person, job)
            for id, (person, job) in self.jobs.items()
            if (job.starts is None or job.starts <= today) and (job.ends is None or job.ends >= today)
        }


@dataclass
class Learning:
    """Enrollment: assignments, groups, and how each learner stands."""

    assignments: dict[UUID, Assignment] = field(default_factory=dict)
    enrollments: dict[UUID, Enrollment] = field(default_factory=dict)
    members: set[tuple[UUID, UUID]] = field(default_factory=set)
    """Group and person."""
    terms: dict[UUID, tuple[int, bool]] = field(default_factory=dict)
    """Of each enrollment that was assigned: the term, and whether it goes on."""
    letters: set[tuple[UUID, int, str]] = field(default_factory=set)
    """Every reason for an e-mail to a learner: stream and version of the cause, and the template."""
    superseded: set[tuple[UUID, int, str]] = field(default_factory=set)
    """Of them, which may be lacking: a certificate tells of the completion."""
    undone: int = 0
    """Assignments that went with the command that had made them."""

    def take(self, stored: Stored) -> None:
        event, id = stored.event, stored.stream
        if isinstance(event, e.GroupJoined | e.GroupLeft):
            pair = (event.assignment_id, event.person_id)
            (self.members.add if isinstance(event, e.GroupJoined) else self.members.discard)(pair)
        elif id in self.assignments or isinstance(event, e.AssignmentCreated):
            self.undone += isinstance(event, e.AssignmentRemoved) and event.undone
            made = assignment_rules.evolve(self.assignments.get(id), event)
            assert made is not None
            self.assignments[id] = made
        else:
            before = self.enrollments.get(id)
            if after := evolve(before, event):
                self._write_letters(stored)
                self.enrollments[id] = after

    def _write_letters(self, stored: Stored) -> None:
        """A term that begins within a certification is nobody's assignment: no e-mail tells of it (CAT-2)."""
        cause, event = (stored.stream, stored.version), stored.event
        if isinstance(event, e.LearnerAssigned):
            if event.term > self.terms.get(stored.stream, (0, False))[0]:
                self.letters.add((*cause, "assigned"))
                self.terms[stored.stream] = (event.term, True)
        elif isinstance(event, e.LearnerWithdrawn | e.EnrollmentCancelled):
            self.letters.add((*cause, "withdrawn"))
            self.terms[stored.stream] = (event.term, False)
        elif isinstance(event, e.AccessExpired):
            self.letters.add((*cause, "access-expired"))
            self.terms[stored.stream] = (event.term, False)
        elif isinstance(event, e.EnrollmentCompleted):
            self.letters |= set() if event.recorded == "imported" else {(*cause, "completed")}
        elif isinstance(event, e.CertificateIssued):
            self.superseded.add((stored.stream, stored.version - 1, "completed"))
            self.letters.add((*cause, "completed"))

    def live(self) -> dict[UUID, Assignment]:
        return {id: one for id, one in self.assignments.items() if one.live}

    def grants(self) -> set[tuple[UUID, UUID]]:
        """Assignment and learner."""
        return {(grant, one.person) for one in self.enrollments.values() for grant in one.grants}

    def exclusions(self) -> set[tuple[UUID, UUID]]:
        return {(assignment, one.person) for one in self.enrollments.values() for assignment in one.exclusions}

    def held_back(self) -> set[tuple[UUID, UUID]]:
        """By an exception, or by what an administrator said of one (DUE-6)."""
        return {(a, one.person) for one in self.enrollments.values() for a in one.holds.keys() - one.grants}


def wanted(people: People, learning: Learning) -> set[tuple[UUID, UUID]]:
    """Whom the live assignments mean, by the words of ASG-1 and ASG-3: assignment and learner."""
    jobs = people.current_jobs()
    places: dict[UUID, set[UUID]] = {}
    """By active person the units of the home and of the jobs."""
    for person in (p for p, active in people.active.items() if active):
        home = people.home[person]
        places[person] = {home} if home else set()
    for person, job in jobs.values():
        if person in places:
            places[person] |= {unit for unit in (job.organisation, job.position) if unit}
    found: set[tuple[UUID, UUID]] = set()
    for id, one in learning.live().items():
        found |= {(id, person) for person in _meant(one, people, learning, jobs, places)}
    return found


def _meant(
    one: Assignment,
    people: People,
    learning: Learning,
    jobs: Mapping[UUID, tuple[UUID, d.Job]],
    places: Mapping[UUID, Collection[UUID]],
) -> Iterable[UUID]:
    target = one.target
    match target.type:
        case "individual" | "self" | "request" | "key":
            return [target.id]
        case "audience":
            return [person for audience, person in people.members if audience == target.id and person in places]
        case "group":
            return [person for group, person in learning.members if group == target.id and person in places]
        case "organisation" | "position":
            return [
                person
                for person, units in places.items()
                if any(target.id in (people.upwards(u) if target.include_below else (u,)) for u in units)
            ]
        case "manager":
            return _team(target.id, jobs, places, below=target.include_below)
    raise AssertionError(f"nobody assigns by {target.type} here")


def _team(
    manager: UUID, jobs: Mapping[UUID, tuple[UUID, d.Job]], active: Collection[UUID], *, below: bool
) -> set[UUID]:
    """Who is led by any job of this person, directly or through others."""
    leading = {id for id, (person, _) in jobs.items() if person == manager} if manager in active else set()
    led: set[UUID] = set()
    while leading:
        under = {id for id, (_, job) in jobs.items() if job.manager_job in leading} - led
        led |= under
        leading = under if below else set()
    return {person for person, _ in (jobs[id] for id in led) if person in active and person != manager}
