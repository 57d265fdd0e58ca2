"""What pages read and command of assignments of an offering, and of previews."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Params, Receipt, Reply

E = "/api/enrollment"


class DueRule(Reply):
    """When the learners of an assignment have to be done (DUE-1)."""

    kind: str
    on: date | None = None
    amount: int = 0
    unit: str = ""
    field: str | None = None
    time: str | None = None


class Counts(Reply):
    active: int
    date_pending: int
    held: int
    refused: int


class Assignment(Reply):
    """An assignment of an offering, with its four counts (ASG-17). `name` None: of a person who has none here any more."""

    id: UUID
    offering_id: UUID
    type: str
    target_id: UUID
    name: str | None = None
    include_below: bool = False
    created_at: datetime
    required: bool | None = None
    access_days: int | None = None
    due_rule: DueRule | None = None
    counts: Counts

    @property
    def ends_here(self) -> bool:
        """What comes with a job role is removed where that is."""
        return self.type != "job-role"


class AssignedLearner(Reply):
    """One learner of an assignment; `excluded`: kept away until allowed again, `held`: an administrator has to decide first."""

    person_id: UUID
    name: str | None = None
    excluded: bool
    held: bool


class Emails(Reply):
    count: int
    notifications: tuple[str, ...]


class ItemWarning(Reply):
    """An item of a qualification that so many of those who would be enrolled do not see."""

    title: str
    reason: str
    learners: int


class Preview(Reply):
    """What would happen; `offering_id` None: to several offerings or the qualifications of a job role, whose numbers
    are sums. `refused`: who cannot be assigned, each for one offering. `state`: ready, or of a selection counting or
    refused, `counted` of `selected` people so far."""

    id: UUID
    action: str
    assignments: int = 1
    offerings: int = 1
    offering_id: UUID | None = None
    kind: str
    title: str
    people: int
    enrolled: int = 0
    source_added: int = 0
    held_by_exceptions: int = 0
    excluded: int = 0
    withdrawn: int = 0
    source_removed: int = 0
    kept_without_source: int = 0
    dates_moved: int = 0
    refused: int = 0
    access_until: date | None = None
    emails: Emails
    warnings: tuple[str, ...] = ()
    item_warnings: tuple[ItemWarning, ...] = ()
    created_at: datetime
    state: str = "ready"
    job: UUID | None = None
    counted: int = 0
    selected: int | None = None
    refusal: str | None = None


class PreviewLearner(Reply):
    person_id: UUID


class Row(Reply):
    """What became of one person that was to be assigned. `detail`: why not."""

    name: str | None = None
    detail: str = ""


class Result(Reply):
    created: tuple[Row, ...] = ()
    refused: tuple[Row, ...] = ()


def assignments(ask: Asking, offering: UUID, type: str = "", cursor: str = "") -> Listed[Assignment]:
    """Those of an offering that were not removed, oldest first."""
    asked = {"offering_id": str(offering), "type": type, "cursor": cursor}
    return ask.listed(Assignment, f"{E}/assignments", asked)


def assigned(ask: Asking, offering: UUID, type: str, targets: Sequence[UUID]) -> dict[UUID, UUID]:
    """Which of these targets have an assignment on the offering already, each with that one."""
    if not targets:
        return {}
    ids = [str(id) for id in targets]
    asked: Params = {"offering_id": str(offering), "type": type, "target_id": ids, "limit": 500}
    return {one.target_id: one.id for one in ask.listed(Assignment, f"{E}/assignments", asked).items}


def assignment(ask: Asking, id: UUID) -> Assignment:
    return ask.one(Assignment, f"{E}/assignments/{id}")


def learners(ask: Asking, id: UUID, cursor: str) -> Listed[AssignedLearner]:
    return ask.listed(AssignedLearner, f"{E}/assignments/{id}/learners", {"cursor": cursor})


def preview(ask: Asking, id: UUID) -> Preview:
    return ask.one(Preview, f"{E}/previews/{id}")


def preview_learners(ask: Asking, id: UUID, what: str, cursor: str) -> Listed[PreviewLearner]:
    return ask.listed(PreviewLearner, f"{E}/previews/{id}/learners", {"what": what, "cursor": cursor})


def preview_adding(ask: Asking, body: Mapping[str, JsonValue]) -> Preview:
    return ask.post(Preview, f"{E}/previews", {"action": "assign", **body})


def preview_removing(ask: Asking, id: UUID) -> Preview:
    return ask.post(Preview, f"{E}/previews", {"action": "remove", "assignment_ids": [str(id)]})


def confirm(ask: Asking, id: UUID, body: Mapping[str, JsonValue], key: str, emails: str) -> tuple[Receipt, str | None]:
    """Do what a preview showed; its e-mails are sent, held or silenced. With the job, where it takes longer than somebody waits
    for a page."""
    return ask.choosing(emails).begun(f"{E}/previews/{id}/confirm", body, key)


def assign_people(ask: Asking, body: Mapping[str, JsonValue], key: str) -> tuple[Receipt, Result]:
    """Individually, at once (ASG-8), with what became of each."""
    receipt, _ = ask.begun(f"{E}/assignments", body, key)
    return receipt, Result.model_validate(receipt.result or {})
