"""A small organisation to test in: facts arrive as events of directory and catalogue, commands over HTTP."""

from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID, uuid4

import profiles
from fastapi.testclient import TestClient
from httpx import Response
from issuer import Issuer

from services.enrollment.application.earning import Earning
from services.enrollment.application.evaluator import Evaluator
from services.enrollment.main import build
from shared.consumer import Consumer
from shared.contracts import catalog, directory
from shared.database import Database
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.events import SYSTEM, Event, Meta
from shared.feeds import PROFILES
from shared.feeds.postgres import PostgresFeeds
from shared.jobs import Worker
from shared.profiles import Profile
from shared.settings import Settings
from shared.store import Decision, Store
from shared.timers import Clock

MANAGER = "enrollment-manager"
MAKES = frozenset({"attempts", "purchase"})
"""What makes something of its own on an enrollment: 201."""
STATUSES = {
    **{one.kind: one.status for one in (Forbidden, Invalid, NotFound)},
    "own-enrollment": Forbidden.status,
    "not-yours-to-report": Forbidden.status,
}
"""Of the refusals that are no conflict with the state of things."""


class World:
    """Sources, the service itself, and a caller who may do everything."""

    def __init__(
        self, fresh: Callable[..., Database], feed_conninfo: Callable[[Database], str], **limits: object
    ) -> None:
        self.directory, self.catalog = Store(fresh()), Store(fresh())
        profiles.create(self.directory.database)
        self.database = fresh("services.enrollment")
        self.issuer = Issuer()
        sources = {"directory": self.directory, PROFILES: self.directory, "catalog": self.catalog}
        self.settings = Settings(database_url=self.database.conninfo, **limits)  # type: ignore[arg-type]
        self.service = build(
            self.settings,
            feeds=PostgresFeeds(lambda source: feed_conninfo(sources[source].database)),
            verifier=self.issuer.verifier,
        )
        self.consumers = [w for w in self.service.workers if isinstance(w, Consumer)]
        self.evaluator = next(w for w in self.service.workers if isinstance(w, Evaluator))
        self.worker = next(w for w in self.service.workers if isinstance(w, Worker))
        self.earning = next(w for w in self.service.workers if isinstance(w, Earning))
        self.administrator = uuid4()
        self.http = TestClient(
            self.service.app, headers=self.issuer.headers(self.administrator, ("site-administrator", None))
        )
        self.versions: dict[UUID, int] = {}

    def close(self) -> None:
        for consumer in self.consumers:
            consumer._feed.close()
        self.service.close()

    def client(self, person: UUID, *roles: tuple[str, UUID | None]) -> TestClient:
        """Somebody who is signed in."""
        return TestClient(self.service.app, headers=self.issuer.headers(person, *roles))

    def tell(
        self, store: Store, event_class: type[Event], stream: UUID, *, batch: UUID | None = None, **fields: object
    ) -> UUID:
        """An event of another service."""
        version = self.versions.get(stream, 0) + 1
        event = event_class(originator_id=stream, originator_version=version, **fields)  # type: ignore[arg-type]
        appended = store.append([Decision((event,), Meta(actor=SYSTEM, correlation=batch or uuid4()))])
        assert not appended.lost
        self.versions[stream] = version
        return stream

    def settle(self) -> None:
        """Until nothing is left to do: facts taken, jobs done, nobody dirty."""
        while any(part.step() for part in (*self.consumers, self.worker, self.evaluator, self.earning)):
            pass

    def course(
        self,
        title: str = "Fire safety",
        activities: int = 2,
        *kinds: object,
        described: Sequence[dict[str, object]] = (),
        **more: object,
    ) -> UUID:
        """With so many parts of content, or activities of these kinds; an exam with its pass mark is `("exam", 80)`.

        `described`: activities in full.
        """
        parts = kinds or ("content",) * activities
        told = {
            "code": title,
            "title": title,
            "description": "",
            "activities": described or [_activity(part, n) for n, part in enumerate(parts)],
            "minimum_minutes": 10,
            "access_days": None,
            "certificate": None,
            "badge": None,
            "price": None,
        }
        return self.tell(self.catalog, catalog.CourseDescribed, uuid4(), **{**told, **more})

    def certification(
        self, title: str = "Nurse certificate", *steps: dict[str, object], published: bool = True, **more: object
    ) -> UUID:
        told = {"code": title, "title": title, "description": "", "minimum_minutes": None}
        told |= {"certificate": None, "badge": None, "price": None}
        id = self.tell(self.catalog, catalog.CertificationDescribed, uuid4(), **{**told, **more})
        usual = ({"kind": "task", "title": "Sign the rules"}, {"kind": "exam", "title": "Final exam"})
        self.tell(self.catalog, catalog.VersionDrafted, id, version=1, steps=steps or usual)
        if published:
            self.publish(id)
        return id

    def qualification(self, title: str, *items: UUID, **more: object) -> UUID:
        told = {"code": title, "title": title, "description": "", "items": items}
        told |= {"certificate": None, "badge": None, "price": None}
        return self.tell(self.catalog, catalog.QualificationDescribed, uuid4(), **{**told, **more})

    def job_role(self, name: str, *qualifications: UUID, id: UUID | None = None, optional: Sequence[UUID] = ()) -> UUID:
        """A job role with these qualifications, required but for the `optional` ones; `id`: replaces it whole."""
        links = [{"qualification_id": q, "required": q not in optional} for q in (*qualifications, *optional)]
        told = {"code": name, "name": name, "description": "", "qualifications": links}
        return self.tell(self.catalog, catalog.JobRoleDescribed, id or uuid4(), **told)

    def hold(self, job_role: UUID, *people: UUID) -> dict[str, object]:
        """Assign a job role by hand. Returns the result."""
        answer = self.http.post(
            f"/api/enrollment/job-roles/{job_role}/holders", json={"people": [str(person) for person in people]}
        )
        assert answer.status_code == 201, answer.text
        self.settle()
        result: dict[str, object] = answer.json()["result"]
        return result

    def trigger(self, name: str, when: dict[str, object], **more: object) -> str:
        """A trigger that has begun to act. Returns its id."""
        self.settle()
        body = {"name": name, "when": when, **{key: str(v) if isinstance(v, UUID) else v for key, v in more.items()}}
        answer = self.http.post("/api/enrollment/triggers", json=body)
        assert answer.status_code == 202, answer.text
        self.settle()
        return str(answer.json()["result"]["trigger_id"])

    def publish(self, id: UUID, version: int = 1) -> None:
        self.tell(self.catalog, catalog.VersionPublished, id, version=version)

    def unit(self, name: str = "North", parent: UUID | None = None, kind: str = "organisation") -> UUID:
        fields = {"kind": kind, "framework": uuid4(), "parent": parent, "name": name, "external_id": name}
        return self.tell(self.directory, directory.UnitCreated, uuid4(), **fields)

    def profile(self, unit: UUID, *, access_days: int | None = None, time_zone: str | None = None) -> None:
        """What an organisation sets, whole."""
        fields = {"access_days": access_days, "time_zone": time_zone, "anonymous_registration": None, "key_field": None}
        self.tell(self.directory, directory.OrganisationProfiled, unit, **fields)

    def person(self, home: UUID | None = None) -> UUID:
        return self.tell(self.directory, directory.PersonRegistered, uuid4(), home_organisation=home)

    def named(self, first: str, last: str, email: str, home: UUID | None = None) -> UUID:
        """A person with a profile."""
        id = self.person(home)
        profile = Profile(first_name=first, last_name=last, email=email, user_name=email)
        profiles.save(self.directory.database, id, profile)
        return id

    def people(self, count: int, home: UUID | None = None) -> list[UUID]:
        ids = [uuid4() for _ in range(count)]
        events = [
            directory.PersonRegistered(originator_id=id, originator_version=1, home_organisation=home) for id in ids
        ]
        meta = Meta(actor=SYSTEM, correlation=uuid4())
        self.directory.append([Decision((event,), meta) for event in events])
        self.versions.update(dict.fromkeys(ids, 1))
        return ids

    def move(self, person: UUID, home: UUID | None) -> None:
        self.tell(self.directory, directory.PersonMoved, person, home_organisation=home)

    def job(self, person: UUID, *, id: UUID | None = None, **fields: object) -> UUID:
        job = directory.Job(id=id or uuid4(), **fields)  # type: ignore[arg-type]
        self.tell(self.directory, directory.JobAssigned, person, job=job)
        return job.id

    def end_job(self, person: UUID, job: UUID) -> None:
        self.tell(self.directory, directory.JobEnded, person, job=job)

    def audience(self, *members: UUID, name: str = "First aiders") -> UUID:
        id = self.tell(self.directory, directory.AudienceCreated, uuid4(), name=name)
        if members:
            self.join(id, *members)
        return id

    def join(self, audience: UUID, *people: UUID) -> None:
        self.tell(self.directory, directory.AudienceMembersAdded, audience, people=people)

    def leave(self, audience: UUID, *people: UUID) -> None:
        self.tell(self.directory, directory.AudienceMembersRemoved, audience, people=people)

    def preview(self, offering: UUID, *targets: tuple[str, UUID, bool], **more: object) -> dict[str, object]:
        asked = [{"type": type, "target_id": str(id), "include_below": below} for type, id, below in targets]
        body = {"action": "assign", "offering_id": str(offering), "targets": asked, **more}
        answer = self.http.post("/api/enrollment/previews", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, object] = answer.json()
        return found

    def assign(self, offering: UUID, type: str, target: UUID, *, below: bool = False, **more: object) -> UUID:
        """Preview, confirm, and carry it to everybody. Returns the assignment's id."""
        preview = self.preview(offering, (type, target, below), **more)
        answer = self.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
        assert answer.status_code == 202, answer.text
        self.settle()
        return UUID(answer.json()["result"]["created"][0]["assignment_id"])

    def remove(self, *assignments: UUID) -> dict[str, object]:
        """Preview the removal, confirm it, and carry it to everybody. Returns the preview."""
        body = {"action": "remove", "assignment_ids": [str(a) for a in assignments]}
        preview: dict[str, object] = self.http.post("/api/enrollment/previews", json=body).json()
        answer = self.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
        assert answer.status_code == 202, answer.text
        self.settle()
        return preview

    def enrollments(self, **query: object) -> list[dict[str, object]]:
        params = {key: str(value) for key, value in query.items()}
        items: list[dict[str, object]] = self.http.get(
            "/api/enrollment/enrollments", params={"limit": "500", **params}
        ).json()["items"]
        return items

    def standing(self, person: UUID, offering: UUID) -> str:
        """`status`, and `!` for without source; `-` for none."""
        found = self.enrollments(person_id=person, offering_id=offering)
        return f"{found[0]['status']}{'!' if found[0]['without_source'] else ''}" if found else "-"

    def enrolled(self, offering: UUID) -> set[UUID]:
        return {UUID(str(e["person_id"])) for e in self.enrollments(offering_id=offering) if e["status"] != "withdrawn"}

    def enroll(self, person: UUID, offering: UUID, **more: object) -> str:
        """Assign one person. Returns the enrollment's id."""
        body = {"offerings": [str(offering)], "people": [str(person)], **more}
        answer = self.http.post("/api/enrollment/assignments", json=body)
        assert answer.status_code == 202, answer.text
        assert answer.json()["result"]["refused"] == []
        self.settle()
        return str(self.enrollments(person_id=person, offering_id=offering)[0]["id"])

    def do(self, id: str, what: str, by: TestClient | None = None, **body: object) -> Response:
        """A command on an enrollment, by the administrator unless said otherwise."""
        return (by or self.http).post(f"/api/enrollment/enrollments/{id}/{what}", json=body or None)

    def did(self, id: str, what: str, by: TestClient | None = None, **body: object) -> dict[str, object]:
        """A command that has to succeed; its result."""
        answer = self.do(id, what, by, **body)
        assert answer.status_code == (201 if what.rsplit("/", 1)[-1] in MAKES else 200), answer.text
        result: dict[str, object] = answer.json()["result"]
        return result

    def refused(self, id: str, what: str, by: TestClient | None = None, **body: object) -> str:
        """A command that has to be refused; the kind of problem."""
        answer = self.do(id, what, by, **body)
        kind = str(answer.json()["type"]).rsplit(":", 1)[1]
        assert answer.status_code == STATUSES.get(kind, Conflict.status), answer.text
        return kind

    def show(self, id: str, by: TestClient | None = None) -> dict[str, object]:
        found: dict[str, object] = (by or self.http).get(f"/api/enrollment/enrollments/{id}").json()
        return found

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
        return next(worker for worker in self.service.workers if isinstance(worker, Clock)).step()

    def begin(self, person: UUID, offering: UUID) -> None:
        id = self.enrollments(person_id=person, offering_id=offering)[0]["id"]
        assert self.http.post(f"/api/enrollment/enrollments/{id}/begin").status_code == 200

    def told(self, *, of: Sequence[UUID] = ()) -> list[str]:
        """The types of all events this service has recorded, or of those about these people."""
        with self.database.connection() as conn:
            rows = conn.execute("SELECT type, body FROM events ORDER BY position").fetchall()
        ids = [str(person).encode() for person in of]
        return [
            str(type).split(".")[1]
            for type, body in rows
            if not ids or (isinstance(body, bytes) and any(id in body for id in ids))
        ]


def _activity(part: object, n: int) -> dict[str, object]:
    kind, mark = part if isinstance(part, tuple) else (part, None)
    return {"kind": kind, "title": f"Part {n}", "pass_mark": mark}


def tomorrow() -> date:
    return date.fromordinal(date.today().toordinal() + 1)
