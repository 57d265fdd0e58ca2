"""Who fulfils a trigger's condition at any moment while it begins or is applied is taken once; and with the bug put back."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from enrollment.harness import Harness, OpenHarness
from moments import steps, take_facts

from services.enrollment.application.evaluation import evaluator as evaluating
from services.enrollment.application.evaluation import trigger_initialization
from services.enrollment.application.evaluation.evaluator import Evaluator
from shared.database import Connection

MOMENTS = 9


@pytest.fixture
def harness(open_harness: OpenHarness) -> Harness:
    """Chunks of two people, so that a job has many moments."""
    return open_harness(evaluator_chunk=2, job_step=0)


def begin(harness: Harness, course: UUID, audience: UUID) -> str:
    """Create a trigger that has not begun yet."""
    when = {"kind": "audience", "target_id": str(audience)}
    body = {"name": "Staff", "when": when, "offering_id": str(course), "undo": True}
    answer = harness.http.post("/api/enrollment/triggers", json=body)
    assert answer.status_code == 202
    return str(answer.json()["result"]["trigger_id"])


@pytest.mark.feature("TRG-1", "TRG-2")
@pytest.mark.parametrize("moment", range(4))
def test_who_joins_while_it_begins_is_taken_or_was_there_before(harness: Harness, moment: int) -> None:
    course, old, new = harness.course(), harness.person(), harness.person()
    audience = harness.audience(old)
    harness.settle()
    begin(harness, course, audience)
    work = steps(harness)
    for _ in range(moment):
        next(work)
    harness.join(audience, new)
    take_facts(harness)
    harness.settle()
    assert harness.enrolled(course) == ({new} if moment else set())
    harness.leave(audience, new)
    take_facts(harness)
    harness.settle()
    harness.join(audience, new)
    harness.settle()
    assert harness.enrolled(course) == {new}


@pytest.mark.feature("TRG-2")
def test_one_that_has_not_begun_is_not_applied_yet(harness: Harness) -> None:
    course, audience = harness.course(), harness.audience(harness.person())
    harness.settle()
    body = {"action": "apply-trigger", "trigger_id": begin(harness, course, audience)}
    early = harness.http.post("/api/enrollment/previews", json=body)
    assert (early.status_code, early.json()["type"]) == (409, "urn:rollbook:problem:trigger-starting")
    harness.settle()
    assert harness.http.post("/api/enrollment/previews", json=body).json()["enrolled"] == 1


@pytest.mark.feature("TRG-2", "ASG-22")
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_who_joins_or_leaves_while_it_is_applied_is_judged_by_the_last_fact(harness: Harness, moment: int) -> None:
    course = harness.course()
    first, second, third, joiner = sorted(harness.people(4))
    audience = harness.audience(first, second, third)
    harness.settle()
    trigger = begin(harness, course, audience)
    harness.settle()
    body = {"action": "apply-trigger", "trigger_id": trigger}
    preview = harness.http.post("/api/enrollment/previews", json=body).json()
    assert harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").status_code == 202
    work = steps(harness)
    for _ in range(moment):
        next(work)
    harness.join(audience, joiner)
    harness.leave(audience, first)
    take_facts(harness)
    harness.settle()
    assert harness.enrolled(course) == {second, third, joiner}
    fired = [told for told in harness.told(of=[second, third, joiner]) if told == "TriggerFired"]
    assert len(fired) == 3


def join_between_list_and_commit(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Somebody joins after those of before were listed, and is judged before the list is committed. Whether the trigger acts."""
    course, new, audience = harness.course(), harness.person(), harness.audience()
    harness.settle()
    begin(harness, course, audience)
    original = trigger_initialization.trigger_matching.begin

    def overtaken(conn: Connection, trigger: UUID) -> None:
        original(conn, trigger)
        monkeypatch.setattr(trigger_initialization.trigger_matching, "begin", original)
        harness.join(audience, new)
        take_facts(harness)
        while harness.evaluator.step():
            pass

    monkeypatch.setattr(trigger_initialization.trigger_matching, "begin", overtaken)
    harness.settle()
    return new in harness.enrolled(course)


@pytest.mark.feature("TRG-1")
def test_who_joins_while_the_list_is_made_is_found_by_the_second_look(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert join_between_list_and_commit(harness, monkeypatch)


@pytest.mark.feature("TRG-1")
def test_seeded_bug_without_the_second_look_somebody_is_missed(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        trigger_initialization.trigger_matching, "MOVED", "SELECT NULL::uuid AS person WHERE %(trigger)s IS NULL"
    )
    assert not join_between_list_and_commit(harness, monkeypatch)


@pytest.mark.feature("TRG-1", "TRG-2")
def test_what_changes_between_reading_and_recording_is_judged_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, ann, audience = harness.course(), harness.person(), harness.audience()
    harness.settle()
    begin(harness, course, audience)
    harness.settle()
    original = evaluating.fire

    def overtaken(*given: object) -> Sequence[UUID]:
        monkeypatch.setattr(evaluating, "fire", original)
        harness.leave(audience, ann)
        take_facts(harness)
        return original(*given)  # type: ignore[arg-type]

    harness.join(audience, ann)
    take_facts(harness)
    monkeypatch.setattr(evaluating, "fire", overtaken)
    harness.settle()
    assert harness.told(of=[ann]) == []


@pytest.mark.feature("TRG-1")
def test_interrupted_between_record_and_grants_it_goes_on(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    course, ann, audience = harness.course(), harness.person(), harness.audience()
    harness.settle()
    begin(harness, course, audience)
    harness.settle()
    harness.join(audience, ann)
    take_facts(harness)

    def killed(*_: object) -> list[UUID]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Evaluator, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            harness.evaluator.step()
    assert harness.told(of=[ann]) == ["TriggerFired"]
    harness.settle()
    assert harness.told(of=[ann]) == ["TriggerFired", "LearnerAssigned"]
