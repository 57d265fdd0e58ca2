"""What no rule, query or calendar can take does not come in: refused at the edge, with the field and the reason (DUE-1, GRP-1)."""

import json
from uuid import uuid4

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient

E = "/api/enrollment"
BEYOND = 2**63
"""More than any number of a database: refused before anybody looks for a field."""


def refusal(answer: object) -> tuple[int, str]:
    assert hasattr(answer, "json")
    told = answer.json()
    return told["status"], str(told["type"]).rsplit(":", 1)[1]


@pytest.mark.feature("DUE-1")
@pytest.mark.parametrize(
    "due",
    [
        {"kind": "fixed", "on": "9999-12-31"},
        {"kind": "fixed", "on": "0001-01-01"},
        {"kind": "enrollment", "amount": 36_500, "unit": "years"},
        {"kind": "enrollment", "amount": BEYOND, "unit": "days"},
        {"kind": "field", "field": "hired\0", "amount": 1, "unit": "days"},
        {"kind": "field", "field": "", "amount": 1, "unit": "days"},
    ],
)
def test_a_due_rule_that_leaves_the_calendar_is_refused_wherever_it_is_given(
    harness: Harness, due: dict[str, object]
) -> None:
    course, ann, unit = str(harness.course()), str(harness.person()), str(harness.unit())
    harness.settle()
    targets = [{"type": "organisation", "target_id": unit, "include_below": True}]
    for path, body in (
        ("/assignments", {"offerings": [course], "people": [ann]}),
        ("/previews", {"action": "assign", "offering_id": course, "targets": targets}),
        (f"/offerings/{course}/groups", {"name": "Morning"}),
    ):
        answer = harness.http.post(f"{E}{path}", json={**body, "due": due})
        assert refusal(answer) == (422, "invalid"), answer.text
        field = answer.json()["field"].removeprefix("assign.").partition(".")[0]
        assert field == ("body" if due.get("amount") == BEYOND else "due"), answer.text
    assert harness.told() == []


def test_the_last_day_and_a_hundred_years_are_inside(harness: Harness) -> None:
    course, ann, bo = harness.course(), harness.person(), harness.person()
    harness.settle()
    harness.enroll(ann, course, due={"kind": "fixed", "on": "2999-12-31"})
    harness.enroll(bo, course, due={"kind": "enrollment", "amount": 100, "unit": "years"})
    assert len(harness.enrolled(course)) == 2


@pytest.mark.feature("ASG-13")
def test_a_note_with_a_character_that_no_text_has_is_refused(harness: Harness) -> None:
    course, ann = str(harness.course()), str(harness.person())
    harness.settle()
    for title in ("Read\0this", "\ud800", "   "):
        note = {"title": title, "message": "Please.", "important": False}
        body = f'{{"offerings": ["{course}"], "people": ["{ann}"], "note": {json.dumps(note)}}}'
        answer = harness.http.post(f"{E}/assignments", content=body, headers={"Content-Type": "application/json"})
        assert refusal(answer) == (422, "invalid"), answer.text
    assert harness.told() == []


@pytest.mark.feature("ENR-10")
def test_a_nul_in_an_address_is_refused_and_no_fault_of_the_server(harness: Harness) -> None:
    assert TestClient(harness.service.app).get(f"{E}/certificates/%00").status_code == 404
    for path in ("/offerings?q=%00", "/enrollments?cursor=%00"):
        assert refusal(harness.http.get(f"{E}{path}")) == (422, "invalid")


@pytest.mark.feature("CAT-16")
def test_json_that_is_nested_too_deeply_is_refused(harness: Harness) -> None:
    deep = f'{{"triggers": {"[" * 3_000}{"]" * 3_000}}}'
    answer = harness.http.post(f"{E}/apply", content=deep, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (422, "invalid"), answer.text


@pytest.mark.feature("GRP-1", "CAT-19")
def test_a_window_at_the_ends_of_time_is_refused(harness: Harness) -> None:
    course = harness.course()
    harness.settle()
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2027-01-01T00:00:00"):
        answer = harness.http.post(f"{E}/offerings/{course}/groups", json={"name": str(uuid4()), "opens": moment})
        assert refusal(answer) == (422, "invalid"), answer.text
