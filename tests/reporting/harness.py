"""The reporting service with its sources, and callers who ask it."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

from fastapi.testclient import TestClient
from issuer import Issuer
from reporting.builders import Builders

from services.reporting.main import build
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds import PROFILES
from shared.jobs import Worker
from shared.settings import Settings

MEMBERSHIP = "/api/reporting/membership"


class Harness(Builders):
    """The service itself, which nothing drives but `settle`; its sources are built by its base class."""

    def __init__(self, fresh: Callable[..., Database], feed_conninfo: Callable[[Database], str], **limits: Any) -> None:
        super().__init__(fresh)
        self.database = fresh("services.reporting")
        self.issuer = Issuer()
        stores = {
            "directory": self.directory,
            PROFILES: self.directory,
            "catalog": self.catalog,
            "enrollment": self.enrollment,
            "keys": self.keys,
            "approvals": self.approvals,
        }
        feeds = {source: feed_conninfo(store.database) for source, store in stores.items()}
        self.settings = Settings(database_url=self.database.conninfo, feeds=feeds, **limits)
        self.service = build(self.settings, verifier=self.issuer.verifier)
        self.consumers = [w for w in self.service.workers if isinstance(w, Consumer)]
        self.pool = self.consumers[0]._database
        """The service's own connections."""
        self.worker = next(w for w in self.service.workers if isinstance(w, Worker))
        self.administrator = uuid4()
        self.http = TestClient(self.service.app, headers=self.signed_in(("site-administrator", None)))

    def close(self) -> None:
        for consumer in self.consumers:
            consumer._feed.close()
        self.service.close()

    def signed_in(self, *roles: tuple[str, UUID | None]) -> dict[str, str]:
        return self.issuer.headers(uuid4(), *roles)

    def settle(self) -> None:
        while sum(consumer.step() for consumer in self.consumers):
            pass

    def now(self) -> str:
        with self.database.connection() as conn:
            row = conn.execute("SELECT clock_timestamp()").fetchone()
        assert row
        return str(row[0].isoformat())  # type: ignore[attr-defined]

    def ask(self, headers: dict[str, str] | None = None, **asked: Any) -> dict[str, Any]:
        answer = self.http.get(MEMBERSHIP, params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def rows(self, headers: dict[str, str] | None = None, **asked: Any) -> list[dict[str, Any]]:
        return list(self.ask(headers, **asked)["items"])

    def report(self, name: str, headers: dict[str, str] | None = None, **asked: Any) -> list[dict[str, Any]]:
        """Its first page."""
        answer = self.http.get(f"/api/reporting/{name}", params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def people(self, headers: dict[str, str] | None = None, **asked: Any) -> set[UUID]:
        return {UUID(row["person_id"]) for row in self.rows(headers, **asked)}

    def replay(self, **body: object) -> dict[str, Any]:
        """Ask for a replay, have the worker do it, and return its comparison."""
        job = self.http.post("/api/reporting/replay", json=body)
        assert job.status_code == 202, job.text
        while self.worker.step():
            pass
        done = self.http.get(job.headers["Location"]).json()
        assert done["state"] == "finished", done
        return dict(done["comparison"])

    def execute(self, statement: str, *values: object) -> None:
        with self.database.connection() as conn:
            conn.execute(statement, list(values))

    def tables(self) -> Sequence[Sequence[object]]:
        """Everything that is in the read models."""
        names = (
            "membership",
            "standing",
            "cancellation",
            "assignment",
            "person",
            "unit",
            "audience",
            "profile",
            "offering",
            "learner_exception",
            "result",
            "joining",
            "pool",
            "training_key",
            "redemption",
            "request",
        )
        with self.database.connection() as conn:
            return [conn.execute(f"SELECT t.* FROM {name} t ORDER BY 1").fetchall() for name in names]


OpenHarness = Callable[..., Harness]
"""With the settings that are given."""
