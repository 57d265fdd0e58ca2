"""All reports that there are (RPT-1)."""

from collections.abc import Sequence

from services.reporting.reports.approvals import APPROVALS
from services.reporting.reports.billing import BILLING
from services.reporting.reports.completion import COMPLETION
from services.reporting.reports.exceptions import EXCEPTIONS
from services.reporting.reports.grammar import Source
from services.reporting.reports.keys import KEYS
from services.reporting.reports.membership import MEMBERSHIP
from services.reporting.reports.overview import OVERVIEW, OVERVIEW_BY_ASSIGNMENT
from services.reporting.reports.record import RECORD

SOURCES: Sequence[Source] = (
    MEMBERSHIP,
    OVERVIEW,
    OVERVIEW_BY_ASSIGNMENT,
    EXCEPTIONS,
    COMPLETION,
    RECORD,
    BILLING,
    KEYS,
    APPROVALS,
)
BY_NAME = {source.name: source for source in SOURCES}
