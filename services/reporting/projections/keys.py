"""Training keys and their pools. A key's secret is in no event. Source: keys."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import Key, PeriodTable, first_of_stream, stream
from shared.contracts.keys import (
    KeyAdded,
    KeyHeld,
    KeyRedeemed,
    KeyReleased,
    KeyReopened,
    KeyReserved,
    KeyRevoked,
    KeySent,
    KeyState,
    KeyTakenBack,
    PoolDescribed,
)
from shared.events import Event


class Pool(NamedTuple):
    pool_id: UUID
    name: str
    offering_id: UUID
    organisation_id: UUID
    starts: datetime
    expires: datetime


class TrainingKey(NamedTuple):
    key_id: UUID
    pool_id: UUID
    fingerprint: str
    generated: bool
    state: KeyState = "free"
    sent: bool = False
    """Somebody was allotted it, and it was not taken back."""
    person_id: UUID | None = None
    """Whoever entered it, from the reservation on."""
    assignment_id: UUID | None = None
    ended: bool = False
    """Revoked together with its assignment."""


class Redemption(NamedTuple):
    """Of which pool the key was that became this assignment: the assignment has its name (ASG-1)."""

    assignment_id: UUID
    pool_id: UUID


def _pool(state: Pool | None, event: Event) -> Pool | None:
    if isinstance(event, PoolDescribed):
        what = (event.name, event.offering_id, event.organisation_id, event.starts, event.expires)
        return Pool(event.originator_id, *what)
    return state


def _key(state: TrainingKey | None, event: Event) -> TrainingKey | None:
    if isinstance(event, KeyAdded):
        return TrainingKey(event.originator_id, event.pool_id, event.fingerprint, event.generated)
    if state is None:
        return None
    now = state
    match event:
        case KeyHeld() | KeyReserved():
            now = state._replace(state="reserved", person_id=event.person_id)
        case KeyRedeemed():
            now = state._replace(state="redeemed", person_id=event.person_id, assignment_id=event.assignment_id)
        case KeyReleased():
            now = _unused(state)
        case KeyRevoked():
            now = state._replace(state="revoked", ended=event.end_assignment)
        case KeyReopened() if state.assignment_id is not None and not state.ended:
            now = state._replace(state="redeemed")
        case KeyReopened():
            now = _unused(state)
        case KeySent():
            now = state._replace(state="sent", sent=True)
        case KeyTakenBack():
            now = _unused(state._replace(sent=False))
    return now


def _unused(state: TrainingKey) -> TrainingKey:
    """Nobody has redeemed it: it is free, or its recipient's."""
    return state._replace(state="sent" if state.sent else "free", person_id=None, assignment_id=None, ended=False)


def _redemption(state: Redemption | None, event: Event) -> Redemption | None:
    return Redemption(event.assignment_id, event.pool_id) if isinstance(event, KeyRedeemed) else state


def _assignment(event: Event) -> Key:
    assert isinstance(event, KeyRedeemed)
    return (event.assignment_id.int,)


POOL = PeriodTable(
    "pool",
    Pool,
    key=("pool_id",),
    events=(PoolDescribed,),
    key_of=stream,
    evolve=_pool,
    opens=first_of_stream,
)
TRAINING_KEY = PeriodTable(
    "training_key",
    TrainingKey,
    key=("key_id",),
    events=(
        KeyAdded,
        KeyHeld,
        KeyReserved,
        KeyRedeemed,
        KeyReleased,
        KeyRevoked,
        KeyReopened,
        KeySent,
        KeyTakenBack,
    ),
    key_of=stream,
    evolve=_key,
    opens=first_of_stream,
)
REDEMPTION = PeriodTable(
    "redemption",
    Redemption,
    key=("assignment_id",),
    events=(KeyRedeemed,),
    key_of=_assignment,
    evolve=_redemption,
    opens=lambda event: isinstance(event, KeyRedeemed),
)
