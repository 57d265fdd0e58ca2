"""One offering: what it is, its steps, and what whoever looks can do (LRN-7, ENR-6, ASG-13)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.visitor import Ask, AtLeast, SealerDep, ShowDep, refused_in
from services.portal.client.asking import Asking, ServiceProblem
from services.portal.client.learning import Offering, Step, begin, complete, launch, offering, standing
from services.portal.rendering import Show
from shared.limits import Place
from shared.limits.text import Text

router = APIRouter(prefix="/offerings/{id}")

ADDRESS_SECONDS = 600
"""How long the page that leads to a step knows where it is."""
Sealed = Annotated[str, Text(20_000), Query()]


@dataclass(frozen=True)
class OfferingView:
    """`late`: a change is not in it yet; `refused`: why what was just tried did not work."""

    template: ClassVar[str] = "learner/offering.html"
    found: Offering
    late: bool
    refused: ServiceProblem | None


@dataclass(frozen=True)
class LaunchView:
    """`address`: where the step is; None: it has none, or that was long ago."""

    template: ClassVar[str] = "learner/launch.html"
    found: Offering
    step: Step
    address: str | None


def found_offering(ask: Asking, id: UUID, at_least: str | None = None) -> tuple[Offering, bool]:
    """And whether it is older than was asked for. Raises ServiceProblem for what may not be seen: 404."""
    try:
        return offering(ask, str(id), at_least), False
    except ServiceProblem as problem:
        if at_least is None or problem.status != 503:
            raise
        return offering(ask, str(id)), True


@router.get("")
def page(ask: Ask, show: ShowDep, id: UUID, at_least: AtLeast = None) -> Response:
    return _page(ask, show, id, at_least)


def _page(
    ask: Asking, show: Show, id: UUID, at_least: str | None = None, refused: ServiceProblem | None = None
) -> Response:
    found, late = found_offering(ask, id, at_least)
    return show(OfferingView(found, late, refused), refused.status if refused else 200)


@router.post("/begin")
def begin_training(ask: Ask, show: ShowDep, id: UUID, key: Annotated[UUID, Form()]) -> Response:
    try:
        begin(ask, standing(ask, str(id)).id, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, refused=refused_in(problem))
    return show.go(f"/offerings/{id}", said="begun")


@router.post("/steps/{step}/done")
def report_done(ask: Ask, show: ShowDep, id: UUID, step: Place, key: Annotated[UUID, Form()]) -> Response:
    """The learner says that a step is done, where the learner may (CAT-1)."""
    try:
        complete(ask, standing(ask, str(id)).id, step, str(key))
    except ServiceProblem as problem:
        return _page(ask, show, id, refused=refused_in(problem))
    return show.go(f"/offerings/{id}", said="step-done")


@router.post("/launch/{step}")
def launch_step(ask: Ask, show: ShowDep, sealer: SealerDep, id: UUID, step: Place) -> Response:
    """Each press is a launch of its own: so there is no key that would make two of them one (ENR-4)."""
    try:
        address = launch(ask, standing(ask, str(id)).id, step, str(uuid4()))
    except ServiceProblem as problem:
        return _page(ask, show, id, refused=refused_in(problem))
    found = offering(ask, str(id))
    course = next((one.course_id for one in found.steps if one.number == step), None)
    if course:
        return show.go(f"/offerings/{course}")
    sealed = sealer.seal("launch", address, ADDRESS_SECONDS) if address else ""
    return show.go(f"/offerings/{id}/launch/{step}?s={sealed}")


@router.get("/launch/{step}")
def leads_to_step(ask: Ask, show: ShowDep, sealer: SealerDep, id: UUID, step: Place, s: Sealed = "") -> Response:
    """A form may not lead to another site; this page does, by a link that the script follows."""
    found = offering(ask, str(id))
    here = next((one for one in found.steps if one.number == step), None)
    if here is None:
        return show.go(f"/offerings/{id}")
    opened = sealer.open("launch", s) if s else None
    return show(LaunchView(found, here, opened if isinstance(opened, str) else None))
