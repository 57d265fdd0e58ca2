"""Cards of offerings as one learner sees them: what each is, the status, the one next action, and its facts (LRN-1 to LRN-6)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from services.enrollment.application.enrollments.sources import holding
from services.enrollment.application.enrollments.views import EnrollmentItem, Standing, standings, stood
from services.enrollment.domain.cards import Own, View, overdue, place, shows
from services.enrollment.domain.progress import refusal_to_launch
from services.enrollment.domain.self_enrollment import OUTSIDE, untold
from services.enrollment.projections import cards as card_rows
from services.enrollment.projections import facts, offering_texts, organisations, visibility
from services.enrollment.projections import sources as source_rows
from services.enrollment.projections.cards import BEGINNINGS, Happened, OwnRow, PartRow
from services.enrollment.projections.sources import SourceRow
from shared.contracts.catalog import OfferingKind, Price, Step
from shared.contracts.enrollment import AssignmentType, LearnerUnassigned, Unassignment
from shared.database import Connection, Database
from shared.readmodel import Page, cursor_decode, cursor_encode

PartState = Literal["done", "in-progress", "open"]


class Part(BaseModel):
    """A step of a training, or a learning item of a qualification."""

    number: int
    kind: str
    """content, exam, lab, task, course or certification."""
    title: str
    offering_id: UUID | None
    """Of a course or a certification: which."""
    state: PartState
    launchable: bool = False
    """Launch opens it now (ENR-6)."""
    system_requirements: str = ""
    connection: str = ""
    """What the information icon shows of a lab (CAT-1, LRN-3)."""


class AssignedTo(BaseModel):
    """The assignment that counts: the one whose due date holds, else the oldest."""

    assignment_id: UUID
    type: AssignmentType
    name: str | None
    """None for a person who has no name here (yet, or any more)."""


class OfferingCard(BaseModel):
    """An offering, and how the caller stands on it."""

    id: UUID
    kind: str
    code: str
    title: str
    description: str
    price: Price | None
    minimum_minutes: int
    """The time that it takes at least."""
    certificate: bool
    badge: str | None
    opens: datetime | None
    closes: datetime | None
    """When learners may come by themselves (CAT-19)."""
    visible: bool
    """Its page opens for the caller: not for somebody who is no longer on a hidden one (CAT-6)."""
    standing: EnrollmentItem
    since: datetime | None
    """Since when the status is so; when it was completed, of what is."""
    ended_because: Unassignment | None
    """Of what is withdrawn or cancelled."""
    overdue: bool
    overdue_days: int
    """How many days have begun since the due date; 0 on the day itself."""
    assigned_to: AssignedTo | None
    can_launch: bool
    """Its content opens, also after the completion (ENR-6)."""
    done: int
    """Of so many parts."""
    parts: list[Part]


class CardPage(Page[OfferingCard]):
    """`total`: on all pages."""

    total: int


class Day(NamedTuple):
    """The moment that it is for every rule, and which day in the learner's time zone."""

    now: datetime
    today: date
    zone: ZoneInfo

    @classmethod
    def of(cls, conn: Connection, person: UUID) -> "Day":
        return cls(facts.now(conn), facts.today(conn), organisations.zone_of(conn, person))


class LearnerCards:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, person: UUID, view: View, kinds: Collection[OfferingKind], cursor: str | None, size: int
    ) -> CardPage:
        """The learner's own enrollments of a view and of these kinds, or any; the total counts all of them."""
        after = _place_of(cursor)
        with self._database.connection() as conn:
            day = Day.of(conn, person)
            own = [_own(row, day) for row in card_rows.own(conn, person)]
            placed = sorted((place(view, one), one) for one in own if shows(view, one) and _is(kinds, one))
            rest = [(at, one) for at, one in placed if after is None or at > after]
            shown = [one.offering for _, one in rest[:size]]
            found = cards(conn, person, shown, day)
        following = cursor_encode(*rest[size - 1][0]) if len(rest) > size else None
        return CardPage(items=[found[id] for id in shown], next=following, total=len(placed))


def _place_of(cursor: str | None) -> tuple[str, str, str] | None:
    return cursor_decode(cursor, str, str, str) if cursor else None


def _is(kinds: Collection[OfferingKind], one: Own) -> bool:
    return not kinds or one.kind in kinds


def _own(found: OwnRow, day: Day) -> Own:
    state = stood(found.row, found.grants, (), within=found.within)
    state = state if found.own_hold else untold(state)
    return Own(
        state.id,
        state.offering,
        found.kind,
        state.status(day.today),
        due_over=state.due.ends(day.zone) if state.due else None,
        completed_at=state.completed_at,
        touched_at=found.touched,
        required=bool(found.required),
    )


def cards(conn: Connection, person: UUID, offerings: Sequence[UUID], day: Day) -> dict[UUID, OfferingCard]:
    """Of these offerings, by offering, which the person may see, or has been on."""
    known = standings(conn, person, offerings) if offerings else {}
    return cards_of(conn, person, known, day)


