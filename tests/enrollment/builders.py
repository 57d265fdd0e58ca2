"""What enrollment follows: events of the catalog and of the directory."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import profiles

from shared.contracts import catalog, directory
from shared.database import Database
from shared.events import SYSTEM, Event, Meta
from shared.profiles import Profile
from shared.store import Decision, Store


class Sources:
    """Two services that tell events, and nothing else of them."""

    def __init__(self, catalog_database: Database, directory_database: Database) -> None:
        self.catalog, self.directory = Store(catalog_database), Store(directory_database)
        profiles.create(directory_database)
        self.versions: dict[UUID, int] = {}

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


class CatalogBuilder(Sources):
    """Offerings and job roles."""

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

    def publish(self, id: UUID, version: int = 1) -> None:
        self.tell(self.catalog, catalog.VersionPublished, id, version=version)


class DirectoryBuilder(Sources):
    """Units, people, their jobs and audiences."""

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


def _activity(part: object, n: int) -> dict[str, object]:
    kind, mark = part if isinstance(part, tuple) else (part, None)
    return {"kind": kind, "title": f"Part {n}", "pass_mark": mark}
