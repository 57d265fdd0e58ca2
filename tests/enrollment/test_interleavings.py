"""Who joins at any moment of an expansion ends up with the grant, who leaves without: step by step, and with the bug put back."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import pytest
from moments import steps, take_facts
from world import World

from services.enrollment.application import evaluator as evaluating
from services.enrollment.application.evaluator import Evaluator
from services.enrollment.application.judging import Judged
from shared.database import Connection, Database

MOMENTS = 9


@pytest.fixture
def world(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[World]:
    """Chunks of two people, so that an expansion has many moments."""
    one = World(database, feed_conninfo, evaluator_chunk=2, job_step=0)
    yield one
    one.close()


@pytest.mark.feature("ASG-10", "ASG-22")
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_person_who_joins_or_leaves_at_any_moment_of_the_expansion_is_judged_by_the_last_fact(
    world: World, moment: int
) -> None:
    course = world.course()
    first, second, third, joiner = sorted(world.people(4))
    audience = world.audience(first, second, third)
    world.settle()
    preview = world.preview(course, ("audience", audience, False))
    assert world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm").status_code == 202
    work = steps(world)
    for _ in range(moment):
        next(work)
    world.join(audience, joiner)
    world.leave(audience, first)
    take_facts(world)
    world.settle()
    assert world.enrolled(course) == {second, third, joiner}


class Overtaking:
    """Changes the facts between reading and writing: the worst moment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> None:
        self._change: Callable[[], None] | None = change
        original = evaluating.judge

        def judge(conn: Connection, people: Sequence[UUID], on: UUID | None, **more: object) -> Judged:
            judged = original(conn, people, on, **more)  # type: ignore[arg-type]
            change, self._change = self._change, None
            if change:
                change()
            return judged

        monkeypatch.setattr(evaluating, "judge", judge)


@pytest.mark.feature("ASG-10", "ASG-22")
def test_a_fact_that_arrives_between_reading_and_writing_leaves_no_wrong_event(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, ann = world.course(), world.person()
    audience = world.audience(ann)
    world.settle()
    preview = world.preview(course, ("audience", audience, False))
    world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    world.worker.step()

    def leave() -> None:
        world.leave(audience, ann)
        take_facts(world)

    Overtaking(monkeypatch, leave)
    world.settle()
    assert world.told(of=[ann]) == []


@pytest.mark.feature("ASG-10", "ASG-22")
def test_a_fact_that_arrives_and_is_evaluated_between_reading_and_writing_is_noticed_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, ann = world.course(), world.person()
    audience = world.audience(ann)
    world.settle()
    preview = world.preview(course, ("audience", audience, False))
    world.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    world.worker.step()

    def leave_and_be_evaluated() -> None:
        world.leave(audience, ann)
        take_facts(world)
        assert world.evaluator.step() == 1

    Overtaking(monkeypatch, leave_and_be_evaluated)
    world.settle()
    assert world.told(of=[ann]) == []


def overtaken_while_dirty(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """A person's place in the queue is renewed after it was evaluated, before it is taken off."""
    course, ann = world.course(), world.person()
    audience = world.audience(world.person())
    world.settle()
    world.assign(course, "audience", audience)
    world.join(audience, ann)
    take_facts(world)
    settle = Evaluator.settle
    left: list[bool] = []

    def then_leave(
        self: Evaluator, people: Sequence[UUID], on: UUID | None, meta: Callable[[UUID], object]
    ) -> list[UUID]:
        overtaken = settle(self, people, on, meta)  # type: ignore[arg-type]
        if not left:
            left.append(True)
            world.leave(audience, ann)
            take_facts(world)
        return overtaken

    monkeypatch.setattr(Evaluator, "settle", then_leave)
    world.settle()
    return world.standing(ann, course)


@pytest.mark.feature("ASG-10")
def test_who_is_marked_again_while_being_evaluated_stays_in_the_queue(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert overtaken_while_dirty(world, monkeypatch) == "withdrawn"


def test_seeded_bug_a_dirty_row_closed_without_its_revision_loses_the_last_fact(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(_: Evaluator, conn: Connection, done: Sequence[tuple[UUID, int]]) -> None:
        conn.execute("UPDATE dirty SET open = false WHERE id = ANY(%s)", [[id for id, _ in done]])

    monkeypatch.setattr(Evaluator, "_clear", careless)
    assert overtaken_while_dirty(world, monkeypatch) == "not-started"
