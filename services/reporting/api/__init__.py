"""The routes of reporting: /api/reporting/..."""

from services.reporting.api import learner_assignments, replay, reports, saved_reports
from services.reporting.reports.sources import SOURCES
from shared.http import joined

ROUTES = joined(
    reports.router,
    *(reports.report_routes(source) for source in SOURCES),
    learner_assignments.router,
    replay.router,
    saved_reports.router,
)
