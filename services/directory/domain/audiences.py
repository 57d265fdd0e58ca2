"""Audiences (DIR-6): a list of members, by hand or by a rule, changed in events of at most 500 people."""

from collections.abc import Iterable
from uuid import UUID

from shared.contracts.directory import (
    AudienceCreated,
    AudienceMembersAdded,
    AudienceMembersRemoved,
    AudienceRemoved,
    AudienceRule,
    AudienceRuled,
)
from shared.errors import Conflict, Invalid
from shared.events import Event

PEOPLE_IN_EVENT = 500


def create(id: UUID, name: str, external_id: str | None) -> AudienceCreated:
    return AudienceCreated(originator_id=id, originator_version=1, name=name, external_id=external_id)


def rule(id: UUID, version: int, wanted: AudienceRule, before: AudienceRule | None) -> tuple[Event, ...]:
    """Another rule; nothing when it is the same."""
    if wanted == AudienceRule():
        raise Invalid(
            "A rule must have at least one condition; without one, everybody would be a member.", field="rule"
        )
    if any(len(c) != 2 or not c.isascii() or not c.isupper() for c in wanted.countries):
        raise Invalid("A country code has two capital letters, such as SE.", field="rule.countries")
    return () if wanted == before else (AudienceRuled.unchecked_next(id, version, {"rule": wanted}),)


def remove(id: UUID, version: int, members: Iterable[UUID], assignments: int) -> tuple[Event, ...]:
    """Everybody leaves, and it is gone. Refused while it has assignments (ASG-10)."""
    if assignments:
        raise Conflict(
            f"This audience still has {assignments} assignments. First preview their removal and confirm it: "
            "POST /api/enrollment/previews with action 'remove'.",
            kind="audience-has-assignments",
            assignments=assignments,
        )
    left = change_members(id, version, (), members)
    return (*left, AudienceRemoved.unchecked_next(id, version + len(left), {}))


def change_members(id: UUID, version: int, joined: Iterable[UUID], left: Iterable[UUID]) -> tuple[Event, ...]:
    """Who is not a member yet joins, who is one leaves; the caller has sorted out the others."""
    events: list[Event] = []
    for cls, people in ((AudienceMembersRemoved, sorted(left)), (AudienceMembersAdded, sorted(joined))):
        for first in range(0, len(people), PEOPLE_IN_EVENT):
            part = tuple(people[first : first + PEOPLE_IN_EVENT])
            events.append(cls.unchecked_next(id, version + len(events), {"people": part}))
    return tuple(events)
