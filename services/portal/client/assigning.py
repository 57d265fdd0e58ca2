"""What pages command of assigning people one by one, and what they read of its results (ASG-4, ASG-5)."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Reply

ENROLLMENT = "/api/enrollment"


class Row(Reply):
    """A person and an offering: assigned, or refused for a `kind` of reason."""

    offering_id: UUID
    offering: str | None = None
    name: str | None = None
    target_id: UUID | None = None
    person_id: UUID | None = None
    kind: str = ""

    @property
    def person(self) -> UUID | None:
        return self.target_id or self.person_id


class Assigned(Reply):
    """What was created and what was refused, row by row, and the jobs that enrol."""

    created: tuple[Row, ...] = ()
    refused: tuple[Row, ...] = ()
    jobs: tuple[UUID, ...] = ()


class _Preview(Reply):
    id: UUID


def assign_people(ask: Asking, body: Mapping[str, JsonValue], key: str) -> Assigned:
    return Assigned.model_validate(ask.send("POST", f"{ENROLLMENT}/assignments", body, key).result)


def preview_people(ask: Asking, body: Mapping[str, JsonValue], key: str) -> UUID:
    """The preview of assigning them."""
    return ask.post(_Preview, f"{ENROLLMENT}/previews", {"action": "assign-people", **body}, key).id
