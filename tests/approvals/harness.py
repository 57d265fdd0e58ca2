"""Approvals and enrollment as their callers see them, each following the other; directory and catalog are played by events."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from enrollment.harness import Harness
from fastapi.testclient import TestClient

from services.approvals.main import build
from shared.consumer import Consumer
from shared.contracts import catalog, directory
from shared.database import Database
from shared.feeds import PROFILES
from shared.feeds.postgres import PostgresFeeds
from shared.settings import Settings
from shared.timers import TimerWorker


class Desk:
    """Two services; `head` with `branch` below it; a site administrator of everything; Max who manages Ada of the branch."""

    def __init__(
        self, fresh: Callable[..., Database], feed_conninfo: Callable[[Database], str], **limits: object
    ) -> None:
        self.database = fresh("services.approvals")
        self.enrollment = Harness(fresh, feed_conninfo, following={"approvals": self.database})
        sources = {
            "directory": self.enrollment.directory.database,
            PROFILES: self.enrollment.directory.database,
            "catalog": self.enrollment.catalog.database,
            "enrollment": self.enrollment.database,
        }
        self.service = build(
            Settings(database_url=self.database.conninfo, **limits),  # type: ignore[arg-type]
            feeds=PostgresFeeds(lambda source: feed_conninfo(sources[source])),
            verifier=self.enrollment.issuer.verifier,
        )
        self.consumers = [w for w in self.service.workers if isinstance(w, Consumer)]
        self.timers = next(w for w in self.service.workers if isinstance(w, TimerWorker))
        self.head = self.enrollment.unit("Head")
        self.branch = self.enrollment.unit("Branch", self.head)
        self.site = self.named("Sina", "Site", self.head)
        self.grant(self.site, "site-administrator")
        self.max = self.named("Max", "Manager", self.branch)
        self.ada = self.named("Ada", "Lovelace", self.branch)
        self.max_job = self.enrollment.job(self.max, organisation=self.branch)
        self.enrollment.job(self.ada, organisation=self.branch, manager_job=self.max_job, manager=self.max)
        self.course = self.enrollment.course("Forklift")
        self.settle()

    def close(self) -> None:
        for consumer in self.consumers:
            consumer._feed.close()
        self.service.close()
        self.enrollment.close()

    def named(self, first: str, last: str, home: UUID | None = None) -> UUID:
        return self.enrollment.named(
            first, last, f"{first}.{last}.{uuid4().hex[:6]}@example.org".lower(), home or self.branch
        )

    def grant(self, person: UUID, role: str, organisation: UUID | None = None) -> None:
        """A permission role, as the directory tells of it."""
        self.enrollment.tell(
            self.enrollment.directory, directory.PermissionRoleGranted, person, role=role, organisation=organisation
        )

    def configure(self, offering: UUID, *stages: dict[str, Any], **more: Any) -> None:
        """Who decides on access to an offering."""
        told = {"access": stages, "later_due_date": (), "completion": (), "ask_again_days": 0, "escalation_days": None}
        self.enrollment.tell(self.enrollment.catalog, catalog.ApprovalsConfigured, offering, **{**told, **more})
        self.settle()

    def settle(self) -> None:
        """Until nothing is left to do in either service."""
        other = self.enrollment
        parts = (*self.consumers, self.timers, *other.consumers, other.worker, other.evaluator, other.earning)
        while sum(part.step() for part in parts) + other.ring():
            pass

    def client(self, person: UUID, *roles: tuple[str, UUID | None]) -> TestClient:
        return TestClient(self.service.app, headers=self.enrollment.issuer.headers(person, *roles))

    def ask(self, person: UUID, offering: UUID | None = None, reason: str | None = "I need it.", **more: Any) -> str:
        """A request for access that has to be taken. Returns its id."""
        body = {"kind": "access", "offering_id": str(offering or self.course), "reason": reason, **more}
        answer = self.client(person).post("/api/approvals/requests", json=body)
        assert answer.status_code == 201, answer.text
        assert answer.headers["Location"].endswith(answer.json()["result"]["id"])
        return str(answer.json()["result"]["id"])

    def decide(self, person: UUID, request: str, decision: str = "approve", reason: str | None = None) -> Any:
        return self.client(person).post(
            f"/api/approvals/requests/{request}/decision", json={"decision": decision, "reason": reason}
        )

    def decided(self, person: UUID, request: str, decision: str = "approve", reason: str | None = None) -> str:
        """A decision that has to be taken; the status afterwards."""
        answer = self.decide(person, request, decision, reason)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["result"]["status"])

    def show(self, person: UUID, request: str) -> dict[str, Any]:
        answer = self.client(person).get(f"/api/approvals/requests/{request}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def queue(self, person: UUID, **query: str) -> list[dict[str, Any]]:
        answer = self.client(person).get("/api/approvals/queue", params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def waiting(self, person: UUID) -> list[str]:
        """The ids of what waits for somebody."""
        return [item["id"] for item in self.queue(person)]


def kind_of(answer: Any) -> tuple[int, str]:
    """Status and kind of a problem."""
    return answer.status_code, str(answer.json()["type"]).rpartition(":")[2]


MANAGER = {"approvers": [{"kind": "manager"}], "needs": "any"}


def people(*ids: UUID, needs: str = "any") -> dict[str, Any]:
    """A stage of these people."""
    return {"approvers": [{"kind": "person", "person_id": id} for id in ids], "needs": needs}


def role(name: str) -> dict[str, Any]:
    """A stage of whoever holds a permission role for the learner's organisation."""
    return {"approvers": [{"kind": "role", "role": name}], "needs": "any"}
