"""A due rule that can never be met is flagged wherever it is saved, and in the preview (DUE-4)."""

from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from httpx import Response

DAY = 24 * 60
TOO_SHORT = {"kind": "job-start", "amount": 1, "unit": "days"}
TOLD = f"1 day after the job starts is less than the minimum time of {14 * DAY} minutes, so everybody will be held."


@pytest.fixture
def course(harness: Harness) -> UUID:
    course = harness.course("WELDING", minimum_minutes=14 * DAY)
    harness.settle()
    return course


def saved(answer: Response, status: int = 202) -> object:
    """202: it is answered while people are still brought in step; 200 or 201 where there are none yet."""
    assert answer.status_code == status, answer.text
    return answer.json()["result"]["warnings"]


def warned(harness: Harness, offering: UUID, rule: dict[str, object]) -> object:
    audience = harness.audience(harness.person())
    harness.settle()
    return harness.preview(offering, ("audience", audience, False), due=rule)["warnings"]


@pytest.mark.feature("DUE-4")
@pytest.mark.parametrize("kind", ["enrollment", "first-login", "position-assigned", "job-start", "completion"])
def test_whatever_has_happened_by_then_leaves_too_little_time(harness: Harness, course: UUID, kind: str) -> None:
    about = {"offering_id": str(course)} if kind == "completion" else {}
    short: dict[str, object] = {"kind": kind, "amount": 12, "unit": "days", **about}
    assert len(warned(harness, course, short)) == 1  # type: ignore[arg-type]
    assert warned(harness, course, {**short, "amount": 13}) == []


@pytest.mark.feature("DUE-4")
def test_a_field_may_hold_a_day_to_come_and_months_may_be_long(harness: Harness, course: UUID) -> None:
    assert warned(harness, course, {"kind": "field", "field": "visa", "amount": 1, "unit": "days"}) == []
    month: dict[str, object] = {"kind": "enrollment", "amount": 1, "unit": "months"}
    long, longer = (harness.course(f"C{days}", minimum_minutes=days * DAY) for days in (32, 33))
    harness.settle()
    assert warned(harness, long, month) == []
    assert len(warned(harness, longer, month)) == 1  # type: ignore[arg-type]
    year: dict[str, object] = {"kind": "enrollment", "amount": 1, "unit": "years"}
    leap, never = (harness.course(f"C{days}", minimum_minutes=days * DAY) for days in (367, 368))
    harness.settle()
    assert warned(harness, leap, year) == []
    assert len(warned(harness, never, year)) == 1  # type: ignore[arg-type]


@pytest.mark.feature("DUE-4", "ASG-9")
def test_it_is_flagged_in_the_preview_and_when_that_is_confirmed(harness: Harness, course: UUID) -> None:
    audience = harness.audience(harness.person())
    harness.settle()
    preview = harness.preview(course, ("audience", audience, False), due=TOO_SHORT)
    assert preview["warnings"] == [TOLD]
    assert saved(harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")) == [TOLD]


@pytest.mark.feature("DUE-4", "ASG-5")
def test_it_is_flagged_when_people_are_assigned_one_by_one(harness: Harness, course: UUID) -> None:
    ann, other = harness.person(), harness.course("QUICK")
    harness.settle()
    body = {"offerings": [str(course)], "people": [str(ann)], "due": TOO_SHORT}
    assert saved(harness.http.post("/api/enrollment/assignments", json=body)) == [TOLD]
    both = {**body, "offerings": [str(course), str(other)], "people": [str(harness.person())]}
    harness.settle()
    assert saved(harness.http.post("/api/enrollment/assignments", json=both)) == [f"WELDING: {TOLD}"]


@pytest.mark.feature("DUE-4", "GRP-1")
def test_it_is_flagged_when_a_rule_is_edited_and_when_a_group_is_made(harness: Harness, course: UUID) -> None:
    path = f"/api/enrollment/offerings/{course}/groups"
    assert saved(harness.http.post(path, json={"name": "Calm"}), 201) == []
    made = harness.http.post(path, json={"name": "Hasty", "due": TOO_SHORT})
    assert saved(made, 201) == [TOLD]
    group = made.json()["result"]["assignment_id"]
    assert saved(harness.http.put(f"/api/enrollment/assignments/{group}/due", json={"due": TOO_SHORT}), 200) == [TOLD]
    body = {"action": "due", "assignment_id": group, "due": TOO_SHORT}
    assert harness.http.post("/api/enrollment/previews", json=body).json()["warnings"] == [TOLD]
    described = {"name": "Hasty", "description": "Be quick", "due": TOO_SHORT}
    assert saved(harness.http.put(f"/api/enrollment/groups/{group}", json=described), 200) == [TOLD]


@pytest.mark.feature("DUE-4", "TRG-1", "TRG-2")
def test_it_is_flagged_when_a_trigger_is_made_and_before_it_is_applied(harness: Harness, course: UUID) -> None:
    body = {"name": "New", "when": {"kind": "created"}, "offering_id": str(course), "due": TOO_SHORT}
    made = harness.http.post("/api/enrollment/triggers", json=body)
    assert saved(made) == [TOLD]
    harness.settle()
    apply = {"action": "apply-trigger", "trigger_id": made.json()["result"]["trigger_id"]}
    preview = harness.http.post("/api/enrollment/previews", json=apply).json()
    assert preview["warnings"] == [TOLD]
    assert saved(harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")) == [TOLD]


@pytest.mark.feature("DUE-4", "ASG-12")
def test_it_is_flagged_when_a_job_roles_qualification_gets_one(harness: Harness, course: UUID) -> None:
    """A job role gives no dates by itself, but its assignment can be given one."""
    harness.job_role("NURSE", harness.qualification("FITTER", course))
    harness.settle()
    (listed,) = harness.http.get("/api/enrollment/assignments", params={"type": "job-role"}).json()["items"]
    rule = {"kind": "fixed", "on": "2000-01-01"}
    assert len(saved(harness.http.put(f"/api/enrollment/assignments/{listed['id']}/due", json={"due": rule}))) == 1  # type: ignore[arg-type]


@pytest.mark.feature("DUE-4", "CAT-16")
@pytest.mark.usefixtures("course")
def test_it_is_flagged_by_the_catalog_as_code(harness: Harness) -> None:
    group = {"offering": "WELDING", "name": "Hasty", "due": TOO_SHORT}
    trigger = {"name": "New", "when": {"kind": "created"}, "offering": "WELDING", "due": TOO_SHORT}
    for dry_run in (True, False, False):
        headers = {"Idempotency-Key": str(uuid4())}
        file = {"groups": [group], "triggers": [trigger]}
        answer = harness.http.post("/api/enrollment/apply", params={"dry_run": dry_run}, json=file, headers=headers)
        assert [item["warnings"] for item in answer.json()["result"]["items"]] == [[TOLD], [TOLD]]
        harness.settle()
