"""What pages read and command of groups (GRP-1, GRP-2, GRP-4)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Receipt, Reply


class DueRule(Reply):
    kind: str
    on: str | None = None
    amount: int | None = None
    unit: str | None = None
    time: str | None = None


class Group(Reply):
    """A group as administrators see it; `opens` and `closes` as they are told."""

    assignment_id: UUID
    offering_id: UUID
    name: str
    description: str = ""
    allow_enrol: bool
    allow_withdraw: bool
    opens: str | None = None
    closes: str | None = None
    due: DueRule | None = None
    revision: int
    joined: int = 0
    added: int = 0
    held: int = 0

    @property
    def members(self) -> int:
        return self.joined + self.added


class Member(Reply):
    person_id: UUID
    name: str | None = None
    joined_by: str


class Refused(Reply):
    """Somebody who could not be added."""

    name: str | None = None
    kind: str
    detail: str


class Added(Reply):
    added: tuple[JsonValue, ...] = ()
    refused: tuple[Refused, ...] = ()


class _Made(Reply):
    assignment_id: UUID


def group(ask: Asking, id: UUID) -> Group:
    return ask.one(Group, f"/api/enrollment/groups/{id}")


def members(ask: Asking, id: UUID, cursor: str) -> Listed[Member]:
    return ask.listed(Member, f"/api/enrollment/groups/{id}/members", {"cursor": cursor})


def create(ask: Asking, offering: UUID, body: Mapping[str, JsonValue], key: str) -> tuple[Receipt, UUID]:
    receipt = ask.send("POST", f"/api/enrollment/offerings/{offering}/groups", body, key)
    return receipt, _Made.model_validate(receipt.result).assignment_id


def edit(ask: Asking, id: UUID, body: Mapping[str, JsonValue], version: int, key: str) -> Receipt:
    return ask.send("PUT", f"/api/enrollment/groups/{id}", body, key, version=version)


def set_due(ask: Asking, id: UUID, due: JsonValue, version: int, key: str) -> Receipt:
    return ask.send("PUT", f"/api/enrollment/assignments/{id}/due", {"due": due}, key, version=version)


def add(ask: Asking, id: UUID, people: Sequence[UUID], key: str) -> tuple[Receipt, Added]:
    body: dict[str, JsonValue] = {"people": [str(one) for one in people]}
    receipt = ask.send("POST", f"/api/enrollment/groups/{id}/members", body, key)
    return receipt, Added.model_validate(receipt.result)


def remove(ask: Asking, id: UUID, person: UUID, key: str) -> Receipt:
    return ask.send("DELETE", f"/api/enrollment/groups/{id}/members/{person}", None, key)
