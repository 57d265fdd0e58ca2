"""Offerings: kind, code, title and whether new learners may come. Source: catalog."""

from typing import NamedTuple
from uuid import UUID

from services.reporting.projections.periods import PeriodTable, first_of_stream, stream
from shared.contracts.catalog import (
    CertificationDescribed,
    CourseDescribed,
    OfferingActivated,
    OfferingDeactivated,
    QualificationDescribed,
)
from shared.events import Event


class Offering(NamedTuple):
    offering_id: UUID
    kind: str
    code: str
    title: str
    active: bool


KINDS: dict[type[Event], str] = {
    CourseDescribed: "course",
    CertificationDescribed: "certification",
    QualificationDescribed: "qualification",
}


def evolve(state: Offering | None, event: Event) -> Offering | None:
    match event:
        case CourseDescribed() | CertificationDescribed() | QualificationDescribed():
            kind = KINDS[type(event)]
            active = state.active if state else True
            return Offering(event.originator_id, kind, event.code, event.title, active)
        case _ if state is None:
            return None
        case OfferingActivated():
            return state._replace(active=True)
        case OfferingDeactivated():
            return state._replace(active=False)
    return state


OFFERING = PeriodTable(
    "offering",
    Offering,
    key=("offering_id",),
    events=(CourseDescribed, CertificationDescribed, QualificationDescribed, OfferingActivated, OfferingDeactivated),
    key_of=stream,
    evolve=evolve,
    opens=first_of_stream,
)
