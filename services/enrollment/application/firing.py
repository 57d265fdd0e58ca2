"""What triggers do about people is put on record before their grants are judged (TRG-1, TRG-2)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from services.enrollment.domain import triggers as rules
from services.enrollment.domain.triggers import Standing, Trigger, standing_id
from services.enrollment.projections import triggering, triggers
from services.enrollment.projections.state import TRIGGER_STANDING
from services.enrollment.projections.triggering import Turn
from services.enrollment.projections.triggers import TriggerRow
from shared.contracts.enrollment import TriggerFired
from shared.database import Database
from shared.events import Meta
from shared.store import STREAM, SUBJECT, Alike, Decision, Row, Store


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
        if not triggering.any_there(conn):
            return []
        found = triggering.turns(conn, people, applied)
        known = {id: trigger(row) for id, row in triggers.rows(conn, {turn.trigger for turn in found}).items()}
    acts, still = [], []
    for turns in _alike(found):
        alike = list(_acts(known[turns[0].trigger], turns, meta, applied))
        acts += alike
        still += [] if alike else turns
    overtaken = store.append_alike([store.encode(one) for one in acts])
    if still:
        with database.transaction() as conn:
            triggering.remember(conn, still)
    return overtaken


def taking_back(store: Store, known: Mapping[UUID, Trigger], turns: Sequence[Turn], meta: Meta) -> None:
    """Take back from these people what the triggers gave them, whether the condition is true or not."""
    acts: list[Alike] = []
    for alike in _alike(turns):
        on = replace(known[alike[0].trigger], taken_back=True)
        acts += _acts(on, alike, lambda _: meta, ())
    store.append_alike([store.encode(one) for one in acts])


def trigger(row: TriggerRow) -> Trigger:
    """As the rules know it."""
    given = (row.assignment, row.offering, row.job_role)
    return Trigger(row.id, row.revision, row.name, row.when, *given, row.undo, row.live, row.taken_back)


def _alike(turns: Sequence[Turn]) -> list[list[Turn]]:
    """Those who stand alike with a trigger."""
    groups: dict[object, list[Turn]] = {}
    for turn in turns:
        key = turn._replace(person=STREAM, dirty=0)
        groups.setdefault(key, []).append(turn)
    return list(groups.values())


def _acts(on: Trigger, turns: Sequence[Turn], meta: Callable[[UUID], Meta], applied: Sequence[UUID]) -> Iterator[Alike]:
    """What the trigger does about them, by what caused it; nothing where there is nothing to do."""
    like = turns[0]
    standing = Standing(STREAM, SUBJECT, like.version, like.was_met, like.fired)
    event = rules.follow(on, standing, met=like.met, applied=on.id in applied)
    if event is None:
        return
    row = Row(TRIGGER_STANDING, (on.id, SUBJECT, event.originator_version, like.met, isinstance(event, TriggerFired)))
    of: dict[int, tuple[Meta, list[Turn]]] = {}
    for turn in turns:
        cause = meta(turn.person)
        of.setdefault(id(cause), (cause, []))[1].append(turn)
    for cause, them in of.values():
        decision = Decision((event,), cause, changed=(row,)) if like.known else Decision((event,), cause, new=(row,))
        yield Alike(
            decision,
            [standing_id(on.id, turn.person) for turn in them],
            [turn.person for turn in them],
            "dirty",
            [turn.dirty for turn in them],
        )
