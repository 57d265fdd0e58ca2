"""One value never stops everybody: what crashes alone is set aside for a person, and the rest is followed (OPS-8)."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from enrollment.harness import Harness, OpenHarness
from structlog.testing import capture_logs

from services.enrollment.application.enrollments.cancellation import AccessExpiry
from services.enrollment.application.evaluation import isolation
from services.enrollment.application.evaluation.isolation import WORKER
from shared import jobs, timers
from shared.contracts import directory
from shared.events import SYSTEM, Meta
from shared.jobs import Job
from shared.set_aside import isolate
from shared.timers import Timer, TimerWorker

pytestmark = pytest.mark.feature("OPS-8", "ASG-10")
META = Meta(actor=SYSTEM, correlation=uuid4())
LETTERS = "/api/enrollment/letters"
NUL_FIELD = r'{"kind": "field", "field": "hired\u0000", "amount": 1, "unit": "days"}'
"""As a version that did not look at typed text has stored it: the database cannot read it as JSON."""


@pytest.fixture
def harness(open_harness: OpenHarness) -> Harness:
    return open_harness(set_aside_limit=2)


def poison(harness: Harness, *people: UUID) -> None:
    """Nothing about these people's enrollments can be written any more."""
    listed = ", ".join(f"'{person}'" for person in people)
    execute(harness, f"ALTER TABLE enrollment ADD CONSTRAINT poison CHECK (person NOT IN ({listed})) NOT VALID")


def mend(harness: Harness) -> None:
    execute(harness, "ALTER TABLE enrollment DROP CONSTRAINT poison")


def execute(harness: Harness, statement: str, *values: object) -> None:
    with harness.database.connection() as conn:
        assert conn.execute(statement.encode(), list(values)).rowcount != 0


def letters(harness: Harness) -> list[tuple[str, str, UUID]]:
    found = harness.http.get(LETTERS).json()["items"]
    return [(one["source"], one["type"], UUID(one["key"])) for one in found]


def abouts(harness: Harness) -> list[object]:
    with harness.database.connection() as conn:
        return [row[0] for row in conn.execute("SELECT about FROM set_aside ORDER BY subject")]


def queued(harness: Harness) -> int:
    with harness.database.connection() as conn:
        row = conn.execute("SELECT count(*) FROM evaluation_queue WHERE open").fetchone()
    assert row
    return int(str(row[0]))


def test_a_learner_who_crashes_the_evaluator_is_set_aside_alone_and_followed_after_a_retry(harness: Harness) -> None:
    course, ward = harness.course(), harness.unit()
    harness.settle()
    harness.assign(course, "organisation", ward)
    people = harness.people(20)
    bad = people[7]
    poison(harness, bad)
    for person in people:
        harness.move(person, ward)
    harness.settle()
    assert harness.enrolled(course) == set(people) - {bad}
    assert (letters(harness), queued(harness)) == ([(WORKER, "person", bad)], 0)
    (entry,) = harness.http.get(f"{LETTERS}/{WORKER}/{bad}").json()
    assert (entry["version"], entry["error"].partition(" in ")[0]) == (1, "CheckViolation")

    again = harness.http.post(f"{LETTERS}/{WORKER}/{bad}/retry")
    assert (again.status_code, again.json()["type"]) == (409, "urn:rollbook:problem:crashed-again")
    mend(harness)
    assert harness.http.post(f"{LETTERS}/{WORKER}/{bad}/retry").json() == {"entries": 1}
    assert (harness.enrolled(course), letters(harness)) == (set(people), [])
    assert harness.http.post(f"{LETTERS}/{WORKER}/{bad}/retry").status_code == 404
    assert [d["action"] for d in harness.http.get(f"{LETTERS}/decisions").json()["items"]] == ["retried"]


