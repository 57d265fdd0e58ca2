"""The routes of reporting."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.reporting.api.learner_assignments import learner_assignment_routes
from services.reporting.api.replay import replay_routes
from services.reporting.api.reports import report_routes, source_routes
from services.reporting.api.saved_reports import saved_report_routes
from services.reporting.application.saved_reports import SavedReports
from services.reporting.replaying import Replays
from services.reporting.reports.learner_assignments import LearnerAssignments
from services.reporting.reports.reading import Reports
from services.reporting.reports.sources import SOURCES
from shared.database import Database


def routes(
    database: Database,
    reports: Reports,
    assignments: LearnerAssignments,
    replays: Replays,
    saved_reports: SavedReports,
) -> Sequence[APIRouter]:
    return [
        source_routes(),
        *(report_routes(database, reports, source) for source in SOURCES),
        learner_assignment_routes(database, assignments),
        replay_routes(replays),
        saved_report_routes(saved_reports),
    ]
