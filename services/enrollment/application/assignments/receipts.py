"""Receipts with names: what was created by name of learner and offering, and what was refused (ASG-5).

A receipt is kept without them, because names are personal data (DIR-12): they are looked up whenever it is given out.
"""

from collections.abc import Sequence
from uuid import UUID

from pydantic import JsonValue

from services.enrollment.projections import names
from shared.auth import Scope
from shared.database import Database
from shared.store import Receipt

Rows = list[dict[str, JsonValue]]


def named(database: Database, scope: Scope, receipt: Receipt) -> Receipt:
    """The receipt with a name and an offering in each row, and how many rows there are. The scope says whose names are told."""
    result = receipt.result
    if not isinstance(result, dict):
        return receipt
    created, refused, taken = _rows(result, "created"), _rows(result, "refused"), _people(result)
    with database.connection() as conn:
        titles = names.of_offerings(conn, _ids(created + refused, "offering_id"))
        people = names.of_people(conn, scope, [*_ids(refused, "person_id"), *taken])
        sources = names.of_assignments(conn, _ids(created, "assignment_id"))
    told: dict[str, JsonValue] = {}
    if "created" in result:
        rows = [{**row, "name": sources.get(_id(row, "assignment_id")), **_offering(row, titles)} for row in created]
        told |= {"created": [*rows], "counts": {"created": len(created), "refused": len(refused)}}
    if "refused" in result:
        told["refused"] = [
            {**row, "name": people.get(_id(row, "person_id")), **_offering(row, titles)} for row in refused
        ]
    if taken:
        told["names"] = {str(id): people[id] for id in taken if id in people}
    return receipt.model_copy(update={"result": {**result, **told}})


def single(receipt: Receipt) -> UUID | None:
    """The assignment, where exactly one was created."""
    created = _rows(receipt.result, "created") if isinstance(receipt.result, dict) else []
    return _id(created[0], "assignment_id") if len(created) == 1 else None


def _offering(row: dict[str, JsonValue], titles: dict[UUID, str]) -> dict[str, JsonValue]:
    return {"offering": titles.get(_id(row, "offering_id"))} if "offering_id" in row else {}


def _rows(result: dict[str, JsonValue], name: str) -> Rows:
    rows = result.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _people(result: dict[str, JsonValue]) -> list[UUID]:
    """Who was taken into a group, or given a job role."""
    lists = [result.get(name) for name in ("added", "assigned")]
    return [UUID(str(id)) for one in lists if isinstance(one, list) for id in one]


def _id(row: dict[str, JsonValue], name: str) -> UUID:
    return UUID(str(row[name]))


def _ids(rows: Sequence[dict[str, JsonValue]], name: str) -> list[UUID]:
    return [_id(row, name) for row in rows if name in row]
