"""The wiring of enrollment."""

from services.enrollment.api import Parts, router
from services.enrollment.application.assigning import Assigning, Enrollments
from services.enrollment.application.evaluator import Evaluator
from services.enrollment.application.expansion import Expansion
from services.enrollment.application.learning import Learning
from services.enrollment.application.previewing import FORGOTTEN, Previewing
from services.enrollment.reactions.catalog import CatalogFacts
from services.enrollment.reactions.directory import PLACEMENT, DirectoryFacts, Placement
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
from shared.timers import Clock

PACKAGE = "services.enrollment"
"""Where this service's migrations are."""


def handlers() -> list[Handler]:
    """One for each source."""
    return [DirectoryFacts(), CatalogFacts()]


def build(settings: Settings, *, feeds: Feeds, verifier: Verifier) -> Service:
    """The service on its migrated database; `feeds` opens another service's source."""
    database = Database(settings.database_url, application="enrollment", max_size=settings.database_pool)
    ledger = Enrollments(database)
    evaluator = Evaluator(database, ledger.store, chunk=settings.evaluator_chunk, pause=settings.worker_pause)
    assigning = Assigning(ledger, settings.assignment_rows_limit)
    app = service_app(
        "enrollment", settings=settings, database=database, verifier=verifier, ready=lambda: _ready(database)
    )
    app.state.parts = Parts(
        database, assigning, Previewing(ledger, assigning, settings.evaluator_chunk), Learning(ledger)
    )
    app.include_router(router)
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
                Worker("enrollment jobs", database, [expansion], settings.worker_pause, turns=True),
                Clock("enrollment timers", database, {PLACEMENT: Placement(database)}, settings.worker_pause),
                Forgetting("enrollment", database, settings.command_days, FORGOTTEN),
            ],
            "consumer": consumers,
            "relay": feeds.publishers(database, "enrollment"),
        },
        close=database.close,
        ready=lambda: _ready(database),
    )


def _ready(database: Database) -> None:
    with database.connection() as conn:
        conn.execute("SELECT FROM person_fact LIMIT 1")
