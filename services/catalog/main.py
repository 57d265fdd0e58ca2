"""The wiring of the catalog."""

from collections.abc import Sequence

from services.catalog.api import ROUTES
from services.catalog.application.job_roles import JobRoles
from services.catalog.application.manifest import ManifestApplier
from services.catalog.application.offerings import Catalog
from shared.audit.routes import audit_routes
from shared.audit.sealing import Sealer
from shared.auth import Verifier
from shared.database import Database
from shared.feeds import Feeds
from shared.http import provide, serve, service_app
from shared.running import Runnable
from shared.service import Role, Service
from shared.settings import Settings
from shared.store import RetentionWorker
from shared.worker_errors import WorkerErrors

PACKAGE = "services.catalog"
"""Where this service's migrations are."""


def build(settings: Settings, *, verifier: Verifier, feeds: Feeds | None = None) -> Service:
    """The service on its migrated database. It follows no other service; `feeds` publishes what it tells."""
    database = Database(settings.database_url, application="catalog", max_size=settings.database_pool)
    catalog = Catalog(database)
    app = service_app(
        "catalog", settings=settings, database=database, verifier=verifier, ready=lambda: _ready(database, settings)
    )
    roles = JobRoles(catalog)
    provide(app, catalog, ManifestApplier(catalog, roles), roles)
    serve(app, ROUTES)
    app.include_router(audit_routes("catalog", database, settings))
    work: dict[Role, Sequence[Runnable]] = {
        "worker": [RetentionWorker("catalog", database, settings.command_days), Sealer("catalog", database, settings)]
    }
    if feeds:
        work["relay"] = feeds.publishers(database, "catalog")
    return Service(
        "catalog",
        app,
        work=work,
        close=database.close,
        ready=lambda: _ready(database, settings),
        errors=WorkerErrors(database),
    )


def _ready(database: Database, settings: Settings) -> None:
    with database.connection(settings.probe_seconds) as conn:
        conn.execute("SELECT FROM offering LIMIT 1")
