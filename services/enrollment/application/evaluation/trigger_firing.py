"""What triggers do about people is put on record before their grants are judged (TRG-1, TRG-2)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from services.enrollment.domain import triggers as trigger_rules
from services.enrollment.domain.triggers import Trigger, TriggerState, standing_id
from services.enrollment.projections import trigger_matching, triggers
from services.enrollment.projections.tables import QUEUE_ENTRY, TRIGGER_STANDING, TriggerRow
from services.enrollment.projections.trigger_matching import Turn
from shared.contracts.enrollment import TriggerFired
from shared.database import Database
from shared.events import Meta
from shared.store import STREAM, SUBJECT, CohortDecision, Decision, Row, Store


def fire(
    database: Database,
    store: Store,
    people: Sequence[UUID],
    meta: Callable[[UUID], Meta],
    applied: Sequence[UUID] = (),
) -> list[UUID]:
    """Let all triggers follow what the facts say of these people; `applied`: these also where it was so before.

    Returns who was overtaken. Idempotent: what is on record is not found again.
    """
    with database.connection() as conn:
        if not trigger_matching.any_there(conn):
            return []
        found = trigger_matching.turns(conn, people, applied)
        known = {id: to_trigger(row) for id, row in triggers.rows(conn, {turn.trigger for turn in found}).items()}
    acts, still = [], []
    for turns in _alike(found):
        alike = list(_acts(known[turns[0].trigger], turns, meta, applied))
        acts += alike
        still += [] if alike else turns
    overtaken = store.append_cohorts([store.encode(one) for one in acts])
    if still:
        with database.transaction() as conn:
            trigger_matching.remember(conn, still)
    return overtaken


def taking_back(store: Store, triggers: Mapping[UUID, Trigger], turns: Sequence[Turn], meta: Meta) -> None:
    """Take back from these people what the triggers gave them, whether the condition is true or not."""
    acts: list[CohortDecision] = []
    for alike in _alike(turns):
        on = replace(triggers[alike[0].trigger], taken_back=True)
        acts += _acts(on, alike, lambda _: meta, ())
    store.append_cohorts([store.encode(one) for one in acts])


def to_trigger(row: TriggerRow) -> Trigger:
    """As the rules know it."""
    return Trigger(
        id=row.id,
        version=row.revision,
        name=row.name,
        when=row.when,
        assignment=row.assignment,
        offering=row.offering,
        job_role=row.job_role,
        undo=row.undo,
        live=row.live,
        taken_back=row.taken_back,
    )


def _alike(turns: Sequence[Turn]) -> list[list[Turn]]:
    """Those who stand alike with a trigger."""
    groups: dict[object, list[Turn]] = {}
    for turn in turns:
        key = turn._replace(person=STREAM, queued=0)
        groups.setdefault(key, []).append(turn)
    return list(groups.values())


def _acts(
    trigger: Trigger, turns: Sequence[Turn], meta: Callable[[UUID], Meta], applied: Sequence[UUID]
) -> Iterator[CohortDecision]:
    """What the trigger does about them, by what caused it; nothing where there is nothing to do."""
    like = turns[0]
    standing = TriggerState(STREAM, SUBJECT, version=like.version, met=like.was_met, fired=like.fired)
    event = trigger_rules.follow(trigger, standing, met=like.met, applied=trigger.id in applied)
    if event is None:
        return
    row = Row(
        TRIGGER_STANDING, (trigger.id, SUBJECT, event.originator_version, like.met, isinstance(event, TriggerFired))
    )
    of: dict[int, tuple[Meta, list[Turn]]] = {}
    for turn in turns:
        cause = meta(turn.person)
        of.setdefault(id(cause), (cause, []))[1].append(turn)
    for cause, them in of.values():
        decision = (
            Decision((event,), cause, updated=(row,)) if like.known else Decision((event,), cause, inserted=(row,))
        )
        yield CohortDecision(
            decision=decision,
            streams=[standing_id(trigger.id, turn.person) for turn in them],
            subjects=[turn.person for turn in them],
            depends_on=QUEUE_ENTRY.name,
            revisions=[turn.queued for turn in them],
        )
