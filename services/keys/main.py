"""The wiring of the keys service."""

from collections.abc import Callable
from datetime import timedelta

import httpx

from services.keys.api import ROUTES
from services.keys.application.accounts import Accounts
from services.keys.application.exports import Exports
from services.keys.application.generation import GenerateKeys
from services.keys.application.key_mails import KeyMails
from services.keys.application.keys import KeyCommands
from services.keys.application.ledger import TrainingKeys
from services.keys.application.mail_texts import PoolTemplates
from services.keys.application.mailings import MailingLimits, Mailings
from services.keys.application.pool_warnings import PoolWarnings, WarningLevels
from services.keys.application.pools import Pools
from services.keys.application.redemptions import Redemptions, Settlement
from services.keys.application.registration_worker import RegistrationWorker
from services.keys.application.registrations import Registrations
from services.keys.application.rotation import RotateKeys
from services.keys.application.sent_keys import SentKeys
from services.keys.application.vault import Vault
from services.keys.projections.registrations import FORGOTTEN
from services.keys.reactions.catalog import CatalogFacts
from services.keys.reactions.directory import DirectoryFacts, Profiles, RegistrationFacts
from services.keys.reactions.enrollment import Admissions
from shared.attempts import AttemptLimits, Attempts
from shared.audit.routes import audit_routes
from shared.audit.sealing import Sealer
from shared.auth import Verifier
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds import Feeds
from shared.feeds.configured import configured
from shared.http import provide, serve, service_app
from shared.jobs import Worker
from shared.letters import letter_routes
from shared.replay import Comparison, Projection, replay_separately
from shared.service import Isolating, Service
from shared.service_client import ServiceClient, trusted
from shared.settings import Settings
from shared.store import RetentionWorker
from shared.streams import Streams
from shared.worker_errors import WorkerErrors

PACKAGE = "services.keys"
"""Where this service's migrations are."""


def handlers() -> list[Projection]:
    """One for each source."""
    return [DirectoryFacts(), RegistrationFacts(), Profiles(), CatalogFacts(), Admissions()]


def build(settings: Settings, *, feeds: Feeds, verifier: Verifier) -> Service:
    """The service on its migrated database; `feeds` opens another service's source."""
    database = Database(settings.database_url, application="keys", max_size=settings.database_pool)
    ledger, vault = TrainingKeys(database), Vault(settings.training_key_secrets)
    app = service_app(
        "keys", settings=settings, database=database, verifier=verifier, ready=lambda: _ready(database, settings)
    )
    attempts = Attempts(database, AttemptLimits.of(settings))
    generating = GenerateKeys(ledger, vault, chunk=settings.training_key_chunk, most=settings.training_keys_limit)
    rotating = RotateKeys(ledger, vault, chunk=settings.training_key_chunk)
    limits = MailingLimits(settings.key_mailing_limit, settings.key_mailing_at_once)
    streams = Streams(settings, "keys")
    sending = Mailings(ledger, limits, settings.base_url)
    client = httpx.Client(base_url=settings.base_url, timeout=settings.registration_answer_seconds, verify=trusted())
    secret = settings.service_secret
    accounts = Accounts(ServiceClient(client, "rollbook-keys", secret) if secret else None)
    provide(
        app,
        database,
        vault,
        generating,
        rotating,
        sending,
        PoolTemplates(ledger),
        SentKeys(ledger, settings.key_mailing_limit, timedelta(days=settings.key_reminder_days)),
        KeyMails(ledger, vault, sending),
        Pools(ledger),
        KeyCommands(
            ledger, vault, shortest=settings.training_key_length, lines_limit=settings.training_key_lines_limit
        ),
        Exports(ledger, vault),
        Redemptions(ledger, vault, attempts, patience=settings.redemption_wait, waiters=settings.redemption_waiters),
        Registrations(
            ledger,
            vault,
            attempts,
            accounts,
            seconds=settings.registration_seconds,
            most=settings.registrations_at_once,
            refusal_seconds=settings.registration_refusal_seconds,
        ),
        streams,
    )
    serve(app, ROUTES)
    app.include_router(audit_routes("keys", database, settings, streams))
    consumers = [Consumer(database, feeds.open(h.source, h.group), h, settings) for h in handlers()]
    levels = WarningLevels(settings.pool_low_percents, timedelta(days=settings.pool_expiring_days))
    workers: list[Isolating] = [
        Settlement(ledger, settings.worker_pause),
        RegistrationWorker(ledger, accounts, pause=settings.worker_pause, again=settings.registration_pause),
        Worker("keys jobs", database, [generating, rotating, sending], settings.worker_pause, turns=True),
        PoolWarnings(ledger, levels, settings.pool_warning_pause),
    ]
    app.include_router(letter_routes("keys", database, consumers, workers))
    forgotten = {**attempts.expired, "registrations": FORGOTTEN}

    def close() -> None:
        client.close()
        database.close()

    return Service(
        "keys",
        app,
        work={
            "worker": [
                *workers,
                Sealer("keys", database, settings),
                RetentionWorker("keys", database, settings.command_days, forgotten),
            ],
            "consumer": consumers,
            "relay": feeds.publishers(database, "keys"),
        },
        close=close,
        ready=lambda: _ready(database, settings),
        errors=WorkerErrors(database),
    )


def _ready(database: Database, settings: Settings) -> None:
    with database.connection(settings.probe_seconds) as conn:
        conn.execute("SELECT FROM pool LIMIT 1")


def replay(
    settings: Settings, *, feeds: Feeds | None = None, progress: Callable[[int], None] = lambda _: None
) -> Comparison:
    """What `rollbook replay keys` does: rebuild the facts of other services beside the live ones, and compare."""
    database = Database(settings.database_url, application="keys replay", max_size=4)
    try:
        return replay_separately(database, handlers(), feeds or configured(settings), settings, PACKAGE, progress)
    finally:
        database.close()
