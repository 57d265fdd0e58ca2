"""A company with something in every report: two organisations, and whoever learns there."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from reporting.harness import Harness

from shared.contracts import approvals, enrollment

SOURCES = (
    "membership",
    "overview",
    "overview-by-assignment",
    "exceptions",
    "completion",
    "record-of-learning",
    "billing",
    "keys",
    "approvals",
)
COMPLETED = datetime(2026, 3, 1, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Company:
    north: UUID
    south: UUID
    ada: UUID
    bob: UUID
    course: UUID
    audience: UUID
    key: UUID


def company(harness: Harness) -> Company:
    """Ada is at home in the north, Bob in the south. Each is assigned by an audience, has completed, waits on another course, has
    redeemed a key and asked for access."""
    north, south = harness.unit("North"), harness.unit("South")
    ada, bob = harness.person("Ada North", north), harness.person("Bob South", south)
    course, other = harness.course("Fire safety"), harness.course("Welding")
    drivers = harness.audience("Drivers")
    audience = harness.assignment(course, "audience", drivers)
    keys = []
    for person, home, name in ((ada, north, "North"), (bob, south, "South")):
        harness.enrol(person, offering=course, assignment=audience)
        completes(harness, person, course)
        waits = harness.assignment(other, "audience", drivers)
        harness.tell(harness.enrollment, harness.held_back(person, other, waits))
        pool = harness.key_pool(f"Pool of {name}", course, home)
        key, by_key = harness.key(pool), harness.assignment(course, "key", person)
        harness.enrol(person, offering=course, assignment=by_key)
        harness.redeemed(key, pool, person, course, by_key)
        asked = harness.requested(person, other)
        opened = harness.of_request(
            approvals.StageOpened, asked, person, other, stage=1, approvers=(), nobody_found=True
        )
        harness.tell(harness.approvals, opened)
        keys.append(key)
    harness.settle()
    return Company(north, south, ada, bob, course, audience, keys[0])


def completes(harness: Harness, person: UUID, course: UUID, term: int = 1) -> None:
    exam = {"step": 1, "score": 87, "pass_mark": 80, "passed": True}
    done = {"version": 3, "completed_at": COMPLETED, "valid_until": date(2026, 4, 1)}
    certificate = {"serial": f"S-{person.hex[:8]}", "completed_on": date(2026, 3, 1), "valid_until": date(2026, 4, 1)}
    harness.tell(
        harness.enrollment,
        harness.about(enrollment.TrainingBegun, person, course, term=term),
        harness.about(enrollment.ExamTaken, person, course, term=term, **exam),
        harness.about(enrollment.EnrollmentCompleted, person, course, term=term, **done),
        harness.about(enrollment.CertificateIssued, person, course, term=term, **certificate),
    )
