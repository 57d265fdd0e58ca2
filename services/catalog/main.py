"""The wiring of the catalogue."""

from collections.abc import Sequence

from services.catalog.api import job_roles, offerings
from services.catalog.api.parts import Parts
from services.catalog.application.applying import Applying
from services.catalog.application.job_roles import JobRoles
from services.catalog.application.offerings import Catalog
from shared.auth import Verifier
from shared.database import Database
from shared.feeds import Feeds
from shared.http import service_app
from shared.service import Role, Runnable, Service
from shared.settings import Settings
from shared.store import Forgetting
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
    app.state.parts = Parts(catalog, Applying(catalog, roles), roles)
    for routes in (offerings, job_roles):
        app.include_router(routes.router)
    work: dict[Role, Sequence[Runnable]] = {"worker": [Forgetting("catalog", database, settings.command_days)]}
    if feeds:
        work["relay"] = feeds.publishers(database, "catalog")
    return Service("catalog", app, work, database.close, lambda: _ready(database, settings), WorkerErrors(database))


def _ready(database: Database, settings: Settings) -> None:
    with database.connection(settings.probe_seconds) as conn:
        conn.execute("SELECT FROM offering LIMIT 1")
