"""The wiring of approvals."""

from collections.abc import Callable

from services.approvals.api import ROUTES
from services.approvals.application.decisions import DecisionCommands
from services.approvals.application.delegations import Delegations
from services.approvals.application.digests import Digests
from services.approvals.application.ledger import Approvals
from services.approvals.application.queries import RequestQueries
from services.approvals.application.reconciliation import Reconciliation
from services.approvals.application.requests import RequestCommands
from services.approvals.application.stages import Stages
from services.approvals.application.state_rows import ESCALATION, RECONCILIATION
from services.approvals.projections.digests import FORGOTTEN
from services.approvals.reactions.catalog import CatalogFacts
from services.approvals.reactions.directory import DirectoryFacts
from services.approvals.reactions.enrollment import EnrollmentFacts
from services.approvals.reactions.profiles import Profiles
from services.approvals.reactions.ringing import REVIEW
from services.approvals.reactions.zones import OrganisationZones, PersonZones
from shared.audit.routes import audit_routes
from shared.audit.sealing import Sealer
from shared.auth import Verifier
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds import Feeds
from shared.feeds.configured import configured
from shared.http import provide, serve, service_app
from shared.letters import letter_routes
from shared.replay import Comparison, Projection, replay_separately
from shared.service import Service
from shared.settings import Settings
from shared.store import RetentionWorker
from shared.timers import TimerWorker
from shared.worker_errors import WorkerErrors

PACKAGE = "services.approvals"
"""Where this service's migrations are."""


def handlers() -> list[Projection]:
    """One for each source."""
    return [DirectoryFacts(), CatalogFacts(), EnrollmentFacts(), Profiles(), OrganisationZones(), PersonZones()]


def build(settings: Settings, *, feeds: Feeds, verifier: Verifier) -> Service:
    """The service on its migrated database; `feeds` opens another service's source."""
    database = Database(settings.database_url, application="approvals", max_size=settings.database_pool)
    ledger = Approvals(database)
    request_commands = RequestCommands(ledger, settings.escalation_days)
    reconciliation = Reconciliation(ledger, request_commands)
    app = service_app(
        "approvals", settings=settings, database=database, verifier=verifier, ready=lambda: _ready(database, settings)
    )
    provide(
        app,
        request_commands,
        DecisionCommands(ledger, request_commands, settings.decisions_limit),
        Delegations(ledger),
        RequestQueries(ledger),
        Stages(ledger, settings.escalation_days),
    )
    serve(app, ROUTES)
    app.include_router(audit_routes("approvals", database, settings))
    consumers = [Consumer(database, feeds.open(h.source, h.group), h, settings) for h in handlers()]
    timers = TimerWorker(
        "approvals timers",
        database,
        {
            RECONCILIATION: reconciliation.reconcile,
            ESCALATION: reconciliation.escalate,
            REVIEW: request_commands.review,
        },
        settings.worker_pause,
    )
    hour, pause = settings.approvals_digest_hour, settings.approvals_digest_pause
    daily = [Digests(ledger, hour, pause)] if settings.approvals_digests else []
    app.include_router(letter_routes("approvals", database, consumers, [timers, *daily]))
    return Service(
        "approvals",
        app,
        work={
            "worker": [
                timers,
                *daily,
                Sealer("approvals", database, settings),
                RetentionWorker("approvals", database, settings.command_days, {"digests": FORGOTTEN}),
            ],
            "consumer": consumers,
            "relay": feeds.publishers(database, "approvals"),
        },
        close=database.close,
        ready=lambda: _ready(database, settings),
        errors=WorkerErrors(database),
    )


def _ready(database: Database, settings: Settings) -> None:
    with database.connection(settings.probe_seconds) as conn:
        conn.execute("SELECT FROM request LIMIT 1")


def replay(
    settings: Settings, *, feeds: Feeds | None = None, progress: Callable[[int], None] = lambda _: None
) -> Comparison:
    """What `rollbook replay approvals` does: rebuild the facts of other services beside the live ones, and compare."""
    database = Database(settings.database_url, application="approvals replay", max_size=4)
    try:
        return replay_separately(database, handlers(), feeds or configured(settings), settings, PACKAGE, progress)
    finally:
        database.close()
