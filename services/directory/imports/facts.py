"""The directory as a run finds it, and what the run decides: plans and outcomes. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from services.directory.imports.files import Reason
from services.directory.projections.tables import Element
from shared.contracts.directory import Deactivation, Job, UnitKind
from shared.profiles import Profile

KIND: Mapping[Element, UnitKind] = {"org": "organisation", "pos": "position"}


class Managed(NamedTuple):
    """Which feed manages a record (None: a person does), and the stamp it last came with."""

    feed: str | None = None
    stamp: str | None = None


class UnitFact(NamedTuple):
    id: UUID
    revision: int
    kind: UnitKind
    framework: UUID
    parent: UUID | None
    name: str
    external_id: str
    managed: Managed = Managed()


class PersonFact(NamedTuple):
    id: UUID
    revision: int
    active: bool
    home: UUID | None
    country: str | None
    dates: Mapping[str, date]
    profile: Profile
    profile_revision: int
    managed: Managed = Managed()
    feed_home: UUID | None = None
    """The home that a feed set last; another one was set by hand and stays."""


class JobFact(NamedTuple):
    job: Job
    revision: int
    person: UUID
    number: int
    external_id: str
    title: str | None
    managed: Managed = Managed()


@dataclass(frozen=True)
class Snapshot:
    """The directory at one moment."""

    frameworks: Mapping[tuple[UnitKind, str], UUID]
    units: Mapping[tuple[UnitKind, str], UnitFact]
    people: Mapping[UUID, PersonFact]
    jobs: Mapping[UUID, JobFact]
    kept: frozenset[UUID]
    """People whom no run removes: the last site administrator and whoever runs it."""
    in_use: frozenset[UUID] = frozenset()
    """Units with live assignments, or with people of whom only the events are left."""


@dataclass(frozen=True)
class FrameworkPlan:
    id: UUID
    kind: UnitKind
    external_id: str
    type: Literal["framework"] = "framework"


@dataclass(frozen=True)
class UnitPlan:
    """A unit as it is to be; `revision` 0: a new one."""

    row: int
    id: UUID
    revision: int
    kind: UnitKind
    framework: UUID
    parent: UUID | None
    name: str
    external_id: str
    stamp: str | None
    moved: bool
    renamed: bool
    was_managed: bool
    type: Literal["unit"] = "unit"


@dataclass(frozen=True)
class PersonPlan:
    """A person as the run wants them; `revision` 0: a new one. `group` keeps those together who swap names."""

    row: int
    id: UUID
    revision: int
    profile: Profile
    profile_revision: int
    profile_changed: bool
    home: UUID | None
    moved: bool
    country: str | None
    dates: Mapping[str, date]
    described: bool
    active: bool
    was_active: bool
    why: Deactivation
    stamp: str | None
    was_managed: bool
    feed_home: UUID | None
    type: Literal["person"] = "person"


@dataclass(frozen=True)
class JobPlan:
    row: int
    person: UUID
    job: Job
    revision: int
    number: int
    external_id: str
    title: str | None
    stamp: str | None
    told: bool
    """The job's event is due; else only number or title changed."""
    was_managed: bool
    type: Literal["job"] = "job"


@dataclass(frozen=True)
class HomePlan:
    """The first job's organisation is the home, unless one was set by hand."""

    person: UUID
    home: UUID | None
    type: Literal["home"] = "home"


@dataclass(frozen=True)
class EndJobPlan:
    row: int
    person: UUID
    job: UUID
    revision: int
    type: Literal["end-job"] = "end-job"


@dataclass(frozen=True)
class LeavePlan:
    row: int
    person: UUID
    revision: int
    why: Deactivation
    type: Literal["leave"] = "leave"


@dataclass(frozen=True)
class RemoveUnitPlan:
    row: int
    id: UUID
    revision: int
    kind: UnitKind
    type: Literal["remove-unit"] = "remove-unit"


Plan = FrameworkPlan | UnitPlan | PersonPlan | JobPlan | HomePlan | EndJobPlan | LeavePlan | RemoveUnitPlan
"""Ordered: the type says in which chunk it goes, `row` which line of the report it belongs to."""

OutcomeKind = Literal["created", "changed", "unchanged", "removed", "skipped", "held"]


@dataclass(slots=True)
class Outcome:
    """One line of the report. `number` None: a record that is missing from the file. `key` only where it is no person's."""

    element: Element
    number: int | None
    outcome: OutcomeKind
    subject: UUID | None = None
    key: str | None = None
    fields: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass
class Checked:
    """What a run found: a plan to carry out, and the report, whose index is a plan's `row`."""

    plans: list[Plan] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def report(self, outcome: Outcome) -> int:
        self.outcomes.append(outcome)
        return len(self.outcomes) - 1
