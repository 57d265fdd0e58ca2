"""The notifier's wiring."""

from collections.abc import Sequence
from datetime import timedelta

from services.notifier.api import caught_routes, ledger_routes
from services.notifier.application import Notifier
from services.notifier.catcher import Catcher
from services.notifier.domain import Patience
from services.notifier.mailer import Mailer, Queue
from services.notifier.mailer.letters import Letters
from services.notifier.mailer.mailer import MailServer
from services.notifier.projections import Administrators, DueDates, Offerings, People, Profiles, Zones
from services.notifier.reactions import Enrollments, Notices, Reminders, Watch
from shared.auth import Verifier
from shared.consumer import Consumer, Handler
from shared.database import Database
from shared.feeds import Feeds
from shared.http import service_app
from shared.letters import letter_routes
from shared.service import Role, Runnable, Service
from shared.settings import Settings
from shared.store import Forgetting
from shared.worker_errors import WorkerErrors

PACKAGE = "services.notifier"
"""Where the migrations are."""


def handlers(settings: Settings) -> list[Handler]:
    """Each has one source, and owns its tables."""
    delay = settings.exception_notice_delay if settings.exception_notices else None
    return [Offerings(), People(), Administrators(), Zones(), Profiles(), Enrollments(delay), DueDates()]


def mailer(database: Database, settings: Settings) -> Mailer:
    return Mailer(
        Queue(database),
        Letters(settings.mail_from, settings.base_url),
        MailServer(settings.smtp_host, settings.smtp_port, settings.mail_connections),
        Patience(settings.mail_retry_first, settings.mail_retry_last, settings.mail_attempts),
    )


def build(settings: Settings, *, feeds: Feeds, verifier: Verifier) -> Service:
    """The service on its migrated database; `feeds` opens a source: catalog, directory, directory.profiles, enrollment."""
    database = Database(settings.database_url, application="notifier", max_size=settings.database_pool)
    application = Notifier(database)

    def ready() -> None:
        with database.connection(settings.probe_seconds) as conn:
            conn.execute("SELECT 1 FROM ledger_start")

    app = service_app("notifier", settings=settings, database=database, verifier=verifier, ready=ready)
    app.include_router(ledger_routes(application))
    consumers = [Consumer(database, feeds.open(h.source, _group(h)), h, settings) for h in handlers(settings)]
    reminders = Reminders(settings.reminder_days, timedelta(days=settings.reminder_late_days))
    watches = [
        Watch(database, settings.worker_pause, Notices()),
        Watch(database, settings.reminder_pause, reminders),
    ]
    app.include_router(letter_routes("notifier", database, consumers, watches))
    work: dict[Role, Sequence[Runnable]] = {
        "worker": [Forgetting("notifier", database, settings.command_days), *watches],
        "consumer": consumers,
        "mailer": [mailer(database, settings)],
    }
    if settings.catcher:
        app.include_router(caught_routes(database))
        work["worker"] = [Catcher(database, settings.smtp_host, settings.smtp_port), *work["worker"]]
    return Service("notifier", app, work, database.close, ready, WorkerErrors(database))


def _group(handler: Handler) -> str:
    """Its processes share a source's partitions. Two handlers of one source are two groups."""
    return handler.name if isinstance(handler, Administrators | Zones | DueDates) else f"notifier.{handler.source}"
