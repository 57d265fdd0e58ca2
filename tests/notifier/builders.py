"""What e-mails are about: events of the catalog, the directory and enrollment, and profiles."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from shared.contracts import catalog, directory, enrollment
from shared.contracts.enrollment import Hold
from shared.database import Database
from shared.events import SYSTEM, Event, Meta, TextRef
from shared.profiles import Profile
from shared.store import Decision, Store

DAY = "2027-03-01"
_PROFILES = """
CREATE TABLE published_profiles (
    position bigint GENERATED ALWAYS AS IDENTITY,
    epoch uuid NOT NULL DEFAULT '5f0f6f0e-0000-4000-8000-000000000001', person_id uuid, revision int, body bytea
);
GRANT SELECT ON published_profiles TO rollbook_feed;
"""


def own_sources(fresh: Callable[..., Database]) -> dict[str, Store]:
    """Five services that tell events, and nothing else of them; approvals and keys in the catalog's store."""
    sources = {name: Store(fresh()) for name in ("catalog", "directory", "enrollment")}
    sources["approvals"] = sources["keys"] = sources["catalog"]
    with sources["directory"].database.connection() as conn:
        conn.execute(_PROFILES)
    return sources


class Builders:
    """Events of the sources, each with the next version of its stream."""

    def __init__(self, sources: dict[str, Store]) -> None:
        self.sources = sources
        self._versions: Counter[UUID] = Counter()

    def tell(
        self,
        source: str,
        *events: tuple[type[Event], UUID, dict[str, Any]],
        reason_code: str = "command",
        batch: UUID | None = None,
        **meta: Any,
    ) -> int:
        """Events of another service, in one append; of one batch, or of one each."""
        decisions = []
        for kind, stream, fields in events:
            self._versions[stream] += 1
            event = kind(originator_id=stream, originator_version=self._versions[stream], **fields)
            told = {"actor": SYSTEM, **meta}
            decisions.append(Decision((event,), Meta(correlation=batch or uuid4(), reason_code=reason_code, **told)))
        appended = self.sources[source].append(decisions)
        assert not appended.lost
        return appended.positions[-1]

    def course(self, title: str = "Fire safety") -> UUID:
        id = uuid4()
        fields = {"code": "C1", "title": title, "description": "", "activities": (), "minimum_minutes": 0}
        fields |= dict.fromkeys(("access_days", "certificate", "badge", "price"))
        self.tell("catalog", (catalog.CourseDescribed, id, fields))
        return id

    def switch(self, offering: UUID, *on: str) -> None:
        self.tell("catalog", (catalog.NotificationsSwitched, offering, {"on": on}))

    def people(self, count: int, home: UUID | None = None) -> list[UUID]:
        """Active people without profiles."""
        ids = [uuid4() for _ in range(count)]
        self.tell("directory", *[(directory.PersonRegistered, id, {"home_organisation": home}) for id in ids])
        return ids

    def person(self, email: str = "ada@example.org", home: UUID | None = None, **profile: Any) -> UUID:
        (id,) = self.people(1, home)
        self.profile(id, email, **profile)
        return id

    def profile(self, person: UUID, email: str, revision: int = 1, **fields: Any) -> None:
        profile = Profile(
            **{"first_name": "Ada", "last_name": "Lovelace", "user_name": email, "email": email, **fields}
        )
        body = b'{"profile":' + profile.model_dump_json().encode() + b"}"
        with self.sources["directory"].database.connection() as conn:
            conn.execute(
                "INSERT INTO published_profiles (person_id, revision, body) VALUES (%s, %s, %s)",
                [person, revision, body],
            )

    def assign(self, offering: UUID, *people: UUID, term: int = 1, assignment: UUID | None = None, **meta: Any) -> UUID:
        assignment = assignment or uuid4()
        self.tell("enrollment", *[self._assigned(offering, person, assignment, term) for person in people], **meta)
        return assignment

    def _assigned(
        self, offering: UUID, person: UUID, assignment: UUID, term: int
    ) -> tuple[type[Event], UUID, dict[str, Any]]:
        fields = {"person_id": person, "offering_id": offering, "assignment_id": assignment, "term": term}
        return enrollment.LearnerAssigned, enrollment_of(person, offering), fields

    def newcomers(self, *addresses: str) -> None:
        """People with these addresses, assigned to a course of their own."""
        self.assign(self.course(), *[self.person(address) for address in addresses])

    def withdraw(
        self, offering: UUID, person: UUID, term: int = 1, kind: type[Event] = enrollment.LearnerWithdrawn
    ) -> None:
        fields = {"person_id": person, "offering_id": offering, "term": term}
        self.tell("enrollment", (kind, enrollment_of(person, offering), fields))

    def certify(self, offering: UUID, person: UUID, serial: str, **more: str) -> None:
        """A completion that has a certificate."""
        fields = {"person_id": person, "offering_id": offering, "term": 1, "serial": serial}
        fields |= {"completed_on": date(2026, 11, 23), "valid_until": None}
        self.tell("enrollment", (enrollment.CertificateIssued, enrollment_of(person, offering), fields), **more)

    def revoke(self, offering: UUID, person: UUID, serial: str) -> None:
        fields = {"person_id": person, "offering_id": offering, "term": 1, "serial": serial}
        fields |= {"reason": TextRef(id=uuid4(), digest="0" * 64)}
        self.tell("enrollment", (enrollment.CertificateRevoked, enrollment_of(person, offering), fields))

    def unit(self, parent: UUID | None = None) -> UUID:
        id = uuid4()
        fields = {"kind": "organisation", "framework": uuid4(), "parent": parent, "name": "N", "external_id": "N"}
        self.tell("directory", (directory.UnitCreated, id, fields))
        return id

    def appoint(self, email: str, *organisations: UUID | None, role: str = "site-administrator", **more: Any) -> UUID:
        id = self.person(email, **more)
        for organisation in organisations:
            fields = {"role": role, "organisation": organisation}
            self.tell("directory", (directory.PermissionRoleGranted, id, fields))
        return id

    def revoke_role(self, person: UUID, organisation: UUID | None) -> None:
        fields = {"role": "site-administrator", "organisation": organisation}
        self.tell("directory", (directory.PermissionRoleRevoked, person, fields))

    def hold(
        self,
        offering: UUID,
        *people: UUID,
        batch: UUID | None = None,
        kinds: tuple[str, ...] = ("time-allowance",),
        **meta: Any,
    ) -> UUID:
        """Exceptions of one batch. Returns the assignment that waits."""
        assignment = uuid4()
        holds = (Hold(assignment_id=assignment, since=DAY, cause=kinds[0]),)  # type: ignore[arg-type]
        fields = {"kinds": kinds, "holds": holds}
        told = [self._about(enrollment.ExceptionRaised, offering, person, **fields) for person in people]
        self.tell("enrollment", *told, batch=batch or uuid4(), **meta)
        return assignment

    def answer(self, offering: UUID, *people: UUID, resolution: str = "not-assigned") -> None:
        self.tell(
            "enrollment",
            *[self._about(enrollment.ExceptionAnswered, offering, p, resolution=resolution) for p in people],
        )

    def end(self, offering: UUID, person: UUID, assignment: UUID) -> None:
        self.tell("enrollment", self._about(enrollment.HoldEnded, offering, person, assignment_id=assignment))

    def _about(
        self, kind: type[Event], offering: UUID, person: UUID, **fields: Any
    ) -> tuple[type[Event], UUID, dict[str, Any]]:
        return kind, enrollment_of(person, offering), {"person_id": person, "offering_id": offering, **fields}


def enrollment_of(person: UUID, offering: UUID) -> UUID:
    return UUID(int=person.int ^ offering.int, version=5)
