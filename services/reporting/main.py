"""The only wiring of reporting."""

from collections.abc import Callable

from services.reporting.api import routes
from services.reporting.projections.sources import PROJECTIONS
from services.reporting.replaying import Replays, ReplayWork
from services.reporting.reports.membership import MembershipReport
from shared.auth import Verifier
from shared.consumer import Consumer
from shared.database import Database, pending
from shared.errors import Invalid
from shared.feeds import Feed
from shared.feeds.postgres import PostgresFeed
from shared.http import service_app
from shared.jobs import Worker
from shared.replay import Comparison, Replay
from shared.service import Service
from shared.settings import Settings

PACKAGE = "services.reporting"


OpenFeed = Callable[[str], Feed]


def build(settings: Settings, *, feed: OpenFeed | None = None, verifier: Verifier | None = None) -> Service:
    """The service, not yet started, on a migrated database. `feed` opens a source; without it `settings.feeds` says where."""
    verifier = verifier or Verifier.from_url(
        settings.issuer, settings.audience, settings.jwks_url or f"{settings.issuer}/jwks"
    )
    database = Database(settings.database_url, application="reporting", max_size=settings.database_pool)

    def ready() -> None:
        if pending(database.conninfo, PACKAGE):
            raise RuntimeError("migrations are not applied")

    feed = feed or feeds(settings)
    app = service_app("reporting", settings=settings, verifier=verifier, ready=ready)
    for router in routes(database, MembershipReport(database), Replays(database)):
        app.include_router(router)
    consumers = [Consumer(database, feed(p.source), p, settings) for p in PROJECTIONS]
    replay_work = ReplayWork(database, Replay(database, PROJECTIONS, feed, settings, PACKAGE))
    worker = Worker("reporting jobs", database, [replay_work], settings.worker_pause)
    return Service("reporting", app, workers=[*consumers, worker], close=database.close)


def replay(
    settings: Settings,
    *,
    feed: OpenFeed | None = None,
    swap: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """What `rollbook replay reporting [--swap]` does: rebuild beside the live read models, compare, swap if asked.

    `progress` hears how many entries were taken so far. Beside a running service or without one.
    """
    database = Database(settings.database_url, application="reporting replay", max_size=4)
    try:
        return Replay(database, PROJECTIONS, feed or feeds(settings), settings, PACKAGE).run(
            swap=swap, progress=progress
        )
    finally:
        database.close()


def feeds(settings: Settings) -> OpenFeed:
    """Opens the feed of a source. Raises Invalid, naming the setting, for one that is not configured."""

    def open_feed(source: str) -> Feed:
        if source not in settings.feeds:
            raise Invalid(f"ROLLBOOK_FEEDS names no address for the source {source}.", field="feeds")
        return PostgresFeed(source, settings.feeds[source])

    return open_feed