def cards_of(conn: Connection, person: UUID, known: Mapping[UUID, Standing], day: Day) -> dict[UUID, OfferingCard]:
    """Of how a person stands on offerings, by offering."""
    if not known:
        return {}
    texts = offering_texts.descriptions(conn, known)
    parts = card_rows.parts(conn, person, [id for one in known.values() for id in _consists_of(one)])
    enrolled = [one for one in known.values() if one.state.version]
    happened = card_rows.happened(conn, [one.state.id for one in enrolled])
    held_by = _held_by(conn, person, [one.offering.id for one in enrolled], day)
    outside = [id for id, one in known.items() if one.item.status in OUTSIDE]
    visible = visibility.visible(conn, person, outside) if outside else set()
    return {
        id: _card(
            one,
            day,
            description=texts.get(id, ""),
            visible=id in visible or id not in outside,
            happened=happened.get(one.state.id, {}),
            held_by=held_by.get(id, ()),
            parts=parts,
        )
        for id, one in known.items()
    }


def _held_by(conn: Connection, person: UUID, offerings: Sequence[UUID], day: Day) -> dict[UUID, list[SourceRow]]:
    by_offering: dict[UUID, list[SourceRow]] = {}
    for row in source_rows.sources(conn, person, offerings, day.zone) if offerings else ():
        by_offering.setdefault(row.offering, []).append(row)
    return by_offering


def _card(
    one: Standing,
    day: Day,
    *,
    description: str,
    visible: bool,
    happened: Mapping[str, Happened],
    held_by: Sequence[SourceRow],
    parts: Mapping[UUID, PartRow],
) -> OfferingCard:
    item, state = one.item, one.state
    over = state.due.ends(day.zone) if state.due else None
    is_overdue = overdue(item.status, over, day.now)
    consists = _parts(one, parts, day.today)
    ended = happened.get(LearnerUnassigned.TOPIC) if item.status in ("withdrawn", "cancelled") else None
    return OfferingCard(
        **{name: getattr(one.offering, name) for name in _SAME},
        description=description,
        visible=visible,
        standing=item,
        since=_since(one, happened),
        ended_because=ended.why if ended else None,
        overdue=is_overdue,
        overdue_days=(day.now.astimezone(day.zone).date() - state.due.day).days if is_overdue and state.due else 0,
        assigned_to=_assigned_to(held_by),
        can_launch=_can_launch(one, day.today),
        done=sum(part.state == "done" for part in consists),
        parts=consists,
    )


_SAME = ("id", "kind", "code", "title", "price", "minimum_minutes", "certificate", "badge", "opens", "closes")
"""What an offering says under the same name."""


def _since(one: Standing, happened: Mapping[str, Happened]) -> datetime | None:
    if one.item.status == "completed":
        return one.state.completed_at
    event = BEGINNINGS.get(one.item.status)
    found = happened.get(event.TOPIC) if event else None
    return found.at if found else None


def _assigned_to(rows: Sequence[SourceRow]) -> AssignedTo | None:
    live = [row for row in rows if not row.held]
    found = holding(live) or next(iter(live), None)
    return AssignedTo(assignment_id=found.assignment, type=found.type, name=found.name) if found else None


def _can_launch(one: Standing, today: date) -> bool:
    """Some step opens: the first does where any does."""
    return bool(one.offering.steps) and _opens(one, 1, today)


def _opens(one: Standing, step: int, today: date) -> bool:
    return refusal_to_launch(one.state, one.offering, step, today, via=one.state.via) is None


def _consists_of(one: Standing) -> Iterable[UUID]:
    """The courses of a certification, the items of a qualification."""
    courses = (step.course_id for step in one.offering.steps if isinstance(step, Step) and step.course_id)
    return (*one.offering.items, *courses)


def _parts(one: Standing, known: Mapping[UUID, PartRow], today: date) -> list[Part]:
    if one.offering.kind == "qualification":
        items = [known[id] for id in one.offering.items if id in known]
        return [_item(n, item) for n, item in enumerate(items, 1)]
    return [_step(one, n, known, today) for n in range(1, len(one.offering.steps) + 1)]


def _item(number: int, item: PartRow) -> Part:
    return Part(
        number=number,
        kind=item.kind,
        title=item.title,
        offering_id=item.offering,
        state=_state(item, done=item.done),
    )


def _step(one: Standing, number: int, known: Mapping[UUID, PartRow], today: date) -> Part:
    step = one.offering.steps[number - 1]
    course = step.course_id if isinstance(step, Step) else None
    return Part(
        number=number,
        kind=step.kind,
        title=step.title,
        offering_id=course,
        state=_state(known.get(course) if course else None, done=number in one.state.steps),
        launchable=_opens(one, number, today),
        system_requirements="" if isinstance(step, Step) else step.system_requirements,
        connection="" if isinstance(step, Step) else step.connection,
    )


def _state(row: PartRow | None, *, done: bool) -> PartState:
    if done:
        return "done"
    return "in-progress" if row is not None and row.begun and not row.done else "open"
