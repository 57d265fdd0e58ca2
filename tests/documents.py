"""The OpenAPI documents of all services, as an application that nobody started gives them."""

from collections.abc import Callable
from typing import Any

from issuer import Issuer

from services.catalog import main as catalog
from services.directory import main as directory
from services.enrollment import main as enrollment
from services.notifier import main as notifier
from services.reporting import main as reporting
from shared.database import Database
from shared.feeds.postgres import PostgresFeeds
from shared.settings import Settings


def documents(database: Callable[..., Database]) -> dict[str, Any]:
    """By service."""
    found = {}
    for main in (catalog, directory, enrollment, notifier, reporting):
        own = database(main.PACKAGE)
        settings = Settings(database_url=own.conninfo, catcher=True, smtp_port=0)
        service = main.build(settings, verifier=Issuer().verifier, feeds=PostgresFeeds(lambda _, at=own.conninfo: at))
        found[service.name] = service.app.openapi()  # type: ignore[attr-defined]
        service.close()
    return found
