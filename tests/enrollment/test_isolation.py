"""One value never stops everybody: what crashes alone is set aside for a person, and the rest is followed (OPS-8)."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from world import World

from services.enrollment.application.cancelling import AccessExpiry
from services.enrollment.application.failing import WORKER
from shared import jobs, timers
from shared.contracts import directory
from shared.database import Database
from shared.events import SYSTEM, Meta
from shared.jobs import Job
from shared.set_aside import isolate
from shared.timers import Clock, Timer

pytestmark = pytest.mark.feature("OPS-8", "ASG-10")
META = Meta(actor=SYSTEM, correlation=uuid4())
LETTERS = "/api/enrollment/letters"
NUL_FIELD = r'{"kind": "field", "field": "hired\u0000", "amount": 1, "unit": "days"}'
"""As a version that did not look at typed text has stored it: the database cannot read it as JSON."""


Worlds = Callable[..., World]


@pytest.fixture
def worlds(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Worlds]:
    made: list[World] = []

    def one(**limits: object) -> World:
        made.append(World(database, feed_conninfo, **limits))
        return made[-1]

    yield one
    for world in made:
        world.close()


@pytest.fixture
def world(worlds: Worlds) -> World:
    return worlds(aside_limit=2)


def poison(world: World, *people: UUID) -> None:
    """Nothing about these people's enrollments can be written any more."""
    listed = ", ".join(f"'{person}'" for person in people)
    execute(world, f"ALTER TABLE enrollment ADD CONSTRAINT poison CHECK (person NOT IN ({listed})) NOT VALID")


def mend(world: World) -> None:
    execute(world, "ALTER TABLE enrollment DROP CONSTRAINT poison")


def execute(world: World, statement: str, *values: object) -> None:
    with world.database.connection() as conn:
        assert conn.execute(statement.encode(), list(values)).rowcount != 0


def letters(world: World) -> list[tuple[str, str, UUID]]:
    found = world.http.get(LETTERS).json()["items"]
    return [(one["source"], one["type"], UUID(one["key"])) for one in found]


def dirty(world: World) -> int:
    with world.database.connection() as conn:
        row = conn.execute("SELECT count(*) FROM dirty WHERE open").fetchone()
    assert row
    return int(str(row[0]))


def test_a_learner_who_crashes_the_evaluator_is_set_aside_alone_and_followed_after_a_retry(world: World) -> None:
    course, ward = world.course(), world.unit()
    world.settle()
    world.assign(course, "organisation", ward)
    people = world.people(20)
    bad = people[7]
    poison(world, bad)
    for person in people:
        world.move(person, ward)
    world.settle()
    assert world.enrolled(course) == set(people) - {bad}
    assert (letters(world), dirty(world)) == ([(WORKER, "person", bad)], 0)
    (entry,) = world.http.get(f"{LETTERS}/{WORKER}/{bad}").json()
    assert (entry["version"], entry["error"].partition(" in ")[0]) == (1, "CheckViolation")

    again = world.http.post(f"{LETTERS}/{WORKER}/{bad}/retry")
    assert (again.status_code, again.json()["type"]) == (409, "urn:rollbook:problem:crashed-again")
    mend(world)
    assert world.http.post(f"{LETTERS}/{WORKER}/{bad}/retry").json() == {"entries": 1}
    assert (world.enrolled(course), letters(world)) == (set(people), [])
    assert world.http.post(f"{LETTERS}/{WORKER}/{bad}/retry").status_code == 404
    assert [d["action"] for d in world.http.get(f"{LETTERS}/decisions").json()["items"]] == ["retried"]


def test_who_comes_to_stand_well_by_another_change_waits_no_more(world: World) -> None:
    course, ward, ann = world.course(), world.unit(), world.person()
    world.settle()
    world.assign(course, "organisation", ward)
    poison(world, ann)
    world.move(ann, ward)
    world.settle()
    assert letters(world) == [(WORKER, "person", ann)]
    mend(world)
    world.move(ann, None)
    world.settle()
    assert letters(world) == []


def test_a_bulk_assignment_reaches_everybody_but_the_one_who_crashes(world: World) -> None:
    course, ward = world.course(), world.unit()
    people = world.people(10, ward)
    world.settle()
    poison(world, people[3])
    world.assign(course, "organisation", ward)
    assert world.enrolled(course) == set(people) - {people[3]}
    assert letters(world) == [(WORKER, "person", people[3])]
    assert world.http.post(f"{LETTERS}/{WORKER}/{people[3]}/drop", json={"position": 0}).json() == {"entries": 1}
    assert letters(world) == []


