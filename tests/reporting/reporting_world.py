"""Sources that tell what happened, the reporting service that reads them, and callers who ask it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import profiles
from fastapi.testclient import TestClient
from issuer import Issuer

from services.reporting.main import build
from shared.consumer import Consumer
from shared.contracts import catalog, directory, enrollment
from shared.database import Database
from shared.events import SYSTEM, Event, Meta
from shared.feeds import PROFILES
from shared.jobs import Worker
from shared.profiles import Profile
from shared.settings import Settings
from shared.store import Decision, Store

FRAMEWORK = UUID(int=77)
MEMBERSHIP = "/api/reporting/membership"


class World:
    def __init__(self, fresh: Callable[..., Database], feed_conninfo: Callable[[Database], str], **limits: Any) -> None:
        self.directory, self.catalog, self.enrollment = Store(fresh()), Store(fresh()), Store(fresh())
        profiles.create(self.directory.database)
        self.database = fresh("services.reporting")
        self.issuer = Issuer()
        stores = {
            "directory": self.directory,
            PROFILES: self.directory,
            "catalog": self.catalog,
            "enrollment": self.enrollment,
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
        self.versions: dict[UUID, int] = {}

    def close(self) -> None:
        for consumer in self.consumers:
            consumer._feed.close()
        self.service.close()

    def signed_in(self, *roles: tuple[str, UUID | None]) -> dict[str, str]:
        return self.issuer.headers(uuid4(), *roles)

    def settle(self) -> None:
        while any(consumer.step() for consumer in self.consumers):
            pass

    def next(self, event_class: type[Event], stream: UUID, /, **fields: object) -> Event:
        self.versions[stream] = self.versions.get(stream, 0) + 1
        return event_class(originator_id=stream, originator_version=self.versions[stream], **fields)  # type: ignore[arg-type]

    def tell(self, store: Store, *events: Event, at: datetime | None = None) -> int:
        """Events happen in one transaction; `at` dates them. Returns the last position."""
        appended = store.append([Decision(events, Meta(actor=SYSTEM, correlation=uuid4()))])
        assert not appended.lost
        if at:
            with store.database.connection() as conn:
                places = [appended.positions[0], appended.positions[-1]]
                conn.execute("UPDATE events SET recorded_at = %s WHERE position BETWEEN %s AND %s", [at, *places])
        return appended.positions[-1]

    def now(self) -> str:
        with self.database.connection() as conn:
            row = conn.execute("SELECT clock_timestamp()").fetchone()
        assert row
        return str(row[0].isoformat())  # type: ignore[attr-defined]

    def unit(self, name: str, parent: UUID | None = None, kind: str = "organisation", **when: Any) -> UUID:
        unit = uuid4()
        event = self.next(
            directory.UnitCreated, unit, kind=kind, framework=FRAMEWORK, parent=parent, name=name, external_id=name
        )
        self.tell(self.directory, event, **when)
        return unit

    def person(self, name: str = "Ada Lovelace", home: UUID | None = None, **when: Any) -> UUID:
        person = uuid4()
        self.tell(self.directory, self.next(directory.PersonRegistered, person, home_organisation=home), **when)
        self.profile(person, name)
        return person

    def profile(self, person: UUID, name: str) -> None:
        first, last = name.rsplit(" ", 1)
        profile = Profile(first_name=first, last_name=last, email=f"{person}@example.org", user_name=f"u-{person}")
        profiles.save(self.directory.database, person, profile)

    def audience(self, name: str, **when: Any) -> UUID:
        audience = uuid4()
        self.tell(self.directory, self.next(directory.AudienceCreated, audience, name=name), **when)
        return audience

    def course(self, title: str = "Fire safety", **when: Any) -> UUID:
        course = uuid4()
        self.tell(self.catalog, self.described(course, title), **when)
        return course

    def described(self, course: UUID, title: str) -> Event:
        return self.next(
            catalog.CourseDescribed,
            course,
            code="C-1",
            title=title,
            description="",
            activities=(),
            minimum_minutes=10,
            access_days=None,
            certificate=None,
            badge=None,
            price=None,
        )

    def assignment(self, offering: UUID, type: str = "audience", target: UUID | None = None, **when: Any) -> UUID:
        id = uuid4()
        event = self.next(
            enrollment.AssignmentCreated,
            id,
            offering_id=offering,
            type=type,
            target_id=target or uuid4(),
            include_below=False,
        )
        self.tell(self.enrollment, event, **when)
        return id

    def assigned(self, person: UUID, offering: UUID, assignment: UUID, term: int = 1) -> Event:
        return self.about(enrollment.LearnerAssigned, person, offering, assignment_id=assignment, term=term)

    def unassigned(self, person: UUID, offering: UUID, assignment: UUID, term: int = 1) -> Event:
        return self.about(
            enrollment.LearnerUnassigned, person, offering, assignment_id=assignment, term=term, why="dropped-out"
        )

    def about(self, event_class: type[Event], person: UUID, offering: UUID, /, **fields: object) -> Event:
        return self.next(event_class, uuid5(person, str(offering)), person_id=person, offering_id=offering, **fields)

    def enrol(self, *people: UUID, offering: UUID, assignment: UUID, **when: Any) -> int:
        return self.tell(self.enrollment, *(self.assigned(p, offering, assignment) for p in people), **when)

    def ask(self, headers: dict[str, str] | None = None, **asked: Any) -> dict[str, Any]:
        answer = self.http.get(MEMBERSHIP, params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def rows(self, headers: dict[str, str] | None = None, **asked: Any) -> list[dict[str, Any]]:
        return list(self.ask(headers, **asked)["items"])

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
        )
        with self.database.connection() as conn:
            return [conn.execute(f"SELECT t.* FROM {name} t ORDER BY 1").fetchall() for name in names]