def test_while_the_database_is_away_nobody_is_said_to_crash_by_no_rule(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search for the rule is done again later, and finds it then."""
    course, ward, ann = harness.course(), harness.unit(), harness.person()
    harness.settle()
    rule = harness.assign(course, "organisation", ward)
    execute(harness, "UPDATE assignment SET due = %s WHERE id = %s", NUL_FIELD, rule)
    harness.move(ann, ward)

    def away(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("the database went away")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(isolation, "evaluate", away)
        with pytest.raises(psycopg.OperationalError, match="went away"):
            harness.settle()
    assert (letters(harness), queued(harness)) == ([], 1)
    harness.settle()
    assert (letters(harness), queued(harness)) == ([(WORKER, "person", ann)], 0)
    with harness.database.connection() as conn:
        assert conn.execute("SELECT about -> 'rules' FROM set_aside").fetchone() == ([str(rule)],)


def test_whoever_crashes_by_no_rule_is_set_aside_as_that_and_no_rule_is_suspected(harness: Harness) -> None:
    """What is on record of these people cannot be read, whatever the rules are."""
    course, other, ward, south = harness.course("Held"), harness.course("Next"), harness.unit(), harness.unit("South")
    people = harness.people(5, ward)
    harness.settle()
    harness.assign(course, "organisation", ward)
    harness.assign(other, "organisation", south)
    bad = people[:4]
    execute(harness, "UPDATE enrollment SET waiting = '{}' WHERE person = ANY(%s)", bad)
    for person in people:
        harness.move(person, south)
    with capture_logs() as logs:
        harness.settle()
    assert harness.enrolled(other) == {people[4]}
    assert sorted(letters(harness)) == sorted((WORKER, "person", person) for person in bad)
    assert abouts(harness) == [{"rules": []}] * 4
    told = [one for one in logs if one["event"] == "this person crashes whatever the rules"]
    assert sorted(one["subject"] for one in told) == sorted(map(str, bad))
    assert {(one["worker"], type(one["exc_info"]).__name__) for one in told} == {(WORKER, "ValidationError")}

    execute(harness, "UPDATE enrollment SET waiting = NULL WHERE person = ANY(%s)", bad)
    assert harness.http.post(f"{LETTERS}/{WORKER}/retry").json() == {"taken": 4, "crashed": 0, "more": False}
    assert (harness.enrolled(other), letters(harness)) == (set(people), [])


def test_the_error_by_which_a_rule_is_found_guilty_is_logged_with_it(harness: Harness) -> None:
    courses, ward, ann = [harness.course("Good"), harness.course("Bad")], harness.unit(), harness.person()
    harness.settle()
    good, bad = (harness.assign(course, "organisation", ward) for course in courses)
    execute(harness, "UPDATE assignment SET due = %s WHERE id = %s", NUL_FIELD, bad)
    harness.move(ann, ward)
    with capture_logs() as logs:
        harness.settle()
    assert abouts(harness) == [{"rules": [str(bad)]}]
    told = [one for one in logs if one["event"] == "this person crashes by this rule alone"]
    assert [(one["subject"], one["rule"], type(one["exc_info"]).__name__) for one in told] == [
        (str(ann), str(bad), "UntranslatableCharacter")
    ]
    assert str(good) not in str(told)


def test_who_comes_to_stand_well_by_another_change_waits_no_more(harness: Harness) -> None:
    course, ward, ann = harness.course(), harness.unit(), harness.person()
    harness.settle()
    harness.assign(course, "organisation", ward)
    poison(harness, ann)
    harness.move(ann, ward)
    harness.settle()
    assert letters(harness) == [(WORKER, "person", ann)]
    mend(harness)
    harness.move(ann, None)
    harness.settle()
    assert letters(harness) == []


def test_a_bulk_assignment_reaches_everybody_but_the_one_who_crashes(harness: Harness) -> None:
    course, ward = harness.course(), harness.unit()
    people = harness.people(10, ward)
    harness.settle()
    poison(harness, people[3])
    harness.assign(course, "organisation", ward)
    assert harness.enrolled(course) == set(people) - {people[3]}
    assert letters(harness) == [(WORKER, "person", people[3])]
    assert harness.http.post(f"{LETTERS}/{WORKER}/{people[3]}/drop", json={"position": 0}).json() == {"entries": 1}
    assert letters(harness) == []


def test_a_rule_by_which_too_many_crash_is_set_aside_and_all_other_rules_are_followed(harness: Harness) -> None:
    good, bad, ward = harness.course("Good"), harness.course("Bad"), harness.unit()
    held = harness.person(ward)
    harness.settle()
    harness.assign(good, "organisation", ward)
    rule = harness.assign(bad, "organisation", ward)
    assert harness.enrolled(bad) == {held}
    execute(harness, "UPDATE assignment SET due = %s WHERE id = %s", NUL_FIELD, rule)
    people = harness.people(12)
    for person in people:
        harness.move(person, ward)
    harness.settle()
    assert harness.enrolled(good) == {held, *people}
    assert harness.enrolled(bad) == {held}  # whom it held it holds
    found = letters(harness)
    assert [key for _, kind, key in found if kind == "assignment"] == [rule]
    assert (
        len([key for _, kind, key in found if kind == "person"]) == 3
    )  # one more than the limit; the others were not tried
    harness.move(held, None)
    late = harness.person(ward)
    harness.settle()
    assert late in harness.enrolled(good)
    assert queued(harness) == 0

    execute(harness, "UPDATE assignment SET due = NULL WHERE id = %s", rule)
    assert harness.http.post(f"{LETTERS}/{WORKER}/{rule}/retry").json() == {"entries": 1}
    harness.settle()
    assert harness.enrolled(bad) == {late, *people}
    assert letters(harness) == []


def test_everything_of_a_worker_is_retried_at_once(harness: Harness) -> None:
    course, ward = harness.course(), harness.unit()
    people = harness.people(6, ward)
    harness.settle()
    poison(harness, people[0], people[1])
    harness.assign(course, "organisation", ward)
    assert harness.http.post(f"{LETTERS}/{WORKER}/retry").json() == {"taken": 0, "crashed": 2, "more": False}
    mend(harness)
    assert harness.http.post(f"{LETTERS}/{WORKER}/retry").json() == {"taken": 2, "crashed": 0, "more": False}
    assert (harness.enrolled(course), letters(harness)) == (set(people), [])


def test_a_person_who_crashes_does_not_stop_the_circuit_breaker(open_harness: OpenHarness) -> None:
    harness = open_harness(breaker_minimum=3)
    course, ward = harness.course(), harness.unit()
    harness.settle()
    rule = harness.assign(course, "organisation", ward)
    people = harness.people(10)
    harness.settle()
    execute(harness, "UPDATE assignment SET due = %s WHERE id = %s", NUL_FIELD, rule)
    batch = uuid4()
    harness.tell(harness.directory, directory.BatchStarted, batch, feed="import", batch=batch)
    for person in people[:4]:
        harness.tell(harness.directory, directory.PersonMoved, person, home_organisation=ward, batch=batch)
    harness.tell(harness.directory, directory.BatchFinished, batch, batch=batch, outcomes={})
    bystander, elsewhere, other = people[9], harness.unit("South"), harness.course("Other")
    harness.settle()
    harness.assign(other, "organisation", elsewhere)
    harness.move(bystander, elsewhere)
    harness.settle()
    assert harness.enrolled(other) == {bystander}


def test_a_timer_that_crashes_is_set_aside_and_later_ones_ring(harness: Harness) -> None:
    bad, good = uuid4(), uuid4()
    rung: list[UUID] = []

    def ring(timer: Timer) -> None:
        if timer.id == bad and not rung.count(bad) and poisoned:
            raise OverflowError("date value out of range")
        rung.append(timer.id)
        with harness.database.transaction() as conn:
            timers.clear(conn, timer)

    poisoned = [True]
    clock = next(worker for worker in harness.service.workers if isinstance(worker, TimerWorker))
    clock._rings = {"test": ring}
    due = datetime.now(UTC) - timedelta(hours=1)
    with harness.database.transaction() as conn:
        timers.set_timer(conn, bad, due, "test", uuid4(), META)
        timers.set_timer(conn, good, due + timedelta(minutes=1), "test", uuid4(), META)
    clock.step()
    assert (rung, clock.step()) == ([good], 0)
    assert letters(harness) == [("enrollment timers", "test", bad)]
    assert harness.http.post(f"{LETTERS}/enrollment timers/{bad}/retry").status_code == 409
    poisoned.clear()
    assert harness.http.post(f"{LETTERS}/enrollment timers/{bad}/retry").json() == {"entries": 1}
    assert (rung, letters(harness)) == ([good, bad], [])


def test_a_job_that_crashed_goes_on_where_it_was_after_a_retry(harness: Harness) -> None:
    class Crashing:
        kind = "crashing"
        broken = True

        def step(self, job: Job) -> None:
            with harness.database.transaction() as conn:
                if not job.cursor:
                    jobs.advance(conn, job, cursor={"half": True}, done=1)
                elif self.broken:
                    raise KeyError("a bug")
                else:
                    jobs.finish(conn, job)

    kind, id = Crashing(), uuid4()
    harness.worker._kinds = {kind.kind: kind}
    with harness.database.transaction() as conn:
        jobs.enqueue(conn, id, kind.kind, {}, META)
    while harness.worker.step():
        pass
    assert letters(harness) == [("enrollment jobs", "crashing", id)]
    kind.broken = False
    assert harness.http.post(f"{LETTERS}/enrollment jobs/{id}/retry").json() == {"entries": 1}
    while harness.worker.step():
        pass
    with harness.database.connection() as conn:
        job = jobs.find(conn, id)
    assert (job.state, job.cursor, job.error, letters(harness)) == ("finished", {"half": True}, None, [])


def test_access_that_cannot_be_ended_stops_nobody_elses(harness: Harness) -> None:
    course = harness.course(access_days=1)
    ward = harness.unit()
    people = harness.people(5, ward)
    harness.settle()
    harness.assign(course, "organisation", ward)
    expiry = next(worker for worker in harness.service.workers if isinstance(worker, AccessExpiry))
    harness.on(date.today() + timedelta(days=5))
    poison(harness, people[2])
    assert expiry.step() == 5
    assert expiry.step() == 0
    ended = [person for person in people if "AccessExpired" in harness.told(of=[person])]
    assert ended == [*people[:2], *people[3:]]
    ((worker, kind, key),) = letters(harness)
    assert (worker, kind) == ("enrollment access", "enrollment")
    mend(harness)
    assert harness.http.post(f"{LETTERS}/{worker}/{key}/retry").json() == {"entries": 1}
    assert "AccessExpired" in harness.told(of=[people[2]])


@pytest.mark.feature("ASG-20")
def test_who_cannot_be_undone_is_set_aside_and_all_others_of_the_batch_are_undone(harness: Harness) -> None:
    course, ward, batch = harness.course(), harness.unit(), uuid4()
    people = harness.people(5)
    harness.settle()
    harness.assign(course, "organisation", ward)
    for person in people:
        harness.tell(harness.directory, directory.PersonMoved, person, batch=batch, home_organisation=ward)
    harness.settle()
    poison(harness, people[2])
    assert harness.http.post(f"/api/enrollment/batches/{batch}/undo").is_success
    harness.settle()
    assert harness.enrolled(course) == {people[2]}
    assert letters(harness) == [("enrollment undo", "undo", people[2])]
    mend(harness)
    assert harness.http.post(f"{LETTERS}/enrollment undo/{people[2]}/retry").json() == {"entries": 1}
    assert (harness.enrolled(course), letters(harness)) == (set(), [])


@pytest.mark.feature("CAT-9")
def test_a_qualification_that_cannot_be_given_to_one_learner_is_given_to_the_others(harness: Harness) -> None:
    course = harness.course("First", 1)
    fitter = harness.qualification("Fitter", course)
    people = harness.people(3)
    harness.settle()
    shown = {person: harness.enroll(person, fitter) for person in people}
    poisoned = f"ALTER TABLE enrollment ADD CONSTRAINT poison CHECK (id <> '{shown[people[1]]}') NOT VALID"
    execute(harness, poisoned)
    for person in people:
        id = harness.enroll(person, course)
        harness.did(id, "steps/1/complete", harness.client(person))
    harness.settle()
    status = [harness.show(shown[person])["status"] for person in people]
    assert status == ["completed", "not-started", "completed"]
    letter = ("enrollment qualifications", "enrollment", UUID(shown[people[1]]))
    assert letters(harness) == [letter]
    mend(harness)
    assert harness.http.post(f"{LETTERS}/{letter[0]}/{letter[2]}/retry").json() == {"entries": 1}
    assert (harness.show(shown[people[1]])["status"], letters(harness)) == ("completed", [])


@pytest.mark.feature("DIR-4")
def test_jobs_that_end_on_the_last_day_of_all_stop_nobody(harness: Harness) -> None:
    """What HR systems write for no end; from before the import knew it, too."""
    course, ward = harness.course(), harness.unit()
    harness.settle()
    harness.assign(course, "organisation", ward)
    people = harness.people(150)
    for person in people:
        harness.job(person, organisation=ward, ends=date.max, temporary_until=date.max)
    harness.settle()
    assert harness.enrolled(course) == set(people)
    assert letters(harness) == []


@pytest.mark.feature("DUE-1")
def test_dates_beyond_all_calendars_that_are_on_record_stop_nobody(harness: Harness) -> None:
    fixed, relative, ward = harness.course("Fixed"), harness.course("Relative"), harness.unit()
    harness.settle()
    one = harness.assign(fixed, "organisation", ward)
    two = harness.assign(relative, "organisation", ward)
    execute(harness, "UPDATE assignment SET due = %s WHERE id = %s", '{"kind": "fixed", "on": "9999-12-31"}', one)
    far = '{"kind": "enrollment", "amount": 36500, "unit": "years"}'
    execute(harness, "UPDATE assignment SET due = %s WHERE id = %s", far, two)
    ann, bo = harness.person(ward), harness.person(ward)
    harness.settle()
    assert harness.enrolled(fixed) == harness.enrolled(relative) == {ann, bo}
    (told,) = harness.enrollments(person_id=ann, offering_id=relative)
    assert told["due_on"] == "2999-12-31"
    assert letters(harness) == []


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
