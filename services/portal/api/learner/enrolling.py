"""Coming to an offering by oneself, and leaving it again (GRP-3, GRP-5, GRP-8, ENR-3)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.learner.offering import found_offering
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.learning import (
    GroupChoice,
    Leaving,
    Offering,
    Source,
    enrol,
    groups,
    leave,
    leaving,
    sources,
)
from services.portal.rendering import Show
from shared.limits import Line

router = APIRouter(prefix="/offerings/{id}")


@dataclass(frozen=True)
class EnrolView:
    """`choices`: the groups that can be joined; `chosen`: the one to confirm; `direct`: one may enrol without a group."""

    template: ClassVar[str] = "learner/enrol.html"
    found: Offering
    choices: list[GroupChoice]
    chosen: GroupChoice | None
    direct: bool
    refused: ServiceProblem | None


@dataclass(frozen=True)
class DetailsView:
    template: ClassVar[str] = "learner/details.html"
    found: Offering
    sources: list[Source]
    refused: ServiceProblem | None


@dataclass(frozen=True)
class WithdrawView:
    """`leaving`: what it would do."""

    template: ClassVar[str] = "learner/withdraw.html"
    found: Offering
    assignment_id: str
    leaving: Leaving


@router.get("/enrol")
def choose(ask: Ask, show: ShowDep, id: UUID, group: Annotated[Line, Query()] = "") -> Response:
    """Which group, where there are several; then the confirmation."""
    return _choosing(ask, show, id, group)


def _choosing(ask: Asking, show: Show, id: UUID, group: str = "", refused: ServiceProblem | None = None) -> Response:
    listed = ask.begin(lambda: groups(ask, str(id)))
    found, _ = found_offering(ask, id)
    choices = [one for one in listed.result() if not one.member]
    direct = found.standing.next_action in ("enrol", "purchase") and not found.standing.groups_to_join
    chosen = next((one for one in choices if one.assignment_id == group), None)
    if len(choices) == 1 and not direct:
        chosen = choices[0]
    return show(EnrolView(found, choices, chosen, direct, refused), refused.status if refused else 200)


@router.post("/enrol")
def enrolling(
    ask: Ask,
    show: ShowDep,
    id: UUID,
    key: Annotated[UUID, Form()],
    group: Annotated[Line, Form()] = "",
    alone: Annotated[bool, Form()] = False,
) -> Response:
    """What the learner has confirmed; where there are groups and none was chosen, the choice. `alone`: without a group."""
    if not group and not alone and any(not one.member for one in groups(ask, str(id))):
        return show.go(f"/offerings/{id}/enrol")
    try:
        enrol(ask, str(id), group, str(key))
    except ServiceProblem as problem:
        if problem.kind == "choose-group":
            return show.go(f"/offerings/{id}/enrol")
        return _choosing(ask, show, id, group, refused_in(problem))
    return show.go(f"/offerings/{id}", said="enrolled")


@router.get("/details")
def details(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _details(ask, show, id)


def _details(ask: Asking, show: Show, id: UUID, refused: ServiceProblem | None = None) -> Response:
    found, _ = found_offering(ask, id)
    listed = sources(ask, found.standing.id) if found.standing.status != "not-enrolled" else []
    return show(DetailsView(found, listed, refused), refused.status if refused else 200)


@router.get("/withdraw/{assignment}")
def confirm_withdrawal(ask: Ask, show: ShowDep, id: UUID, assignment: UUID) -> Response:
    asked = ask.begin(lambda: leaving(ask, str(assignment)))
    found, _ = found_offering(ask, id)
    try:
        told = asked.result()
    except ServiceProblem as problem:
        return _details(ask, show, id, refused_in(problem))
    if told is None:
        return show.go(f"/offerings/{id}")
    return show(WithdrawView(found, str(assignment), told))


@router.post("/withdraw/{assignment}")
def withdraw(ask: Ask, show: ShowDep, id: UUID, assignment: UUID, key: Annotated[UUID, Form()]) -> Response:
    """Leads to what can still be seen of it: a hidden offering is gone with the enrollment."""
    try:
        leave(ask, str(assignment), str(key))
    except ServiceProblem as problem:
        return _details(ask, show, id, refused_in(problem))
    try:
        found_offering(ask, id)
    except ServiceProblem as problem:
        if problem.status != 404:
            raise
        return show.go("/", said="withdrawn")
    return show.go(f"/offerings/{id}", said="withdrawn")
