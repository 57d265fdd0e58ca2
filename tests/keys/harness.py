"""The keys service as its callers see it; directory, catalog and enrollment are played by events."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import profiles
from fastapi.testclient import TestClient
from httpx import Response
from issuer import Issuer

from services.keys.application.redemptions import Settlement
from services.keys.application.registration_worker import RegistrationWorker
from services.keys.main import build
from shared.consumer import Consumer
from shared.contracts import catalog, directory, enrollment
from shared.contracts.keys import KeyReserved
from shared.database import Database
from shared.events import SYSTEM, Event, Meta, decode
from shared.feeds import PROFILES
from shared.feeds.postgres import PostgresFeeds
from shared.jobs import Worker
from shared.profiles import Profile
from shared.settings import Settings
from shared.store import Decision, Store

SECRETS = {1: "a secret for tests that has enough characters"}
NOW = datetime.now(UTC)


class Keys:
    """One service, two organisations (`head`, and `branch` below it), a course, and an operations manager of `head`."""

    def __init__(
        self, fresh: Callable[..., Database], feed_conninfo: Callable[[Database], str], **settings: object
    ) -> None:
        self.catalog, self.enrollment = Store(fresh()), Store(fresh())
        self.directory = self.open_directory(fresh)
        self.database = fresh("services.keys")
        self.issuer = Issuer()
        self.versions: dict[UUID, int] = {}
        self._sources = {
            "directory": self.directory,
            PROFILES: self.directory,
            "catalog": self.catalog,
            "enrollment": self.enrollment,
        }
        self._conninfo = feed_conninfo
        self.start(**settings)
        self.head = self.unit("Head office")
        self.branch = self.unit("Branch", self.head)
        self.course = self.make_course()
        self.manager = self.person(self.head, "Oda", "Kern")
        self.settle()
        self.http = self.client(self.manager, ("operations-manager", self.head))

    def open_directory(self, fresh: Callable[..., Database]) -> Store:
        """What the directory tells is in it."""
        store = Store(fresh())
        profiles.create(store.database)
        return store

    def start(self, **settings: object) -> None:
        """The service, again and with other settings where it runs already."""
        told = {"training_key_secrets": SECRETS, "redemption_wait": 0.0, **settings}
        self.settings = Settings(database_url=self.database.conninfo, **told)  # type: ignore[arg-type]
        self.service = build(
            self.settings,
            feeds=PostgresFeeds(lambda source: self._conninfo(self._sources[source].database)),
            verifier=self.issuer.verifier,
        )
        self.consumers = [w for w in self.service.workers if isinstance(w, Consumer)]
        self.settlement = next(w for w in self.service.workers if isinstance(w, Settlement))
        self.worker = next(w for w in self.service.workers if isinstance(w, Worker))
        self.registering = next(w for w in self.service.workers if isinstance(w, RegistrationWorker))

    def restart(self, **settings: object) -> None:
        self.close()
        self.start(**settings)
        self.http = self.client(self.manager, ("operations-manager", self.head))

    def close(self) -> None:
        for consumer in self.consumers:
            consumer._feed.close()
        self.service.close()

    def client(self, person: UUID, *roles: tuple[str, UUID | None]) -> TestClient:
        """Somebody who is signed in."""
        return TestClient(self.service.app, headers=self.issuer.headers(person, *roles))

    def tell(self, store: Store, event_class: type[Event], stream: UUID, **fields: object) -> UUID:
        """An event of another service."""
        version = self.versions.get(stream, 0) + 1
        event = event_class(originator_id=stream, originator_version=version, **fields)  # type: ignore[arg-type]
        assert not store.append([Decision((event,), Meta(actor=SYSTEM, correlation=uuid4()))]).lost
        self.versions[stream] = version
        return stream

    def settle(self) -> None:
        """Until nothing is left to do."""
        while sum(part.step() for part in (*self.consumers, self.worker, self.settlement, self.registering)):
            pass

    def unit(self, name: str, parent: UUID | None = None) -> UUID:
        fields = {"kind": "organisation", "framework": uuid4(), "parent": parent, "name": name, "external_id": name}
        return self.tell(self.directory, directory.UnitCreated, uuid4(), **fields)

    def person(self, home: UUID | None, first: str = "Ada", last: str = "Lind") -> UUID:
        id = self.tell(self.directory, directory.PersonRegistered, uuid4(), home_organisation=home)
        email = f"{first}.{last}.{id}@example.org"
        profiles.save(
            self.directory.database, id, Profile(first_name=first, last_name=last, email=email, user_name=email)
        )
        return id

    def make_course(self, title: str = "Forklift", access_days: int | None = 90) -> UUID:
        told = {"code": title, "title": title, "description": "", "activities": (), "minimum_minutes": 0}
        told |= {"access_days": access_days, "certificate": None, "badge": None, "price": None}
        return self.tell(self.catalog, catalog.CourseDescribed, uuid4(), **told)

    def terms(self, **more: object) -> dict[str, object]:
        day = timedelta(days=1)
        usual = {"name": "Spring", "access_days": 30, "starts": NOW - day, "expires": NOW + 30 * day}
        told = {**usual, "share_below": False, **more}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told.items()}

    def new_pool(self, **more: object) -> dict[str, object]:
        own = {"offering_id": str(self.course), "organisation_id": str(self.head)}
        return {**own, **self.terms(), **more}

    def pool(self, **more: object) -> str:
        answer = self.http.post("/api/keys/pools", json=self.new_pool(**self.terms(**more)))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["result"]["pool_id"])

    def add(self, pool: str, *lines: str) -> list[dict[str, object]]:
        """Returns a result for each line."""
        answer = self.http.post(f"/api/keys/pools/{pool}/keys", json={"lines": lines})
        assert answer.status_code == 201, answer.text
        results: list[dict[str, object]] = answer.json()["result"]["lines"]
        return results

    def key(self, pool: str, text: str = "WARD-2026-ABCD-EFGH") -> str:
        """One key. Returns its id."""
        answer = self.http.post(f"/api/keys/pools/{pool}/keys", json={"key": text})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["result"]["lines"][0]["key_id"])

    def generate(self, pool: str, count: int) -> None:
        answer = self.http.post(f"/api/keys/pools/{pool}/keys", json={"generate": count})
        assert answer.status_code == 202, answer.text
        self.settle()
        assert self.http.get(answer.headers["Location"]).json()["result"] == {"added": count}

    def exported(self, pool: str, **more: object) -> list[dict[str, str]]:
        """The rows of a CSV export."""
        answer = self.http.post(f"/api/keys/pools/{pool}/exports", json=more)
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    def redeem(self, person: UUID, text: str, **headers: str) -> Response:
        return self.client(person).post("/api/keys/redemptions", json={"key": text}, headers=headers)

    def asked(self) -> Sequence[KeyReserved]:
        """What enrollment is asked for, so far."""
        return [event for event in self.events() if isinstance(event, KeyReserved)]

    def events(self) -> list[Event]:
        with self.database.connection() as conn:
            rows = conn.execute("SELECT type, stream, version, body FROM events ORDER BY position").fetchall()
        return [decode(str(type), UUID(str(stream)), version, bytes(body)) for type, stream, version, body in rows]  # type: ignore[arg-type, call-overload]

    def admit(self, asked: KeyReserved, *, enrolls: bool = True, **more: object) -> UUID:
        """Enrollment's answer: the assignment, and as a rule the grant."""
        assignment, held = uuid4(), {"person_id": asked.person_id, "offering_id": asked.offering_id}
        target = {"type": "key", "target_id": asked.person_id, "include_below": False}
        self.tell(
            self.enrollment,
            enrollment.AssignmentCreated,
            assignment,
            offering_id=asked.offering_id,
            origin_id=asked.redemption_id,
            **target,
        )
        if enrolls:
            self.tell(
                self.enrollment,
                enrollment.LearnerAssigned,
                uuid4(),
                **held,
                assignment_id=assignment,
                term=1,
                **more,
            )
        self.settle()
        return assignment

    def refuse(self, asked: KeyReserved, kind: str = "still-enrolled", detail: str = "You have this course.") -> None:
        """Enrollment's other answer."""
        self.tell(
            self.enrollment,
            enrollment.AdmissionRefused,
            uuid4(),
            type="key",
            origin_id=asked.redemption_id,
            person_id=asked.person_id,
            offering_id=asked.offering_id,
            kind=kind,
            detail=detail,
        )
        self.settle()


def problem(answer: Response) -> str:
    """The kind of a problem."""
    return str(answer.json()["type"]).rpartition(":")[2]
