"""The only wiring of reporting."""

from collections.abc import Callable, Sequence

from services.reporting.api import ROUTES
from services.reporting.application.saved_reports import SavedReports
from services.reporting.projections.sources import PROJECTIONS
from services.reporting.replaying import Replays, ReplayWork
from services.reporting.reports.learner_assignments import LearnerAssignments
from services.reporting.reports.reading import Reports
from shared.audit.routes import audit_routes
from shared.audit.sealing import Sealer
from shared.auth import Verifier
from shared.consumer import Consumer
from shared.database import Database, pending
from shared.feeds import Feeds
from shared.feeds.configured import configured
from shared.http import provide, serve, service_app
from shared.jobs import Worker
from shared.letters import letter_routes
from shared.replay import Comparison, Replay
from shared.running import Runnable
from shared.service import Role, Service
from shared.settings import Settings
from shared.store import RetentionWorker
from shared.streams import Streams
from shared.worker_errors import WorkerErrors

PACKAGE = "services.reporting"


def build(settings: Settings, *, feeds: Feeds | None = None, verifier: Verifier | None = None) -> Service:
    """The service, not yet started, on a migrated database. Without `feeds`, the settings say where the sources are."""
    verifier = verifier or Verifier.from_url(
        settings.issuer, settings.audience, settings.jwks_url or f"{settings.issuer}/jwks"
    )
    database = Database(settings.database_url, application="reporting", max_size=settings.database_pool)

    def ready() -> None:
        with database.connection(settings.probe_seconds):
            if pending(database.conninfo, PACKAGE):
                raise RuntimeError("migrations are not applied")

    feeds = feeds or configured(settings)
    app = service_app("reporting", settings=settings, database=database, verifier=verifier, ready=ready)
    assignments = LearnerAssignments(database)
    streams = Streams(settings, "reporting")
    reports = Reports(database, streams)
    saved_reports = SavedReports(database, settings.saved_reports)
    provide(app, reports, assignments, Replays(database), saved_reports)
    serve(app, ROUTES)
    replay_work = ReplayWork(database, Replay(database, PROJECTIONS, feeds, settings, PACKAGE))
    consumers = [Consumer(database, feeds.open(p.source, p.group), p, settings) for p in PROJECTIONS]
    worker = Worker("reporting jobs", database, [replay_work], settings.worker_pause)
    app.include_router(audit_routes("reporting", database, settings, streams))
    app.include_router(letter_routes("reporting", database, consumers, [worker]))
    work: dict[Role, Sequence[Runnable]] = {
        "worker": [
            worker,
            RetentionWorker("reporting", database, settings.command_days),
            Sealer("reporting", database, settings),
        ],
        "consumer": consumers,
    }
    return Service(
        "reporting",
        app,
        work=work,
        close=database.close,
        ready=ready,
        errors=WorkerErrors(database),
    )


def replay(
    settings: Settings,
    *,
    feeds: Feeds | None = None,
    swap: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """What `rollbook replay reporting [--swap]` does: rebuild beside the live read models, compare, swap if asked.

    `progress` hears how many entries were taken so far. Beside a running service or without one.
    """
    database = Database(settings.database_url, application="reporting replay", max_size=4)
    try:
        return Replay(database, PROJECTIONS, feeds or configured(settings), settings, PACKAGE).run(
            swap=swap, progress=progress
        )
    finally:
        database.close()
