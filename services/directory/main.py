"""The wiring of the directory."""

from collections.abc import Sequence

from services.directory.api import imports, people, structure, tokens
from services.directory.api.parts import Parts
from services.directory.application import accounts
from services.directory.application.accounts import Accounts, Issuing
from services.directory.application.audiences import Audiences
from services.directory.application.following import Following, Judging, RuleChange
from services.directory.application.jobs import Jobs
from services.directory.application.ledger import Directory
from services.directory.application.people import People
from services.directory.application.profiles import Profiles
from services.directory.application.structure import Structure
from services.directory.imports.running import Imports
from services.directory.projections.rules import TIMER
from services.directory.reactions import AssignmentFacts
from shared.auth import Verifier
from shared.consumer import Consumer, Handler
from shared.database import Database
from shared.feeds import PROFILES, Feeds
from shared.http import service_app
from shared.jobs import Worker
from shared.letters import letter_routes
from shared.service import Isolating, Role, Runnable, Service
from shared.settings import Settings
from shared.store import Forgetting
from shared.timers import Clock
from shared.worker_errors import WorkerErrors

PACKAGE = "services.directory"
"""Where this service's migrations are."""


def handlers() -> list[Handler]:
    """One for each source."""
    return [AssignmentFacts()]


def build(settings: Settings, *, verifier: Verifier | None = None, feeds: Feeds | None = None) -> Service:
    """The service on its migrated database. Without a verifier it trusts the tokens that it issues itself."""
    database = Database(settings.database_url, application="directory", max_size=settings.database_pool)
    parts = build_parts(settings, database)
    own = Verifier(settings.issuer, settings.audience, parts.accounts.jwks)
    app = service_app(
        "directory",
        settings=settings,
        database=database,
        verifier=verifier or own,
        ready=lambda: _ready(database, settings),
    )
    app.state.parts = parts
    for routes in (people, structure, tokens, imports):
        app.include_router(routes.router)
    judging = Judging(Directory(database), settings.aside_limit)
    following = Following(judging, settings.evaluator_chunk, settings.worker_pause)
    change = RuleChange(judging, settings.evaluator_chunk)
    workers: list[Isolating] = [
        Worker("directory jobs", database, [parts.imports], settings.worker_pause),
        Worker("directory rules", database, [change], settings.worker_pause, turns=True),
        following,
        Clock("directory timers", database, {TIMER: following.ring}, settings.worker_pause),
    ]
    work: dict[Role, Sequence[Runnable]] = {
        "worker": [
            *workers,
            Forgetting(
                "directory",
                database,
                settings.command_days,
                {"sign-ins": accounts.FORGOTTEN.format(days=settings.sign_in_days)},
            ),
        ],
    }
    if feeds:
        consumers = [Consumer(database, feeds.open(h.source, f"directory.{h.source}"), h, settings) for h in handlers()]
        app.include_router(letter_routes("directory", database, consumers, workers))
        work["consumer"] = consumers
        work["relay"] = feeds.publishers(database, "directory", PROFILES)
    return Service("directory", app, work, database.close, lambda: _ready(database, settings), WorkerErrors(database))


def build_parts(settings: Settings, database: Database) -> Parts:
    """The commands of the directory, without routes: for the command line and the demo."""
    ledger = Directory(database)
    issuing = Issuing(settings.issuer, settings.audience, settings.token_seconds)
    return Parts(
        database,
        People(ledger),
        Jobs(ledger),
        Structure(ledger),
        Audiences(ledger),
        Accounts(ledger, issuing),
        Imports(ledger, settings.import_chunk, settings.import_rows_limit),
        Profiles(ledger),
    )


def _ready(database: Database, settings: Settings) -> None:
    with database.connection(settings.probe_seconds) as conn:
        conn.execute("SELECT FROM person LIMIT 1")
