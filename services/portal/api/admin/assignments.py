"""Find assignments learner by learner, see one, cancel it or shorten its access (ASG-16, ASG-15, ASG-14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, JsonValue

from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, AtLeast, SealerDep, ShowDep, SignedIn, refused_in
from services.portal.client.asking import Asking, Listed, ServiceProblem
from services.portal.client.catalog import Offering, offerings_meant
from services.portal.client.enrollment import OwnAssignment, holding
from services.portal.client.reporting import LearnerAssignment, find_assignments, learner_assignment
from services.portal.rendering import Show
from shared.contracts.enrollment import AssignmentType
from shared.limits import Cursor, Line, Number, Remark, Sought

router = APIRouter(prefix="/admin/assignments")

TYPES = get_args(AssignmentType)
STATUSES = ("active", "expired", "cancelled", "ended")


class SoughtForm(BaseModel):
    """What to look for; what is empty narrows nothing."""

    first_name: Sought = ""
    last_name: Sought = ""
    offering: Sought = ""
    offering_id: Line = ""
    type: Line = ""
    status: Line = ""
    created_from: Line = ""
    created_until: Line = ""

    def given(self) -> dict[str, JsonValue]:
        several, told = {"type", "status"}, self.model_dump(exclude={"offering"})
        return {name: [value] if name in several else value for name, value in told.items() if value}

    @property
    def anything(self) -> bool:
        return any(self.model_dump().values())

    def meaning(self, offerings: Sequence[Offering]) -> "SoughtForm":
        """With the offering that its title means, where it means one of these."""
        ids = [one.id for one in offerings]
        chosen = ids[0] if len(ids) == 1 else self.offering_id if self.offering_id in ids else ""
        return self.model_copy(update={"offering_id": chosen})


@dataclass(frozen=True)
class FindView:
    """`offerings`: those that the title may mean; `following`: the address of the next page."""

    template: ClassVar[str] = "admin/assignments.html"
    asked: SoughtForm
    found: Listed[LearnerAssignment]
    offerings: list[Offering]
    types: tuple[str, ...]
    statuses: tuple[str, ...]
    following: str | None


@dataclass(frozen=True)
class AssignmentView:
    """`own`: what enrollment says of it now, None: it does not hold the learner any more; `late`: a change is not in it yet."""

    template: ClassVar[str] = "admin/assignment.html"
    found: LearnerAssignment
    own: OwnAssignment | None
    late: bool
    refused: ServiceProblem | None


@router.get("")
def find(
    ask: Ask, show: ShowDep, sealer: SealerDep, s: Question = "", cursor: Annotated[Cursor, Query()] = ""
) -> Response:
    sought = the_question(sealer, s, SoughtForm)
    meant = offerings_meant(ask, sought.offering) if sought.offering else []
    asked = sought.meaning(meant)
    nowhere = bool(asked.offering and not meant)
    given = {**asked.given(), **({"cursor": cursor} if cursor else {})}
    found = Listed[LearnerAssignment]([], None) if nowhere else find_assignments(ask, given)
    query = {"s": s, "cursor": found.next} if s else {"cursor": found.next}
    following = f"{router.prefix}?{urlencode(query)}" if found.next else None
    return show(FindView(asked, found, meant, TYPES, STATUSES, following))


@router.post("")
def seek(_: SignedIn, show: ShowDep, sealer: SealerDep, asked: Annotated[SoughtForm, Form()]) -> Response:
    """By names, too: so the question is sealed before it is in an address (DIR-9)."""
    return show.go(
        f"{router.prefix}?{urlencode({'s': sealed_question(sealer, asked)})}" if asked.anything else router.prefix
    )


@router.get("/{number}")
def assignment(ask: Ask, show: ShowDep, number: Number, at_least: AtLeast = None) -> Response:
    return _page(ask, show, number, at_least)


def _page(
    ask: Asking, show: Show, number: int, at_least: str | None, refused: ServiceProblem | None = None
) -> Response:
    found, late = learner_assignment(ask, number, at_least)
    own = None
    if found.ended_at is None:
        own = next((one for one in holding(ask, found.enrollment_id) if one.assignment_id == found.assignment_id), None)
    return show(AssignmentView(found, own, late, refused), refused.status if refused else 200)


def _changed(
    ask: Asking, show: Show, number: int, method: str, what: str, body: dict[str, JsonValue], key: UUID
) -> Response:
    found, _ = learner_assignment(ask, number, None)
    address = f"/api/enrollment/enrollments/{found.enrollment_id}/assignments/{found.assignment_id}/{what}"
    try:
        receipt = ask.send(method, address, body, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, number, None, refused_in(problem))
    return show.go(f"{router.prefix}/{number}", said="saved", receipt=receipt)


@router.post("/{number}/status")
def set_status(
    ask: Ask,
    show: ShowDep,
    number: Number,
    status: Annotated[Line, Form()],
    key: Annotated[UUID, Form()],
    reason: Annotated[Remark, Form()] = "",
    override: Annotated[bool, Form()] = False,
) -> Response:
    if status != "cancelled":
        return show.go(f"{router.prefix}/{number}")
    body: dict[str, JsonValue] = {"reason": reason.strip() or None, "override": override}
    return _changed(ask, show, number, "POST", "cancel", body, key)


@router.post("/{number}/access")
def set_access(
    ask: Ask,
    show: ShowDep,
    number: Number,
    key: Annotated[UUID, Form()],
    access_until: Annotated[Line, Form()] = "",
    access_days: Annotated[Line, Form()] = "",
) -> Response:
    """The field of the day has the day as it is; whoever gives a number of days means that (ASG-14)."""
    period: dict[str, JsonValue] = {"access_days": access_days} if access_days else {"access_until": access_until}
    return _changed(ask, show, number, "PUT", "access", period, key)
