"""The wiring of enrollment."""

from services.enrollment.api import assignments, completions, enrollments, payments
from services.enrollment.api.parts import Parts
from services.enrollment.application.assigning import Assigning, Enrollments
from services.enrollment.application.cancelling import AccessExpiry, Cancelling
from services.enrollment.application.certifying import Certifying
from services.enrollment.application.completing import Completing
from services.enrollment.application.enrolled import Enrolled
from services.enrollment.application.evaluator import Evaluator
from services.enrollment.application.expansion import Expansion
from services.enrollment.application.importing import Importing
from services.enrollment.application.learning import CREDIT, Crediting, Learning
from services.enrollment.application.paying import Paying
from services.enrollment.application.previewing import FORGOTTEN, Previewing
from services.enrollment.application.viewing import Viewing
from services.enrollment.projections import purchases
from services.enrollment.provider import HostedCheckout
from services.enrollment.reactions.catalog import CatalogFacts
from services.enrollment.reactions.directory import PLACEMENT, DirectoryFacts, Placement
from services.enrollment.reactions.profiles import Profiles
from shared.auth import Verifier
from shared.consumer import Consumer, Handler
from shared.database import Database
from shared.feeds import Feeds
from shared.http import service_app
from shared.jobs import Worker
from shared.letters import letter_routes
from shared.service import Service
from shared.settings import Settings
from shared.store import Forgetting
from shared.timers import Clock, Ring

PACKAGE = "services.enrollment"
"""Where this service's migrations are."""


def handlers() -> list[Handler]:
    """One for each source."""
    return [DirectoryFacts(), CatalogFacts(), Profiles()]


def build(settings: Settings, *, feeds: Feeds, verifier: Verifier) -> Service:
    """The service on its migrated database; `feeds` opens another service's source."""
    database = Database(settings.database_url, application="enrollment", max_size=settings.database_pool)
    ledger = Enrollments(database)
    evaluator = Evaluator(database, ledger.store, chunk=settings.evaluator_chunk, pause=settings.worker_pause)
    enrolled = Enrolled(ledger)
    provider = HostedCheckout(settings.payment_url, settings.payment_secret, settings.base_url)
    app = service_app(
        "enrollment", settings=settings, database=database, verifier=verifier, ready=lambda: _ready(database)
    )
    app.state.parts = _parts(settings, ledger, enrolled, provider)
    for routes in (assignments, enrollments, completions, payments):
        app.include_router(routes.router)
    expansion = Expansion(database, evaluator, settings.evaluator_chunk, settings.job_step)
    consumers = [
        Consumer(database, feeds.open(handler.source, f"enrollment.{handler.source}"), handler, settings)
        for handler in handlers()
    ]
    app.include_router(letter_routes("enrollment", database, consumers))
    return Service(
        "enrollment",
        app,
        work={
            "worker": [
                evaluator,
                AccessExpiry(database, ledger.store, settings.evaluator_chunk),
                Worker("enrollment jobs", database, [expansion], settings.worker_pause, turns=True),
                Clock("enrollment timers", database, _rings(database, enrolled), settings.worker_pause),
                Forgetting("enrollment", database, settings.command_days, {**FORGOTTEN, **purchases.FORGOTTEN}),
            ],
            "consumer": consumers,
            "relay": feeds.publishers(database, "enrollment"),
        },
        close=lambda: _close(database, provider),
        ready=lambda: _ready(database),
    )


def _parts(settings: Settings, ledger: Enrollments, enrolled: Enrolled, provider: HostedCheckout) -> Parts:
    assigning, completing = Assigning(ledger, settings.assignment_rows_limit), Completing(enrolled)
    return Parts(
        ledger.database,
        assigning,
        Previewing(ledger, assigning, settings.evaluator_chunk),
        Viewing(ledger.database),
        Learning(enrolled),
        Cancelling(enrolled, assigning),
        completing,
        Paying(enrolled, provider, settings.payment_secret, settings.payment_tolerance),
        Certifying(ledger.database, settings.base_url, settings.certificate_issuer),
        Importing(assigning, completing, settings.assignment_rows_limit),
    )


def _rings(database: Database, enrolled: Enrolled) -> dict[str, Ring]:
    """What timers of each kind do."""
    return {PLACEMENT: Placement(database), CREDIT: Crediting(enrolled)}


def _close(database: Database, provider: HostedCheckout) -> None:
    provider.close()
    database.close()


def _ready(database: Database) -> None:
    with database.connection() as conn:
        conn.execute("SELECT FROM person_fact LIMIT 1")
