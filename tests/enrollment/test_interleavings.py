"""Who joins at any moment of an expansion ends up with the grant, who leaves without: step by step, and with the bug put back."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from enrollment.harness import Harness, OpenHarness
from moments import steps, take_facts

from services.enrollment.application.evaluation import evaluator as evaluating
from services.enrollment.application.evaluation.evaluate import Evaluation
from services.enrollment.application.evaluation.evaluator import Evaluator
from services.enrollment.projections import trigger_matching
from services.enrollment.projections.trigger_matching import Turn
from shared.database import Connection

MOMENTS = 9


@pytest.fixture
def harness(open_harness: OpenHarness) -> Harness:
    """Chunks of two people, so that an expansion has many moments."""
    return open_harness(evaluator_chunk=2, job_step=0)


@pytest.mark.feature("ASG-10", "ASG-22")
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_person_who_joins_or_leaves_at_any_moment_of_the_expansion_is_judged_by_the_last_fact(
    harness: Harness, moment: int
) -> None:
    course = harness.course()
    first, second, third, joiner = sorted(harness.people(4))
    audience = harness.audience(first, second, third)
    harness.settle()
    preview = harness.preview(course, ("audience", audience, False))
    assert harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").status_code == 202
    work = steps(harness)
    for _ in range(moment):
        next(work)
    harness.join(audience, joiner)
    harness.leave(audience, first)
    take_facts(harness)
    harness.settle()
    assert harness.enrolled(course) == {second, third, joiner}


class Overtaking:
    """Changes the facts between reading and writing: the worst moment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> None:
        self._change: Callable[[], None] | None = change
        original = evaluating.evaluate

        def judge(conn: Connection, people: Sequence[UUID], on: UUID | None, **more: object) -> Evaluation:
            judged = original(conn, people, on, **more)  # type: ignore[arg-type]
            change, self._change = self._change, None
            if change:
                change()
            return judged

        monkeypatch.setattr(evaluating, "evaluate", judge)


@pytest.mark.feature("ASG-10", "ASG-22")
def test_a_fact_that_arrives_between_reading_and_writing_leaves_no_wrong_event(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    preview = harness.preview(course, ("audience", audience, False))
    harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    harness.worker.step()

    def leave() -> None:
        harness.leave(audience, ann)
        take_facts(harness)

    Overtaking(monkeypatch, leave)
    harness.settle()
    assert harness.told(of=[ann]) == []


@pytest.mark.feature("ASG-10", "ASG-22")
def test_a_fact_that_arrives_and_is_evaluated_between_reading_and_writing_is_noticed_too(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(ann)
    harness.settle()
    preview = harness.preview(course, ("audience", audience, False))
    harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    harness.worker.step()

    def leave_and_be_evaluated() -> None:
        harness.leave(audience, ann)
        take_facts(harness)
        assert harness.evaluator.step() == 1

    Overtaking(monkeypatch, leave_and_be_evaluated)
    harness.settle()
    assert harness.told(of=[ann]) == []


@pytest.mark.feature("DUE-4", "ASG-22")
def test_a_due_rule_that_changes_between_reading_and_writing_holds_nobody_back_who_has_time_now(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, ann = harness.course(minimum_minutes=7 * 24 * 60), harness.person()
    audience = harness.audience(harness.person())
    harness.settle()
    assignment = harness.assign(course, "audience", audience, due={"kind": "enrollment", "amount": 1, "unit": "days"})
    harness.join(audience, ann)
    take_facts(harness)

    def give_more_time() -> None:
        due = {"kind": "enrollment", "amount": 60, "unit": "days"}
        assert harness.http.put(f"/api/enrollment/assignments/{assignment}/due", json={"due": due}).status_code == 202

    Overtaking(monkeypatch, give_more_time)
    harness.settle()
    assert harness.told(of=[ann]) == ["LearnerAssigned"]


@pytest.mark.feature("ASG-10", "ASG-22")
def test_who_begins_between_reading_and_writing_is_judged_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, ann = harness.course(), harness.person()
    audience = harness.audience(harness.person())
    harness.settle()
    id = harness.enroll(ann, course)
    harness.assign(course, "audience", audience)
    harness.join(audience, ann)
    take_facts(harness)
    Overtaking(monkeypatch, lambda: harness.begin(ann, course))
    harness.settle()
    assert (harness.show(id)["status"], len(harness.show(id)["assignments"])) == ("in-progress", 2)  # type: ignore[arg-type]


@pytest.mark.feature("TRG-2", "ASG-10")
def test_whoever_is_overtaken_while_triggers_follow_is_not_judged_before_they_did(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an audience gave, a trigger gives from now on: that it has fired is on record before what it gave."""
    course, north, ann = harness.course(), harness.unit("North"), harness.person()
    audience, other = harness.audience(ann), harness.audience(name="Another")
    harness.settle()
    harness.assign(course, "audience", audience)
    harness.trigger("Northerners", {"kind": "organisation", "target_id": str(north)}, offering_id=course)
    harness.leave(audience, ann)
    harness.move(ann, north)
    take_facts(harness)
    read, meanwhile = trigger_matching.turns, [lambda: harness.join(other, ann)]

    def turns(conn: Connection, people: Sequence[UUID], applied: Sequence[UUID]) -> list[Turn]:
        found = read(conn, people, applied)
        if meanwhile:
            meanwhile.pop()()
            take_facts(harness)
        return found

    monkeypatch.setattr(trigger_matching, "turns", turns)
    harness.settle()
    assert (meanwhile, harness.standing(ann, course)) == ([], "not-started")
    assert harness.told(of=[ann]) == ["LearnerAssigned", "TriggerFired", "LearnerAssigned", "LearnerUnassigned"]


def overtaken_while_dirty(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> str:
    """A person's place in the queue is renewed after it was evaluated, before it is taken off."""
    course, ann = harness.course(), harness.person()
    audience = harness.audience(harness.person())
    harness.settle()
    harness.assign(course, "audience", audience)
    harness.join(audience, ann)
    take_facts(harness)
    settle = Evaluator.settle
    left: list[bool] = []

    def then_leave(
        self: Evaluator, people: Sequence[UUID], on: UUID | None, meta: Callable[[UUID], object]
    ) -> list[UUID]:
        overtaken = settle(self, people, on, meta)  # type: ignore[arg-type]
        if not left:
            left.append(True)
            harness.leave(audience, ann)
            take_facts(harness)
        return overtaken

    monkeypatch.setattr(Evaluator, "settle", then_leave)
    harness.settle()
    return harness.standing(ann, course)


@pytest.mark.feature("ASG-10")
def test_who_is_marked_again_while_being_evaluated_stays_in_the_queue(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert overtaken_while_dirty(harness, monkeypatch) == "withdrawn"


def test_seeded_bug_a_dirty_row_closed_without_its_revision_loses_the_last_fact(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(_: Evaluator, conn: Connection, done: Sequence[tuple[UUID, int]]) -> None:
        conn.execute("UPDATE evaluation_queue SET open = false WHERE id = ANY(%s)", [[id for id, _ in done]])

    monkeypatch.setattr(Evaluator, "_clear", careless)
    assert overtaken_while_dirty(harness, monkeypatch) == "not-started"
