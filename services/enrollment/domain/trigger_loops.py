"""Triggers that would cause one another (TRG-3).

What leads to what: a trigger from its condition to what it gives; a job role to its qualifications; being assigned to an
offering to completing it; completing an item or a course to completing the qualification or certification that it is part of.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from services.enrollment.domain.triggers import Trigger


class Node(NamedTuple):
    """Something that becomes true of a person."""

    what: Literal["holds", "assigned", "completed"]
    id: UUID


class Edge(NamedTuple):
    """One thing leads to another; by this trigger, or else by what the catalog says."""

    source: Node
    target: Node
    trigger: UUID | None = None


def edge(trigger: Trigger) -> Edge | None:
    """None for a condition that nothing here can bring about."""
    when = trigger.when
    if when.target_id is None or when.kind not in ("job-role", "completion"):
        return None
    source = Node("holds" if when.kind == "job-role" else "completed", when.target_id)
    given = trigger.job_role or trigger.offering
    assert given is not None
    return Edge(source, Node("holds" if trigger.job_role else "assigned", given), trigger.id)


def edges(
    triggers: Iterable[Trigger], links: Mapping[UUID, Iterable[UUID]], parts: Mapping[UUID, Iterable[UUID]]
) -> list[Edge]:
    """Of these triggers; of job roles' qualifications (`links`); of offerings' items and courses (`parts`)."""
    found = [one for trigger in triggers if (one := edge(trigger))]
    for role, qualifications in links.items():
        found += [Edge(Node("holds", role), Node("assigned", id)) for id in qualifications]
    for whole, members in parts.items():
        found += [Edge(Node("completed", id), Node("completed", whole)) for id in members]
    offerings = {node.id for one in found for node in (one.source, one.target) if node.what != "holds"}
    return found + [Edge(Node("assigned", id), Node("completed", id)) for id in sorted(offerings)]


def loop(edges: Sequence[Edge], trigger: UUID) -> tuple[UUID, ...]:
    """The triggers of a shortest loop through this one, itself first; empty where there is none."""
    leads: dict[Node, list[Edge]] = {}
    for one in edges:
        leads.setdefault(one.source, []).append(one)
    (first,) = [one for one in edges if one.trigger == trigger]
    paths: dict[Node, tuple[UUID, ...]] = {first.target: (trigger,)}
    waiting = [first.target]
    for node in waiting:
        if node == first.source:
            return paths[node]
        for one in leads.get(node, ()):
            if one.target not in paths:
                paths[one.target] = paths[node] + ((one.trigger,) if one.trigger else ())
                waiting.append(one.target)
    return ()
