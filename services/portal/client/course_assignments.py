"""What pages command of assignments, one by one or from a file, and of completions by hand."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Receipt, Reply, ServiceProblem
from services.portal.client.reporting import LearnerAssignment, find_assignments

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Created(Reply):
    assignment_id: UUID


class Refused(Reply):
    """A row that was not carried out; `assignment_id`: the one that is there already."""

    kind: str
    detail: str
    assignment_id: UUID | None = None


class Assigned(Reply):
    """What became of each row."""

    created: tuple[Created, ...]
    refused: tuple[Refused, ...]


class ImportRow(Reply):
    """What becomes of a row of the file, which is numbered as the spreadsheet program does."""

    row: int
    outcome: str
    detail: str | None = None


class Imported(Reply):
    """What an import does, or would do: how many rows have each outcome, and every row."""

    dry_run: bool
    heading: int | None = None
    limit: int
    counts: dict[str, int]
    rows: tuple[ImportRow, ...]

    @property
    def left_out(self) -> list[ImportRow]:
        return [one for one in self.rows if one.outcome != "assigned"]


def assign(ask: Asking, body: Mapping[str, JsonValue], key: str) -> tuple[Receipt, Assigned]:
    receipt = ask.send("POST", "/api/enrollment/assignments", body, key)
    return receipt, Assigned.model_validate(receipt.result)


def of_assignment(ask: Asking, id: UUID, at_least: str | None) -> LearnerAssignment | None:
    """Its learner's share of an assignment to one person; None: it holds nobody (yet)."""
    try:
        found = find_assignments(ask, {"assignment_id": str(id), "at_least": at_least, "limit": 1})
    except ServiceProblem as problem:
        if problem.status != 503:
            raise
        return None
    return next(iter(found.items), None)


def import_learners(ask: Asking, offering: UUID, file: bytes, key: str, *, dry_run: bool) -> tuple[Receipt, Imported]:
    path = f"/api/enrollment/offerings/{offering}/learners/import"
    receipt = ask.upload(path, file, XLSX, params={"dry_run": dry_run or None}, key=key)
    return receipt, Imported.model_validate(receipt.result)


def record_completion(ask: Asking, body: Mapping[str, JsonValue], key: str) -> Receipt:
    return ask.send("POST", "/api/enrollment/completions", body, key)
