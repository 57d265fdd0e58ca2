"""What pages read of reports."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import httpx
from pydantic import JsonValue, RootModel

from services.portal.client.asking import Asking, Listed, Reply, ServiceProblem

ASSIGNMENTS = "/api/reporting/learner-assignments"
MEMBERSHIP = "/api/reporting/membership"


class Membership(Reply):
    """A learner on an offering because of one assignment."""

    first_name: str | None = None
    last_name: str | None = None
    home_organisation: str | None = None
    offering_title: str | None = None
    assignment_type_label: str | None = None
    assignment_name: str | None = None
    state: str | None = None
    assigned_at: datetime


class OnOffering(Membership):
    """The same, as the page of an offering shows it."""

    person_id: UUID
    assignment_type: str | None = None
    due_on: date | None = None

    @property
    def name(self) -> str:
        return f"{self.first_name or ''} {self.last_name or ''}".strip()


class LearnerAssignment(Reply):
    """A learner and an assignment that holds or held them; what was made by one course assignment of an administrator."""

    number: int
    enrollment_id: str
    assignment_id: str
    first_name: str | None = None
    last_name: str | None = None
    offering_title: str | None = None
    offering_kind: str | None = None
    type_label: str | None = None
    name: str | None = None
    status: str
    state: str | None = None
    created_at: datetime
    ended_at: datetime | None = None


class RecordedTerm(Reply):
    """One term of a learner on an offering, which may be long over (LRN-5)."""

    offering_id: UUID
    offering_title: str | None = None
    offering_kind: str | None = None
    term: int
    state: str
    assigned_at: datetime | None = None
    due_on: date | None = None
    completed_at: datetime | None = None
    valid_until: date | None = None
    expired: bool = False
    serial: str | None = None
    assignment_types: str | None = None
    """As reports call them, with commas; so are the names."""
    assignment_names: str | None = None


class _Count(Reply):
    total: int


class _Parts(Reply):
    counts: dict[str, int]


class ReportColumn(Reply):
    """A column of a report; its name is the key of its label."""

    name: str
    kind: str
    choices: list[str]


class ReportFilter(ReportColumn):
    """A filter. `refers`: what an id belongs to. `personal`: never in an address."""

    several: bool = False
    refers: str | None = None
    personal: bool = False


class ReportSource(Reply):
    """What a report says of itself. `may`: whoever looks may read it. `parts`: by what its rows are counted for its chart."""

    name: str
    permission: str
    may: bool
    columns: list[ReportColumn]
    filters: list[ReportFilter]
    sorts: list[str]
    sort: str
    parts: list[str]
    formats: list[str]


class ReportRow(RootModel[dict[str, JsonValue]]):
    """A value for each column."""


def sources(ask: Asking) -> list[ReportSource]:
    return ask.every(ReportSource, "/api/reporting/sources")


def report_rows(ask: Asking, name: str, question: Mapping[str, JsonValue]) -> Listed[ReportRow]:
    return ask.sought(ReportRow, f"/api/reporting/{name}/search", question)


def report_total(ask: Asking, name: str, question: Mapping[str, JsonValue]) -> int:
    return ask.post(_Count, f"/api/reporting/{name}/count", question).total


def report_parts(ask: Asking, name: str, question: Mapping[str, JsonValue]) -> dict[str, int]:
    """How many rows there are of each value of `by`, which the question names or not."""
    return ask.post(_Parts, f"/api/reporting/{name}/parts", question).counts


def report_file(ask: Asking, name: str, format: str, question: Mapping[str, JsonValue]) -> httpx.Response:
    """Whoever passes it on closes it."""
    return ask.stream(f"/api/reporting/{name}.{format}", question)


def on_offering(
    ask: Asking, sought: Mapping[str, JsonValue], cursor: str, at_least: str | None
) -> tuple[Listed[OnOffering], bool]:
    """By the names of the learners; and whether it is older than was asked for."""
    asked: dict[str, JsonValue] = {**sought, "sort": "person", "cursor": cursor or None}
    try:
        return ask.sought(OnOffering, f"{MEMBERSHIP}/search", {**asked, "at_least": at_least}), False
    except ServiceProblem as problem:
        if at_least is None or problem.status != 503:
            raise
        return ask.sought(OnOffering, f"{MEMBERSHIP}/search", asked), True


def on_offering_total(ask: Asking, sought: Mapping[str, JsonValue]) -> int:
    return ask.post(_Count, f"{MEMBERSHIP}/count", sought).total


def record_of(ask: Asking, person: UUID, kind: str, cursor: str) -> Listed[RecordedTerm]:
    """Of one person, the last change first. `kind`: empty for every kind."""
    sought: dict[str, JsonValue] = {"person_id": str(person), "kind": [kind] if kind else [], "cursor": cursor or None}
    return ask.sought(RecordedTerm, "/api/reporting/record-of-learning/search", {**sought, "limit": 50})


def find_assignments(ask: Asking, sought: Mapping[str, JsonValue]) -> Listed[LearnerAssignment]:
    return ask.sought(LearnerAssignment, f"{ASSIGNMENTS}/search", sought)


def learner_assignment(ask: Asking, number: int, at_least: str | None) -> tuple[LearnerAssignment, bool]:
    """And whether it is older than was asked for."""
    address = f"{ASSIGNMENTS}/{number}"
    try:
        return ask.one(LearnerAssignment, address, {"at_least": at_least}), False
    except ServiceProblem as problem:
        if at_least is None or problem.status != 503:
            raise
        return ask.one(LearnerAssignment, address), True