def test_a_rule_by_which_too_many_crash_is_set_aside_and_all_other_rules_are_followed(world: World) -> None:
    good, bad, ward = world.course("Good"), world.course("Bad"), world.unit()
    held = world.person(ward)
    world.settle()
    world.assign(good, "organisation", ward)
    rule = world.assign(bad, "organisation", ward)
    assert world.enrolled(bad) == {held}
    execute(world, "UPDATE assignment SET due = %s WHERE id = %s", NUL_FIELD, rule)
    people = world.people(12)
    for person in people:
        world.move(person, ward)
    world.settle()
    assert world.enrolled(good) == {held, *people}
    assert world.enrolled(bad) == {held}  # whom it held it holds
    found = letters(world)
    assert [key for _, kind, key in found if kind == "assignment"] == [rule]
    assert (
        len([key for _, kind, key in found if kind == "person"]) == 3
    )  # one more than the limit; the others were not tried
    world.move(held, None)
    late = world.person(ward)
    world.settle()
    assert late in world.enrolled(good)
    assert dirty(world) == 0

    execute(world, "UPDATE assignment SET due = NULL WHERE id = %s", rule)
    assert world.http.post(f"{LETTERS}/{WORKER}/{rule}/retry").json() == {"entries": 1}
    world.settle()
    assert world.enrolled(bad) == {late, *people}
    assert letters(world) == []


def test_everything_of_a_worker_is_retried_at_once(world: World) -> None:
    course, ward = world.course(), world.unit()
    people = world.people(6, ward)
    world.settle()
    poison(world, people[0], people[1])
    world.assign(course, "organisation", ward)
    assert world.http.post(f"{LETTERS}/{WORKER}/retry").json() == {"taken": 0, "crashed": 2, "more": False}
    mend(world)
    assert world.http.post(f"{LETTERS}/{WORKER}/retry").json() == {"taken": 2, "crashed": 0, "more": False}
    assert (world.enrolled(course), letters(world)) == (set(people), [])


def test_a_person_who_crashes_does_not_stop_the_circuit_breaker(worlds: Worlds) -> None:
    world = worlds(breaker_least=3)
    course, ward = world.course(), world.unit()
    world.settle()
    rule = world.assign(course, "organisation", ward)
    people = world.people(10)
    world.settle()
    execute(world, "UPDATE assignment SET due = %s WHERE id = %s", NUL_FIELD, rule)
    batch = uuid4()
    world.tell(world.directory, directory.BatchStarted, batch, feed="import", batch=batch)
    for person in people[:4]:
        world.tell(world.directory, directory.PersonMoved, person, home_organisation=ward, batch=batch)
    world.tell(world.directory, directory.BatchFinished, batch, batch=batch, outcomes={})
    bystander, elsewhere, other = people[9], world.unit("South"), world.course("Other")
    world.settle()
    world.assign(other, "organisation", elsewhere)
    world.move(bystander, elsewhere)
    world.settle()
    assert world.enrolled(other) == {bystander}


def test_a_timer_that_crashes_is_set_aside_and_later_ones_ring(world: World) -> None:
    bad, good = uuid4(), uuid4()
    rung: list[UUID] = []

    def ring(timer: Timer) -> None:
        if timer.id == bad and not rung.count(bad) and poisoned:
            raise OverflowError("date value out of range")
        rung.append(timer.id)
        with world.database.transaction() as conn:
            timers.clear(conn, timer)

    poisoned = [True]
    clock = next(worker for worker in world.service.workers if isinstance(worker, Clock))
    clock._rings = {"test": ring}
    due = datetime.now(UTC) - timedelta(hours=1)
    with world.database.transaction() as conn:
        timers.set_timer(conn, bad, due, "test", uuid4(), META)
        timers.set_timer(conn, good, due + timedelta(minutes=1), "test", uuid4(), META)
    clock.step()
    assert (rung, clock.step()) == ([good], 0)
    assert letters(world) == [("enrollment timers", "test", bad)]
    assert world.http.post(f"{LETTERS}/enrollment timers/{bad}/retry").status_code == 409
    poisoned.clear()
    assert world.http.post(f"{LETTERS}/enrollment timers/{bad}/retry").json() == {"entries": 1}
    assert (rung, letters(world)) == ([good, bad], [])


