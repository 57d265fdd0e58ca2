"""What reports are made of: events of the catalog, the directory and enrollment, at the times that a test says."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import profiles

from shared.contracts import approvals, catalog, directory, enrollment, keys
from shared.database import Database
from shared.events import SYSTEM, Event, Meta
from shared.profiles import Profile
from shared.store import Decision, Store

FRAMEWORK = UUID(int=77)


class Builders:
    """Five services that tell events, and nothing else of them."""

    def __init__(self, fresh: Callable[..., Database]) -> None:
        self.catalog, self.directory, self.enrollment = Store(fresh()), Store(fresh()), Store(fresh())
        self.keys, self.approvals = Store(fresh()), Store(fresh())
        profiles.create(self.directory.database)
        self.versions: dict[UUID, int] = {}

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

    def key_pool(self, name: str, offering: UUID, organisation: UUID, **when: Any) -> UUID:
        pool = uuid4()
        times = {"starts": datetime(2026, 1, 1, tzinfo=UTC), "expires": datetime(2027, 1, 1, tzinfo=UTC)}
        about = {"name": name, "offering_id": offering, "organisation_id": organisation}
        event = self.next(keys.PoolDescribed, pool, **about, **times, access_days=30, share_below=True)
        self.tell(self.keys, event, **when)
        return pool

    def key(self, pool: UUID, **when: Any) -> UUID:
        key = uuid4()
        event = self.next(keys.KeyAdded, key, pool_id=pool, fingerprint=key.hex[:16], generated=True)
        self.tell(self.keys, event, **when)
        return key

    def redeemed(self, key: UUID, pool: UUID, person: UUID, offering: UUID, assignment: UUID, **when: Any) -> None:
        about = {"pool_id": pool, "redemption_id": uuid4(), "person_id": person, "offering_id": offering}
        reserved = self.next(keys.KeyReserved, key, **about, access_days=30)
        self.tell(self.keys, reserved, self.next(keys.KeyRedeemed, key, **about, assignment_id=assignment), **when)

    def requested(self, person: UUID, offering: UUID, **when: Any) -> UUID:
        request = uuid4()
        about = {"person_id": person, "offering_id": offering}
        self.tell(
            self.approvals, self.next(approvals.AccessRequested, request, **about, stages=(), reason=None), **when
        )
        return request

    def of_request(
        self, event_class: type[Event], request: UUID, person: UUID, offering: UUID, **fields: object
    ) -> Event:
        about = {"kind": "access", "person_id": person, "offering_id": offering}
        return self.next(event_class, request, **about, **fields)

    def held_back(self, person: UUID, offering: UUID, *assignments: UUID, kind: str = "time-allowance") -> Event:
        holds = tuple(
            enrollment.Hold(assignment_id=one, since=datetime(2026, 1, 1, tzinfo=UTC).date(), cause=kind)
            for one in assignments
        )
        return self.about(enrollment.ExceptionRaised, person, offering, kinds=(kind,), holds=holds)
