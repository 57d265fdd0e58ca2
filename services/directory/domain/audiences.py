"""Fixed audiences (DIR-6): a list of members, changed in events of at most 500 people."""

from collections.abc import Iterable
from uuid import UUID

from shared.contracts.directory import AudienceCreated, AudienceMembersAdded, AudienceMembersRemoved
from shared.events import Event

PEOPLE_IN_EVENT = 500


def create(id: UUID, name: str, external_id: str | None) -> AudienceCreated:
    return AudienceCreated(originator_id=id, originator_version=1, name=name, external_id=external_id)


def change_members(id: UUID, version: int, joined: Iterable[UUID], left: Iterable[UUID]) -> tuple[Event, ...]:
    """Who is not a member yet joins, who is one leaves; the caller has sorted out the others."""
    events: list[Event] = []
    for cls, people in ((AudienceMembersRemoved, sorted(left)), (AudienceMembersAdded, sorted(joined))):
        for first in range(0, len(people), PEOPLE_IN_EVENT):
            part = tuple(people[first : first + PEOPLE_IN_EVENT])
            events.append(cls.next_of(id, version + len(events), {"people": part}))
    return tuple(events)