def test_a_job_that_crashed_goes_on_where_it_was_after_a_retry(world: World) -> None:
    class Crashing:
        kind = "crashing"
        broken = True

        def step(self, job: Job) -> None:
            with world.database.transaction() as conn:
                if not job.cursor:
                    jobs.advance(conn, job, cursor={"half": True}, done=1)
                elif self.broken:
                    raise KeyError("a bug")
                else:
                    jobs.finish(conn, job)

    kind, id = Crashing(), uuid4()
    world.worker._kinds = {kind.kind: kind}
    with world.database.transaction() as conn:
        jobs.enqueue(conn, id, kind.kind, {}, META)
    while world.worker.step():
        pass
    assert letters(world) == [("enrollment jobs", "crashing", id)]
    kind.broken = False
    assert world.http.post(f"{LETTERS}/enrollment jobs/{id}/retry").json() == {"entries": 1}
    while world.worker.step():
        pass
    with world.database.connection() as conn:
        job = jobs.find(conn, id)
    assert (job.state, job.cursor, job.error, letters(world)) == ("finished", {"half": True}, None, [])


def test_access_that_cannot_be_ended_stops_nobody_elses(world: World) -> None:
    course = world.course(access_days=1)
    ward = world.unit()
    people = world.people(5, ward)
    world.settle()
    world.assign(course, "organisation", ward)
    expiry = next(worker for worker in world.service.workers if isinstance(worker, AccessExpiry))
    world.on(date.today() + timedelta(days=5))
    poison(world, people[2])
    assert expiry.step() == 5
    assert expiry.step() == 0
    ended = [person for person in people if "AccessExpired" in world.told(of=[person])]
    assert ended == [*people[:2], *people[3:]]
    ((worker, kind, key),) = letters(world)
    assert (worker, kind) == ("enrollment access", "enrollment")
    mend(world)
    assert world.http.post(f"{LETTERS}/{worker}/{key}/retry").json() == {"entries": 1}
    assert "AccessExpired" in world.told(of=[people[2]])


@pytest.mark.feature("DIR-4")
def test_jobs_that_end_on_the_last_day_of_all_stop_nobody(world: World) -> None:
    """What HR systems write for no end; from before the import knew it, too."""
    course, ward = world.course(), world.unit()
    world.settle()
    world.assign(course, "organisation", ward)
    people = world.people(150)
    for person in people:
        world.job(person, organisation=ward, ends=date.max, temporary_until=date.max)
    world.settle()
    assert world.enrolled(course) == set(people)
    assert letters(world) == []


@pytest.mark.feature("DUE-1")
def test_dates_beyond_all_calendars_that_are_on_record_stop_nobody(world: World) -> None:
    fixed, relative, ward = world.course("Fixed"), world.course("Relative"), world.unit()
    world.settle()
    one = world.assign(fixed, "organisation", ward)
    two = world.assign(relative, "organisation", ward)
    execute(world, "UPDATE assignment SET due = %s WHERE id = %s", '{"kind": "fixed", "on": "9999-12-31"}', one)
    far = '{"kind": "enrollment", "amount": 36500, "unit": "years"}'
    execute(world, "UPDATE assignment SET due = %s WHERE id = %s", far, two)
    ann, bo = world.person(ward), world.person(ward)
    world.settle()
    assert world.enrolled(fixed) == world.enrolled(relative) == {ann, bo}
    (told,) = world.enrollments(person_id=ann, offering_id=relative)
    assert told["due_on"] == "2999-12-31"
    assert letters(world) == []


def test_halves_are_tried_until_what_crashes_is_alone() -> None:
    taken: list[int] = []
    alone: list[tuple[int, str]] = []

    def attempt(some: "list[int]") -> None:
        if {3, 64} & set(some):
            raise ValueError(some[0])
        taken.extend(some)

    isolate(range(100), attempt, lambda one, error: alone.append((one, type(error).__name__)))  # type: ignore[arg-type]
    assert alone == [(3, "ValueError"), (64, "ValueError")]
    assert sorted(taken) == [n for n in range(100) if n not in (3, 64)]
