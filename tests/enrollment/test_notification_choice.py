"""A command says what becomes of the e-mails that it causes: every event that it leads to carries it (NTF-3)."""

from uuid import UUID, uuid4

import pytest
from enrollment.harness import Harness
from httpx import Response

from shared.notification_choice import NOTIFICATIONS

pytestmark = pytest.mark.feature("NTF-3")


def choices(harness: Harness) -> dict[str, set[str | None]]:
    """What the events of each type say of e-mails."""
    query = "SELECT type, meta::jsonb ->> 'notifications' FROM events ORDER BY position"
    found: dict[str, set[str | None]] = {}
    with harness.database.connection() as conn:
        for type, choice in conn.execute(query).fetchall():
            found.setdefault(type.split(".")[1], set()).add(choice)
    return found


def confirm(harness: Harness, offering: UUID, target: UUID, **headers: str) -> Response:
    preview = harness.preview(offering, ("audience", target, False))
    answer = harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm", headers=headers)
    harness.settle()
    return answer


@pytest.mark.parametrize("choice", ["hold", "silence"])
def test_what_a_confirmed_preview_causes_by_jobs_carries_the_choice(harness: Harness, choice: str) -> None:
    audience, course = harness.audience(*harness.people(3)), harness.course()
    harness.settle()
    assert confirm(harness, course, audience, **{NOTIFICATIONS: choice}).status_code == 202
    assert len(harness.enrolled(course)) == 3
    assert choices(harness) == {"AssignmentCreated": {choice}, "LearnerAssigned": {choice}}


@pytest.mark.parametrize("headers", [{}, {NOTIFICATIONS: "send"}])
def test_without_a_choice_nothing_is_recorded_and_they_are_sent(harness: Harness, headers: dict[str, str]) -> None:
    audience, course = harness.audience(*harness.people(2)), harness.course()
    harness.settle()
    confirm(harness, course, audience, **headers)
    assert choices(harness) == {"AssignmentCreated": {None}, "LearnerAssigned": {None}}


def test_who_comes_to_the_audience_later_is_told_as_ever(harness: Harness) -> None:
    ann, course = harness.person(), harness.course()
    audience = harness.audience(ann)
    harness.settle()
    confirm(harness, course, audience, **{NOTIFICATIONS: "silence"})
    bob = harness.person()
    harness.join(audience, bob)
    harness.settle()
    assert harness.enrolled(course) == {ann, bob}
    assert choices(harness)["LearnerAssigned"] == {"silence", None}


def test_what_an_undo_takes_back_carries_its_own_choice(harness: Harness) -> None:
    audience, course = harness.audience(*harness.people(2)), harness.course()
    harness.settle()
    batch = confirm(harness, course, audience).json()["batch"]
    undone = harness.http.post(f"/api/enrollment/batches/{batch}/undo", headers={NOTIFICATIONS: "silence"})
    assert undone.status_code == 202
    harness.settle()
    told = choices(harness)
    assert (told["LearnerAssigned"], told["LearnerWithdrawn"]) == ({None}, {"silence"})


@pytest.mark.feature("TRG-2")
def test_a_trigger_that_is_applied_carries_the_choice_and_its_later_firings_do_not(harness: Harness) -> None:
    ann, course = harness.person(), harness.course()
    audience = harness.audience(ann)
    when: dict[str, object] = {"kind": "audience", "target_id": str(audience)}
    trigger = harness.trigger("Welcome", when, offering_id=course)
    asked = {"action": "apply-trigger", "trigger_id": trigger}
    preview = harness.http.post("/api/enrollment/previews", json=asked).json()
    address = f"/api/enrollment/previews/{preview['id']}/confirm"
    assert harness.http.post(address, headers={NOTIFICATIONS: "silence"}).status_code == 202
    harness.settle()
    bob = harness.person()
    harness.join(audience, bob)
    harness.settle()
    assert harness.enrolled(course) == {ann, bob}
    assert choices(harness)["LearnerAssigned"] == {"silence", None}


@pytest.mark.feature("ASG-6")
def test_a_key_that_was_used_with_another_choice_is_refused(harness: Harness) -> None:
    course, person = harness.course(), harness.person()
    harness.settle()
    body = {"offerings": [str(course)], "people": [str(person)]}
    key = {"Idempotency-Key": "once"}
    first = harness.http.post("/api/enrollment/assignments", json=body, headers={**key, NOTIFICATIONS: "hold"})
    again = harness.http.post("/api/enrollment/assignments", json=body, headers={**key, NOTIFICATIONS: "hold"})
    other = harness.http.post("/api/enrollment/assignments", json=body, headers=key)
    assert first.is_success, first.text
    assert again.json()["batch"] == first.json()["batch"]
    assert (other.status_code, other.json()["type"]) == (409, "urn:rollbook:problem:command-id-reused")


@pytest.mark.feature("SEC-4")
@pytest.mark.parametrize("choice", ["hold", "silence"])
def test_who_may_not_hold_e_mails_is_told_which_permission_is_missing(harness: Harness, choice: str) -> None:
    course, person = harness.course(), harness.person()
    harness.settle()
    sales = harness.client(uuid4(), ("sales-manager", None))
    body = {"offerings": [str(course)], "people": [str(person)]}
    refused = sales.post("/api/enrollment/assignments", json=body, headers={NOTIFICATIONS: choice})
    assert (refused.status_code, refused.json()["permission"]) == (403, "hold-mail")
    assert sales.post("/api/enrollment/assignments", json=body, headers={NOTIFICATIONS: "send"}).is_success


@pytest.mark.feature("SEC-2", "SEC-4")
def test_holding_needs_the_permission_wherever_one_may_change_anything(harness: Harness) -> None:
    north, south = harness.unit(), harness.unit()
    course, person = harness.course(), harness.person(south)
    harness.settle()
    body = {"offerings": [str(course)], "people": [str(person)]}
    headers = {NOTIFICATIONS: "silence"}
    partly = harness.client(uuid4(), ("operations-manager", north), ("sales-manager", south), ("auditor", None))
    refused = partly.post("/api/enrollment/assignments", json=body, headers=headers)
    assert (refused.status_code, refused.json()["permission"]) == (403, "hold-mail")
    wholly = harness.client(uuid4(), ("operations-manager", south), ("sales-manager", south), ("auditor", None))
    assert wholly.post("/api/enrollment/assignments", json=body, headers=headers).is_success


def test_another_word_is_refused_and_says_which_there_are(harness: Harness) -> None:
    answer = harness.http.post("/api/enrollment/assignments", json={}, headers={NOTIFICATIONS: "never"})
    assert (answer.status_code, answer.json()["field"]) == (422, NOTIFICATIONS)
    assert "send, hold or silence" in answer.json()["detail"]
