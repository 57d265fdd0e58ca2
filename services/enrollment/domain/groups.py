"""Groups: assignments that learners may join and leave by themselves, where a group says so (GRP-1 to GRP-7)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from services.enrollment.domain.offerings import Offering, check_open, check_window, check_window_of
from shared.contracts.enrollment import By, GroupDescribed, GroupJoined, GroupLeft
from shared.errors import Conflict, Forbidden, Invalid
from shared.events import Event


@dataclass(frozen=True)
class Group:
    """What a group says and allows."""

    assignment: UUID
    version: int
    offering: UUID
    name: str
    description: str
    allow_enrol: bool
    allow_withdraw: bool
    opens: datetime | None = None
    closes: datetime | None = None


@dataclass(frozen=True)
class Membership:
    """One person's place in a group. `by` None: not a member, or not any more."""

    id: UUID
    version: int = 0
    by: By | None = None


def membership_id(group: UUID, person: UUID) -> UUID:
    """There is one for each group and person."""
    return uuid5(group, str(person))


def evolve(state: Membership | None, event: Event) -> Membership | None:
    match event:
        case GroupJoined():
            return Membership(event.originator_id, event.originator_version, event.by)
        case GroupLeft():
            return Membership(event.originator_id, event.originator_version, None)
        case _:
            return state


def describe(id: UUID, version: int, group: Group) -> GroupDescribed:
    """Refuses a group that closes before it opens."""
    if group.opens and group.closes and group.closes <= group.opens:
        raise Invalid("The group must close after it opens.", field="closes")
    return GroupDescribed(
        originator_id=id,
        originator_version=version,
        name=group.name,
        description=group.description,
        allow_enrol=group.allow_enrol,
        allow_withdraw=group.allow_withdraw,
        opens=group.opens,
        closes=group.closes,
    )


def check_joinable(group: Group, offering: Offering, now: datetime) -> None:
    """Refuses a learner who comes by oneself where the group, the offering or the time does not allow it (GRP-3, CAT-19)."""
    check_open(offering)
    if not group.allow_enrol:
        raise Forbidden(
            f"The group '{group.name}' is not open to self-enrollment. Ask an administrator to add you.",
            kind="no-self-enrollment",
        )
    check_window(offering, now)
    check_window_of(group.name, group.opens, group.closes, now)


def joined(state: Membership, group: Group, person: UUID, by: By) -> GroupJoined:
    return GroupJoined(
        originator_id=state.id,
        originator_version=state.version + 1,
        person_id=person,
        offering_id=group.offering,
        assignment_id=group.assignment,
        by=by,
    )


def refusal_to_withdraw(name: str, joined_by: By | None, *, allowed: bool) -> Forbidden | None:
    """Why a learner may not leave a group of this name (GRP-5); None: the learner may."""
    if not allowed:
        return Forbidden(
            f"The group '{name}' does not let learners withdraw. Ask an administrator.", kind="no-withdrawal"
        )
    if joined_by != "learner":
        return Forbidden(
            "An administrator added you to this group. Ask an administrator to remove you.", kind="not-own-enrollment"
        )
    return None


def not_own() -> Forbidden:
    """Of an assignment by others, or by what others decided."""
    return Forbidden("You can withdraw only if you enrolled yourself. Ask an administrator.", kind="not-own-enrollment")


def left(state: Membership, group: Group, person: UUID, by: By) -> GroupLeft:
    """Learners leave only a group that allows it, and only what was their own doing (GRP-5)."""
    if state.by is None:
        raise Conflict(f"This person is not a member of the group '{group.name}'.", kind="not-a-member")
    if by == "learner" and (refusal := refusal_to_withdraw(group.name, state.by, allowed=group.allow_withdraw)):
        raise refusal
    return GroupLeft(
        originator_id=state.id,
        originator_version=state.version + 1,
        person_id=person,
        offering_id=group.offering,
        assignment_id=group.assignment,
        by=by,
    )
