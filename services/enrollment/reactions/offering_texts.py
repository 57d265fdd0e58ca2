"""What the catalog tells learners of offerings, for their pages."""

from collections.abc import Sequence

from services.enrollment.projections import offering_texts
from services.enrollment.projections.offering_texts import OfferingText
from shared.contracts.catalog import CertificationDescribed, CourseDescribed, QualificationDescribed
from shared.database import Connection
from shared.events import Recorded

_HANDLED = (CourseDescribed, CertificationDescribed, QualificationDescribed)


class OfferingTexts:
    """Takes the catalog's events once more, for its own table."""

    name = "enrollment offering texts"
    source = "catalog"
    group = "enrollment.catalog.texts"
    tables: tuple[str, ...] = ("offering_text",)
    types = frozenset(c.TOPIC for c in _HANDLED)

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        told = [recorded.event for recorded in events if isinstance(recorded.event, _HANDLED)]
        offering_texts.save(
            conn, [OfferingText(one.originator_id, one.originator_version, one.description) for one in told]
        )
