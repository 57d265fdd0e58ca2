"""Why somebody is enrolled, for administrators: by which assignments, who made them, what places the learner there (LRN-8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.asking import Missing
from services.portal.client.people import names
from services.portal.client.persons import Training, WholePerson, one_training, whole_person
from services.portal.client.why import Why, why

router = APIRouter(prefix="/admin/people/{id}/why/{enrollment_id}")


@dataclass(frozen=True)
class WhyView:
    """`names`: of people, by id, as far as whoever looks may know them."""

    template: ClassVar[str] = "admin/people/why.html"
    person: WholePerson
    training: Training
    why: Why
    names: Mapping[str, str]


@router.get("")
def page(ask: Ask, show: ShowDep, id: UUID, enrollment_id: UUID) -> Response:
    """Without the names it still says what is known."""
    person, training = ask.begin(lambda: whole_person(ask, id)), ask.begin(lambda: one_training(ask, enrollment_id))
    told = why(ask, str(enrollment_id))
    known = ask.part(lambda: names(ask, told.people())).result()
    return show(WhyView(person.result(), training.result(), told, {} if isinstance(known, Missing) else known))
