"""Enrollment with its sources, its clock and a caller who may do everything."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID, uuid4

from enrollment.assertions import Assertions
from enrollment.builders import CatalogBuilder, DirectoryBuilder
from fastapi.testclient import TestClient
from issuer import Issuer

from services.enrollment.application.enrollments.qualifications import QualificationAwards
from services.enrollment.application.evaluation.evaluator import Evaluator
from services.enrollment.main import build
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds import PROFILES
from shared.feeds.postgres import PostgresFeeds
from shared.jobs import Worker
from shared.settings import Settings
from shared.timers import TimerWorker


class Harness(CatalogBuilder, DirectoryBuilder, Assertions):
    """The service itself, which nothing drives but `settle` and `ring`. Sources are built, commands given and answers checked by
    its base classes."""

    def __init__(
        self,
        fresh: Callable[..., Database],
        feed_conninfo: Callable[[Database], str],
        *,
        following: Mapping[str, Database] | None = None,
        **limits: object,
    ) -> None:
        """`following`: databases of real services; what else is followed is told in the catalog's store."""
        super().__init__(fresh(), fresh())
        self.database = fresh("services.enrollment")
        self.issuer = Issuer()
        sources = dict.fromkeys(("catalog", "approvals", "keys"), self.catalog.database)
        sources |= {"directory": self.directory.database, PROFILES: self.directory.database, **(following or {})}
        self.settings = Settings(database_url=self.database.conninfo, **limits)  # type: ignore[arg-type]
        self.service = build(
            self.settings,
            feeds=PostgresFeeds(lambda source: feed_conninfo(sources[source])),
            verifier=self.issuer.verifier,
        )
        self.consumers = [w for w in self.service.workers if isinstance(w, Consumer)]
        self.evaluator = next(w for w in self.service.workers if isinstance(w, Evaluator))
        self.worker = next(w for w in self.service.workers if isinstance(w, Worker))
        self.earning = next(w for w in self.service.workers if isinstance(w, QualificationAwards))
        self.administrator = uuid4()
        self.http = TestClient(
            self.service.app, headers=self.issuer.headers(self.administrator, ("site-administrator", None))
        )

    def close(self) -> None:
        for consumer in self.consumers:
            consumer._feed.close()
        self.service.close()

    def settle(self) -> None:
        """Until nothing is left to do: facts taken, jobs done, nobody queued."""
        while sum(part.step() for part in (*self.consumers, self.worker, self.evaluator, self.earning)):
            pass

    def on(self, day: date) -> None:
        """From now on it is that day for every rule of the service."""
        with self.database.connection() as conn:
            name = conn.info.dbname
            conn.execute(f"ALTER DATABASE {name} SET rollbook.today = '{day}'".encode())
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [name],
            )
        self.database._pool.check()

    def ring(self) -> int:
        """The timers that are due."""
        return next(worker for worker in self.service.workers if isinstance(worker, TimerWorker)).step()


class Furnished(NamedTuple):
    """A harness with one of everything, for requests that are made from the document: `known` by the names that it has there."""

    harness: Harness
    ward: UUID
    known: dict[str, object]


OpenHarness = Callable[..., Harness]
"""With the settings that are given."""


def tomorrow() -> date:
    return date.fromordinal(date.today().toordinal() + 1)
