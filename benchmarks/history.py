"""What there is once everybody was assigned: the enrollment store, and the reports made of it."""

import time
from collections.abc import Callable
from contextlib import closing

from benchmarks import company
from benchmarks.harness import Bench
from benchmarks.p01_bulk_assignment import assign
from services.enrollment.main import PACKAGE as ENROLLMENT
from services.reporting.main import PACKAGE as REPORTING
from services.reporting.projections.sources import PROJECTIONS
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds import Feed, Feeds
from shared.feeds.postgres import PostgresFeeds
from shared.settings import Settings

_LONGEST = 300.0
PROJECTION = next(projection for projection in PROJECTIONS if projection.source == "enrollment")


def store(bench: Bench, people: int) -> str:
    """The template of an enrollment database in which so many learners were assigned by one command."""

    def fill(info: str) -> None:
        company.facts(people)(info)
        assign(info)

    return bench.template(f"history of {people}", fill, ENROLLMENT)


def feeds(enrollment: str) -> Feeds:
    """As the embedded suite has them; of the other services nothing is asked here."""
    return PostgresFeeds(lambda _: enrollment)


def consume(info: str, feed: Feed, settings: Settings, until: int) -> None:
    """Bring the reports of `info` to a position of the enrollment store."""
    with closing(Database(info, max_size=settings.database_pool)) as database, closing(feed):
        consumer = Consumer(database, feed, PROJECTION, settings)
        deadline = time.monotonic() + _LONGEST
        while min((place.position for place in consumer.reached().values()), default=0) < until:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the reports have not reached position {until}; has the source so many events?")
            if not consumer.step():
                feed.wait(0.1)


def reports(bench: Bench, people: int) -> Callable[[str], str]:
    """By enrollment database: the template of a reporting database that has taken all of it."""

    def of(enrollment: str) -> str:
        def fill(info: str) -> None:
            consume(info, feeds(enrollment).open("enrollment"), Settings(), people + 1)

        return bench.template(f"reports of {people}", fill, REPORTING)

    return of
