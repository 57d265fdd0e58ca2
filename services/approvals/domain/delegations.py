"""Delegations: somebody else decides for an approver on some days (APR-5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID, uuid5

from shared.contracts.approvals import DecisionsDelegated, DelegationEnded
from shared.errors import Invalid
from shared.events import Event

_NAMESPACE = UUID("6d8f0b54-51f7-4a2e-9d0e-6f7f0c1b7a31")


@dataclass(frozen=True)
class Delegation:
    """To whom one approver delegates, and on which days, both included; without `to`: to nobody."""

    person: UUID
    version: int = 0
    to: UUID | None = None
    starts: date | None = None
    ends: date | None = None

    @property
    def id(self) -> UUID:
        return delegation_id(self.person)


def delegation_id(person: UUID) -> UUID:
    """The stream of an approver's delegation."""
    return uuid5(_NAMESPACE, str(person))


def evolve(state: Delegation | None, event: Event) -> Delegation | None:
    match event:
        case DecisionsDelegated():
            base = state or Delegation(event.person_id)
            return replace(base, version=event.originator_version, to=event.to_id, starts=event.starts, ends=event.ends)
        case DelegationEnded() if state is not None:
            return Delegation(state.person, event.originator_version)
        case _:
            return state


def delegate(
    state: Delegation, to: UUID, starts: date, ends: date, *, today: date, chain: Sequence[Delegation]
) -> DecisionsDelegated | None:
    """None where it is so already. Refuses a delegation to oneself, in a circle, and one that is over or never begins.

    `chain`: the delegation of the delegate, that of the delegate's delegate, and so on.
    """
    if to == state.person:
        raise Invalid("You cannot delegate to yourself. Choose somebody else.", field="to")
    if ends < starts:
        raise Invalid("The last day is before the first day.", field="ends")
    if ends < today:
        raise Invalid("These days have passed. Choose a last day from today on.", field="ends")
    for one in chain:
        if one.to == state.person and one.starts and one.ends and one.starts <= ends and starts <= one.ends:
            raise Invalid(
                f"This would be a circle: from {one.starts} to {one.ends} a delegation leads back to you. "
                "Choose somebody else, or other days.",
                field="to",
            )
    if (state.to, state.starts, state.ends) == (to, starts, ends):
        return None
    told = {"person_id": state.person, "to_id": to, "starts": starts, "ends": ends}
    return DecisionsDelegated.unchecked_next(state.id, state.version, told)


def end(state: Delegation) -> DelegationEnded | None:
    """None where nothing is delegated."""
    if state.to is None:
        return None
    return DelegationEnded.unchecked_next(state.id, state.version, {"person_id": state.person})
