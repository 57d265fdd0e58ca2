"""Billing by home organisation and month: what was created and not cancelled (ASG-19)."""

from datetime import UTC, datetime

import pytest
from reporting.harness import Harness

from shared.contracts import enrollment


def billed(
    harness: Harness, month: str, headers: dict[str, str] | None = None, **asked: str
) -> dict[str, tuple[int, int, int]]:
    answer = harness.http.get("/api/reporting/billing", params={"month": month, **asked}, headers=headers)
    assert answer.status_code == 200, answer.text
    return {
        f"{row['home_organisation']} {row['offering_title']}": (row["created"], row["cancelled"], row["billed"])
        for row in answer.json()["items"]
    }


@pytest.mark.feature("ASG-19", "ASG-15")
def test_a_course_assignment_is_billed_in_the_month_of_its_creation_where_the_learner_was_at_home(
    harness: Harness,
) -> None:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    north, south = (harness.unit(name, at=long_ago) for name in ("North", "South"))
    ada, bob, eve = (
        harness.person(name, home, at=long_ago) for name, home in (("A A", north), ("B B", north), ("E E", south))
    )
    course = harness.course(at=long_ago)
    rule = harness.assignment(course, at=long_ago)
    october, november = datetime(2026, 10, 31, 23, 59, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    harness.enrol(ada, offering=course, assignment=rule, at=october)
    harness.enrol(bob, eve, offering=course, assignment=rule, at=november)
    later = datetime(2026, 11, 1, 20, tzinfo=UTC)
    for person, why in ((eve, "cancelled"), (ada, "dropped-out")):
        told = {"assignment_id": rule, "term": 1, "why": why}
        harness.tell(harness.enrollment, harness.about(enrollment.LearnerUnassigned, person, course, **told), at=later)
    harness.settle()
    assert billed(harness, "2026-10") == {"North Fire safety": (1, 0, 1)}
    assert billed(harness, "2026-11") == {"North Fire safety": (1, 0, 1), "South Fire safety": (1, 1, 0)}
    assert billed(harness, "2026-11", as_of="2026-11-01T12:00:00Z")["South Fire safety"] == (1, 0, 1)
    manager = harness.signed_in(("company-training-manager", south))
    assert list(billed(harness, "2026-11", manager)) == ["South Fire safety"]
    assert harness.http.get("/api/reporting/billing", params={"month": "November"}).status_code == 422
    assert harness.replay()["differences"] == 0


@pytest.mark.feature("ASG-19")
@pytest.mark.parametrize("month", ["9999-12", "0000-01", "2026-13", "2026-1", "%00"])
def test_a_month_that_no_calendar_has_is_refused(harness: Harness, month: str) -> None:
    answer = harness.http.get(f"/api/reporting/billing?month={month}")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:rollbook:problem:invalid"), answer.text
