"""Triggers: what is assigned by itself when something becomes true of a person (TRG-1, TRG-2).

- A trigger acts on a change: whoever fulfilled the condition before it was there is left alone, unless it is applied to them.
- One that undoes takes back what it gave when the condition ends. Any other has acted once and for all.
- The condition is about the directory and the records, not about who is active: an inactive person leaves the rule of the
  assignment as every other (ASG-10), and coming back is no new occasion.
"""

from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from shared.contracts.enrollment import (
    TriggerApplied,
    TriggerCondition,
    TriggerCreated,
    TriggerEnd,
    TriggerFired,
    TriggerStopped,
    TriggerTakenBack,
)
from shared.errors import Conflict
from shared.events import Event, TextRef


@dataclass(frozen=True)
class Trigger:
    """When it acts, and what it gives: an offering, by an assignment of its own, or a job role."""

    id: UUID
    version: int
    name: str
    when: TriggerCondition
    assignment: UUID | None
    offering: UUID | None
    job_role: UUID | None
    undo: bool
    live: bool = True
    taken_back: bool = False


@dataclass(frozen=True)
class TriggerState:
    """One person and one trigger. `met`: the condition was true when it was looked at last; `fired`: it assigns."""

    id: UUID
    person: UUID
    version: int = 0
    met: bool = False
    fired: bool = False


def standing_id(trigger: UUID, person: UUID) -> UUID:
    """There is one for each trigger and person."""
    return uuid5(trigger, str(person))


def evolve(state: Trigger | None, event: Event) -> Trigger | None:
    match event:
        case TriggerCreated():
            return Trigger(
                id=event.originator_id,
                version=event.originator_version,
                name=event.name,
                when=event.when,
                assignment=event.assignment_id,
                offering=event.offering_id,
                job_role=event.job_role_id,
                undo=event.undo,
            )
        case TriggerApplied() if state is not None:
            return replace(state, version=event.originator_version)
        case TriggerStopped() if state is not None:
            return replace(state, version=event.originator_version, live=False, taken_back=event.take_back)
        case _:
            return state


def create(trigger: Trigger) -> TriggerCreated:
    return TriggerCreated(
        originator_id=trigger.id,
        originator_version=1,
        name=trigger.name,
        when=trigger.when,
        assignment_id=trigger.assignment,
        offering_id=trigger.offering,
        job_role_id=trigger.job_role,
        undo=trigger.undo,
    )


def apply(state: Trigger) -> TriggerApplied:
    """Refuses one that acts no more."""
    check_live(state)
    return TriggerApplied(originator_id=state.id, originator_version=state.version + 1)


def stop(
    state: Trigger, why: TriggerEnd, *, take_back: bool, loop: tuple[UUID, ...] = (), reason: TextRef | None = None
) -> TriggerStopped:
    """Refuses one that was stopped already."""
    check_live(state)
    return TriggerStopped(
        originator_id=state.id,
        originator_version=state.version + 1,
        why=why,
        take_back=take_back,
        loop=loop,
        reason=reason,
    )


def check_live(state: Trigger) -> None:
    """Refuses one that acts no more."""
    if not state.live:
        raise Conflict(
            f"The trigger '{state.name}' has already been stopped. Create a new one.", kind="trigger-stopped"
        )


def follow(
    trigger: Trigger, standing: TriggerState, *, met: bool, applied: bool
) -> TriggerFired | TriggerTakenBack | None:
    """What the trigger does about a person, now that the condition is `met` or not. `applied`: also where it was met before.

    None: nothing; `met` is to be remembered all the same.
    """
    told = {
        "person_id": standing.person,
        "trigger_id": trigger.id,
        "offering_id": trigger.offering,
        "job_role_id": trigger.job_role,
    }
    if standing.fired:
        ends = trigger.taken_back or (trigger.live and trigger.undo and not met)
        return TriggerTakenBack.unchecked_next(standing.id, standing.version, told) if ends else None
    if trigger.live and met and (applied or not standing.met):
        return TriggerFired.unchecked_next(standing.id, standing.version, told)
    return None
