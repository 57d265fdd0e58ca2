"""The notifier's wiring."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import httpx

from services.notifier.api import (
    caught_routes,
    forecast_routes,
    held_mail_routes,
    ledger_routes,
    switch_routes,
    text_routes,
)
from services.notifier.application import Notifier
from services.notifier.catcher import MailCatcher
from services.notifier.domain import RetryPolicy
from services.notifier.mailer import Mailer, Queue
from services.notifier.mailer.account_mails import AccountMailer
from services.notifier.mailer.key_mails import KeyMails
from services.notifier.mailer.letters import Letters
from services.notifier.mailer.mailer import MailServer
from services.notifier.mailer.previews import Previews
from services.notifier.projections import (
    DueDates,
    Expiries,
    JobRoleNames,
    Managers,
    Offerings,
    People,
    Profiles,
    RoleHolders,
    Zones,
)
from services.notifier.projections.forecast import Usual
from services.notifier.reactions import (
    Copies,
    Enrollments,
    HeldMailOrders,
    JobRoles,
    Keys,
    Notices,
    PollingWorker,
    ReminderDays,
    Reminders,
    Requests,
)
from shared.audit.routes import audit_routes
from shared.audit.sealing import Sealer
from shared.auth import Verifier
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds import Feeds
from shared.feeds.configured import configured
from shared.http import service_app
from shared.letters import letter_routes
from shared.replay import Comparison, Projection, replay_separately
from shared.running import Runnable
from shared.service import Role, Service
from shared.service_client import ServiceClient, trusted
from shared.settings import Settings
from shared.store import RetentionWorker
from shared.worker_errors import WorkerErrors

PACKAGE = "services.notifier"
"""Where the migrations are."""


def handlers(settings: Settings) -> list[Projection]:
    """Each has one source, and owns its tables."""
    delay = settings.exception_notice_delay if settings.exception_notices else None
    administrators = RoleHolders("site-administrator", "administrator_fact", "notifier.administrators")
    managers = RoleHolders("operations-manager", "operations_manager_fact", "notifier.operations-managers")
    facts: list[Projection] = [Offerings(), People(), administrators, managers, Zones(), Profiles()]
    facts += [JobRoleNames(), Managers()]
    return [*facts, Enrollments(delay), DueDates(), Expiries(), JobRoles(), Requests(), Keys()]


def mailer(database: Database, settings: Settings, key_mails: KeyMails | None = None) -> Mailer:
    return Mailer(
        Queue(database),
        Letters(settings.mail_from, settings.base_url),
        MailServer(settings.smtp_host, settings.smtp_port, settings.mail_connections),
        RetryPolicy(settings.mail_retry_first, settings.mail_retry_last, settings.mail_attempts),
        key_mails,
    )


def account_mailer(settings: Settings, services: ServiceClient) -> AccountMailer:
    return AccountMailer(
        services,
        Letters(settings.mail_from, settings.base_url),
        MailServer(settings.smtp_host, settings.smtp_port),
        settings.base_url,
        settings.account_mail_pause,
    )


def build(settings: Settings, *, feeds: Feeds, verifier: Verifier) -> Service:
    """The service on its migrated database; `feeds` opens another service's source."""
    database = Database(settings.database_url, application="notifier", max_size=settings.database_pool)
    application = Notifier(database)

    def ready() -> None:
        with database.connection(settings.probe_seconds) as conn:
            conn.execute("SELECT 1 FROM ledger_start")

    app = service_app("notifier", settings=settings, database=database, verifier=verifier, ready=ready)
    app.include_router(ledger_routes(application))
    app.include_router(audit_routes("notifier", database, settings))
    app.include_router(held_mail_routes(application))
    usual = Usual(settings.reminder_days, settings.access_reminder_days, settings.exception_notices)
    app.include_router(forecast_routes(application, usual))
    app.include_router(switch_routes(application))
    letters = Letters(settings.mail_from, settings.base_url)
    app.include_router(text_routes(application, letters, Previews(Queue(database), letters)))
    consumers = [Consumer(database, feeds.open(h.source, h.group), h, settings) for h in handlers(settings)]
    days = ReminderDays(settings.reminder_days, settings.certificate_reminder_days, settings.access_reminder_days)
    reminders = Reminders(days, timedelta(days=settings.reminder_late_days))
    watches = [
        PollingWorker(database, settings.worker_pause, Notices()),
        PollingWorker(database, settings.reminder_pause, reminders),
        PollingWorker(database, settings.copy_pause, Copies()),
        PollingWorker(database, settings.worker_pause, HeldMailOrders()),
    ]
    app.include_router(letter_routes("notifier", database, consumers, watches))
    client = httpx.Client(base_url=settings.base_url, timeout=30.0, verify=trusted())

    def close() -> None:
        client.close()
        database.close()

    services = ServiceClient(client, "rollbook-notifier", settings.service_secret) if settings.service_secret else None
    key_mails = KeyMails(database, services, settings.key_mail_pause) if services else None
    work: dict[Role, Sequence[Runnable]] = {
        "worker": [
            RetentionWorker("notifier", database, settings.command_days),
            Sealer("notifier", database, settings),
            *watches,
        ],
        "consumer": consumers,
        "mailer": [
            mailer(database, settings, key_mails),
            *([account_mailer(settings, services)] if services else []),
            *([key_mails] if key_mails else []),
        ],
    }
    if settings.catcher:
        app.include_router(caught_routes(database))
        work["worker"] = [MailCatcher(database, settings.smtp_host, settings.smtp_port), *work["worker"]]
    return Service("notifier", app, work, close, ready, WorkerErrors(database))


def replay(
    settings: Settings, *, feeds: Feeds | None = None, progress: Callable[[int], None] = lambda _: None
) -> Comparison:
    """What `rollbook replay notifier` does: rebuild the facts of other services beside the live ones, and compare."""
    database = Database(settings.database_url, application="notifier replay", max_size=4)
    try:
        return replay_separately(
            database, handlers(settings), feeds or configured(settings), settings, PACKAGE, progress
        )
    finally:
        database.close()
