"""Pools of training keys: for one course, one organisation, and a time (KEY-1, KEY-2)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.keys import PoolDescribed
from shared.errors import Invalid
from shared.events import Event


@dataclass(frozen=True)
class Terms:
    """What of a pool can be edited later, without touching what was redeemed (KEY-2)."""

    name: str
    starts: datetime
    expires: datetime
    access_days: int
    share_below: bool = False


@dataclass(frozen=True)
class Pool:
    """A pool as its events tell it."""

    id: UUID
    version: int
    offering: UUID
    organisation: UUID
    terms: Terms


@dataclass(frozen=True)
class Course:
    """What the catalog says of an offering. `access_days` None: as organisations set it."""

    id: UUID
    title: str
    is_course: bool
    active: bool
    access_days: int | None


def evolve(state: Pool | None, event: Event) -> Pool | None:
    """The pool after an event. Never judges."""
    match event:
        case PoolDescribed():
            terms = Terms(event.name, event.starts, event.expires, event.access_days, event.share_below)
            return Pool(event.originator_id, event.originator_version, event.offering_id, event.organisation_id, terms)
    return state


def create(id: UUID, course: Course, organisation: UUID, terms: Terms) -> list[Event]:
    """Refuses what is no course: a certification or qualification has no keys."""
    if not course.is_course:
        raise Invalid(
            f"A pool is for a course, and '{course.title}' is not one. Choose one of its courses.", field="offering_id"
        )
    _check(course, terms)
    return [_described(id, 0, course.id, organisation, terms)]


def edit(state: Pool, course: Course, terms: Terms) -> list[Event]:
    """Nothing where it is so already."""
    if state.terms == terms:
        return []
    if terms.access_days == state.terms.access_days:
        course = replace(
            course, access_days=None
        )  # the course may have become shorter since: that is no fault of this edit
    _check(course, terms)
    return [_described(state.id, state.version, state.offering, state.organisation, terms)]


def _check(course: Course, terms: Terms) -> None:
    if terms.expires <= terms.starts:
        raise Invalid("A pool expires after it starts. Choose a later moment for its end.", field="expires")
    if course.access_days is not None and terms.access_days > course.access_days:
        raise Invalid(
            f"'{course.title}' gives access for {course.access_days} days, and a pool cannot give more. "
            f"Choose {course.access_days} days or fewer.",
            field="access_days",
        )


def _described(id: UUID, version: int, offering: UUID, organisation: UUID, terms: Terms) -> Event:
    return PoolDescribed.unchecked_next(
        id, version, {**vars(terms), "offering_id": offering, "organisation_id": organisation}
    )
