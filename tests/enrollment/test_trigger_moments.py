"""Who fulfils a trigger's condition at any moment while it begins or is applied is taken once; and with the bug put back."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import pytest
from moments import steps, take_facts
from world import World

from services.enrollment.application import evaluator as evaluating
from services.enrollment.application import trigger_jobs
from services.enrollment.application.evaluator import Evaluator
from shared.database import Connection, Database

MOMENTS = 9


@pytest.fixture
def world(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[World]:
    """Chunks of two people, so that a job has many moments."""
    one = World(database, feed_conninfo, evaluator_chunk=2, job_step=0)
    yield one
    one.close()


def begin(world: World, course: UUID, audience: UUID) -> str:
    """Create a trigger that has not begun yet."""
    when = {"kind": "audience", "target_id": str(audience)}
    body = {"name": "Staff", "when": when, "offering_id": str(course), "undo": True}
    answer = world.http.post("/api/enrollment/triggers", json=body)
    assert answer.status_code == 202
    return str(answer.json()["result"]["trigger_id"])


@pytest.mark.feature("TRG-1", "TRG-2")
@pytest.mark.parametrize("moment", range(4))
def test_who_joins_while_it_begins_is_taken_or_was_there_before(world: World, moment: int) -> None:
    course, old, new = world.course(), world.person(), world.person()
    audience = world.audience(old)
    world.settle()
    begin(world, course, audience)
    work = steps(world)
    for _ in range(moment):
        next(work)
    world.join(audience, new)
    take_facts(world)
    world.settle()
    assert world.enrolled(course) == ({new} if moment else set())
    world.leave(audience, new)
    take_facts(world)
    world.settle()
    world.join(audience, new)
    world.settle()
    assert world.enrolled(course) == {new}


@pytest.mark.feature("TRG-2")
def test_one_that_has_not_begun_is_not_applied_yet(world: World) -> None:
    course, audience = world.course(), world.audience(world.person())
    world.settle()
    body = {"action": "apply-trigger", "trigger_id": begin(world, course, audience)}
    early = world.http.post("/api/enrollment/previews", json=body)
    assert (early.status_code, early.json()["type"]) == (409, "urn:rollbook:problem:trigger-starting")
    world.settle()
    assert world.http.post("/api/enrollment/previews", json=body).json()["enrolled"] == 1


@pytest.mark.feature("TRG-2", "ASG-22")
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_who_joins_or_leaves_while_it_is_applied_is_judged_by_the_last_fact(world: World, moment: int) -> None:
    course = world.course()
    first, second, third, joiner = sorted(world.people(4))
    audience = world.audience(first, second, third)
    world.settle()
    trigger = begin(world, course, audience)
    world.settle()
    body = {"action": "apply-trigger", "trigger_id": trigger}
    preview = world.http.post("/api/enrollment/previews", json=body).json()
    assert world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").status_code == 202
    work = steps(world)
    for _ in range(moment):
        next(work)
    world.join(audience, joiner)
    world.leave(audience, first)
    take_facts(world)
    world.settle()
    assert world.enrolled(course) == {second, third, joiner}
    fired = [told for told in world.told(of=[second, third, joiner]) if told == "TriggerFired"]
    assert len(fired) == 3


def join_between_list_and_commit(world: World, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Somebody joins after those of before were listed, and is judged before the list is committed. Whether the trigger acts."""
    course, new, audience = world.course(), world.person(), world.audience()
    world.settle()
    begin(world, course, audience)
    original = trigger_jobs.triggering.begin

    def overtaken(conn: Connection, trigger: UUID) -> None:
        original(conn, trigger)
        monkeypatch.setattr(trigger_jobs.triggering, "begin", original)
        world.join(audience, new)
        take_facts(world)
        while world.evaluator.step():
            pass

    monkeypatch.setattr(trigger_jobs.triggering, "begin", overtaken)
    world.settle()
    return new in world.enrolled(course)


@pytest.mark.feature("TRG-1")
def test_who_joins_while_the_list_is_made_is_found_by_the_second_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert join_between_list_and_commit(world, monkeypatch)


@pytest.mark.feature("TRG-1")
def test_seeded_bug_without_the_second_look_somebody_is_missed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger_jobs.triggering, "MOVED", "SELECT NULL::uuid AS person WHERE %(trigger)s IS NULL")
    assert not join_between_list_and_commit(world, monkeypatch)


@pytest.mark.feature("TRG-1", "TRG-2")
def test_what_changes_between_reading_and_recording_is_judged_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, ann, audience = world.course(), world.person(), world.audience()
    world.settle()
    begin(world, course, audience)
    world.settle()
    original = evaluating.fire

    def overtaken(*given: object) -> Sequence[UUID]:
        monkeypatch.setattr(evaluating, "fire", original)
        world.leave(audience, ann)
        take_facts(world)
        return original(*given)  # type: ignore[arg-type]

    world.join(audience, ann)
    take_facts(world)
    monkeypatch.setattr(evaluating, "fire", overtaken)
    world.settle()
    assert world.told(of=[ann]) == []


@pytest.mark.feature("TRG-1")
def test_interrupted_between_record_and_grants_it_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    course, ann, audience = world.course(), world.person(), world.audience()
    world.settle()
    begin(world, course, audience)
    world.settle()
    world.join(audience, ann)
    take_facts(world)

    def killed(*_: object) -> list[UUID]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Evaluator, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            world.evaluator.step()
    assert world.told(of=[ann]) == ["TriggerFired"]
    world.settle()
    assert world.told(of=[ann]) == ["TriggerFired", "LearnerAssigned"]
