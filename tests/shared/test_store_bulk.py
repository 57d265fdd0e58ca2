"""Deciding once for many who stand alike: the same bytes as one by one, and each of them is lost alone (DESIGN 3, ASG-22)."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.contracts.enrollment import TrainingBegun
from shared.database import Connection, Database
from shared.errors import Conflict, ConflictLost
from shared.events import SYSTEM, Event, Meta
from shared.jobs import Job, Worker, advance, enqueue, finish
from shared.store import (
    STREAM,
    SUBJECT,
    CohortDecision,
    CommandContext,
    Decision,
    Revision,
    Row,
    ServiceApplication,
    Store,
    Table,
)
from shared.store import append as appending
from shared.store.recorder import CHANNEL
from shared.store.throttle import FEWEST, MOST, Throttle

META = Meta(actor=SYSTEM, correlation=uuid4())
THING = Table("thing", ("id",), {"id": "uuid", "revision": "int8", "owner": "uuid", "tags": "int4[]", "name": "text"})
OFFERING = uuid4()


@pytest.fixture
def store(database: Callable[..., Database]) -> Store:
    one = database()
    with one.connection() as conn:
        conn.execute("CREATE TABLE thing (id uuid PRIMARY KEY, revision bigint, owner uuid, tags int[], name text)")
        conn.execute("CREATE TABLE fact (id uuid PRIMARY KEY, revision bigint)")
    return Store(one)


def begun(stream: UUID, person: UUID, version: int = 0) -> Event:
    return TrainingBegun.unchecked_next(stream, version, {"person_id": person, "offering_id": OFFERING, "term": 1})


def made(stream: UUID, person: UUID) -> Decision:
    row = Row(THING, (stream, 2, person, [1, 2], None))
    return Decision((begun(stream, person), begun(stream, person, 1)), META, inserted=(row,))


def alike(streams: Sequence[UUID], people: Sequence[UUID], decision: Decision | None = None) -> CohortDecision:
    return CohortDecision(decision or made(STREAM, SUBJECT), streams, people, "fact", [0] * len(people))


def rows(store: Store, query: str) -> list[tuple[object, ...]]:
    with store.database.connection() as conn:
        return conn.execute(query.encode()).fetchall()


_EVENTS = "SELECT stream, version, type, meta, body FROM events ORDER BY stream, version"
_THINGS = "SELECT * FROM thing ORDER BY id"


def test_what_is_decided_for_many_is_byte_for_byte_what_is_decided_one_by_one(
    store: Store, database: Callable[..., Database]
) -> None:
    streams, people = [uuid4() for _ in range(30)], [uuid4() for _ in range(30)]
    assert store.append_cohorts([store.encode(alike(streams, people))]) == []
    told = rows(store, _EVENTS), rows(store, _THINGS)
    one_by_one = Store(database())
    with one_by_one.database.connection() as conn:
        conn.execute("CREATE TABLE thing (id uuid PRIMARY KEY, revision bigint, owner uuid, tags int[], name text)")
    one_by_one.append([made(stream, person) for stream, person in zip(streams, people, strict=True)])
    assert told == (rows(one_by_one, _EVENTS), rows(one_by_one, _THINGS))
    assert [position for (position,) in rows(store, "SELECT position FROM events ORDER BY 1")] == list(range(1, 61))


@pytest.mark.feature("ASG-22")
def test_who_was_overtaken_is_left_out_alone(store: Store) -> None:
    streams, people = [uuid4() for _ in range(10)], [uuid4() for _ in range(10)]
    store.append([Decision((begun(streams[3], people[3]),), META)])
    with store.database.connection() as conn:
        conn.execute("INSERT INTO fact VALUES (%s, 7)", [people[5]])
    overtaken = store.append_cohorts([store.encode(alike(streams, people))])
    assert overtaken == [people[3], people[5]]
    assert {id for id, *_ in rows(store, _THINGS)} == set(streams) - {streams[3], streams[5]}
    assert rows(store, "SELECT count(*), max(position) FROM events") == [(17, 17)]


@pytest.mark.feature("ASG-22")
def test_many_who_have_nothing_in_common_are_written_in_one_go_and_each_is_overtaken_alone(store: Store) -> None:
    streams, people, facts = ([uuid4() for _ in range(8)] for _ in range(3))
    store.append([Decision((begun(streams[1], people[1]),), META)])
    with store.database.connection() as conn:
        conn.execute("INSERT INTO fact VALUES (%s, 7), (%s, 7)", [people[3], facts[5]])
    each = [
        alike([stream], [person], replace(made(STREAM, SUBJECT), preconditions=(Revision("fact", fact, 0),)))
        for stream, person, fact in zip(streams, people, facts, strict=True)
    ]
    assert store.append_cohorts([store.encode(one) for one in each]) == [people[1], people[3], people[5]]
    lost = {streams[1], streams[3], streams[5]}
    assert {(id, owner) for id, _, owner, *_ in rows(store, _THINGS)} == {
        (stream, person) for stream, person in zip(streams, people, strict=True) if stream not in lost
    }
    written = rows(store, "SELECT count(*), count(DISTINCT recorded_at), max(position) FROM events WHERE position > 1")
    assert written == [(10, 1, 11)]


def test_changes_and_removals_of_many_are_one_statement_each(store: Store) -> None:
    streams, people = [uuid4() for _ in range(5)], [uuid4() for _ in range(5)]
    store.append_cohorts([store.encode(alike(streams, people))])
    changed = Decision((begun(STREAM, SUBJECT, 2),), META, updated=(Row(THING, (STREAM, 3, SUBJECT, [], "told")),))
    assert store.append_cohorts([store.encode(alike(streams, people, changed))]) == []
    assert {row[1:] for row in rows(store, "SELECT id, revision, name, cardinality(tags) FROM thing")} == {
        (3, "told", 0)
    }
    gone = Decision((begun(STREAM, SUBJECT, 3),), META, deleted=(Row(THING, (STREAM,)),))
    assert store.append_cohorts([store.encode(alike(streams[:4], people[:4], gone))]) == []
    assert [id for id, *_ in rows(store, _THINGS)] == [streams[4]]


def test_of_many_what_is_taken_away_may_be_named_by_its_key_or_by_its_whole_row(store: Store) -> None:
    streams, people = [uuid4() for _ in range(3)], [uuid4() for _ in range(3)]
    store.append_cohorts([store.encode(alike(streams, people))])
    (row,) = made(STREAM, SUBJECT).inserted
    gone = Decision((begun(STREAM, SUBJECT, 2),), META, deleted=(row,))
    assert store.append_cohorts([store.encode(alike(streams[:2], people[:2], gone))]) == []
    assert [id for id, *_ in rows(store, _THINGS)] == [streams[2]]


def test_a_row_that_has_not_as_many_values_as_its_table_is_refused(store: Store) -> None:
    streams, people = [uuid4()], [uuid4()]
    store.append_cohorts([store.encode(alike(streams, people))])
    short, long = (STREAM, 3, SUBJECT, []), (STREAM, 3, SUBJECT, [], "told", "more")
    for wrong in (
        {"updated": (Row(THING, (STREAM,)),)},
        {"updated": (Row(THING, short),)},
        {"updated": (Row(THING, long),)},
        {"deleted": (Row(THING, short),)},
    ):
        decision = Decision((begun(STREAM, SUBJECT, 2),), META, **wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"zip\(\)"):
            store.append_cohorts([store.encode(alike(streams, people, decision))])
    assert rows(store, "SELECT revision, max(position) FROM thing, events GROUP BY 1") == [(2, 2)]


@pytest.mark.feature("ASG-22")
@pytest.mark.parametrize(("first", "count"), [(0, 2), (1, 4), (1, 9), (3, 5), (4, 1)])
def test_a_part_of_many_is_those_members_with_what_is_theirs(store: Store, first: int, count: int) -> None:
    streams, people = [uuid4() for _ in range(5)], [uuid4() for _ in range(5)]
    whole = store.encode(alike(streams, people))
    part = whole.part(first, count)
    assert part.subjects == people[first : first + count]
    assert store.append_cohorts([part]) == []
    events = rows(store, "SELECT stream, version FROM events ORDER BY position")
    assert events == [(stream, version) for stream in streams[first : first + count] for version in (1, 2)]
    assert {id for id, *_ in rows(store, _THINGS)} == set(streams[first : first + count])


def test_a_part_that_is_all_of_them_is_not_copied(store: Store) -> None:
    streams, people = [uuid4() for _ in range(5)], [uuid4() for _ in range(5)]
    whole = store.encode(alike(streams, people))
    assert whole.part(0, 5) is whole
    assert whole.part(0, MOST) is whole


def hints(store: Store, write: Callable[[], object]) -> int:
    """How often readers hear that there is something new."""
    with psycopg.connect(store.database.conninfo, autocommit=True) as conn:
        conn.execute(f"LISTEN {CHANNEL}".encode())
        write()
        conn.execute(f"NOTIFY {CHANNEL}, 'over'".encode())
        for heard, told in enumerate(conn.notifies(timeout=30)):
            if told.payload == "over":
                return heard
    raise AssertionError("the last one did not come")


def test_readers_hear_of_what_was_written_and_of_nothing_else(store: Store) -> None:
    stream, person = uuid4(), uuid4()
    one, both = Decision((begun(stream, person),), META), store.encode(alike([uuid4(), uuid4()], [uuid4(), uuid4()]))
    assert hints(store, lambda: store.append([one])) == 1
    assert hints(store, lambda: store.append([one])) == 0, "it was overtaken"
    assert hints(store, lambda: store.append([Decision((), META)])) == 0, "it has no events"
    assert hints(store, lambda: store.append_cohorts([both])) == 1
    assert hints(store, lambda: store.append_cohorts([both])) == 0, "both were overtaken"


@pytest.mark.feature("ASG-22")
def test_a_bulk_job_writes_in_small_parts_while_others_wait(store: Store) -> None:
    throttle = Throttle(appending.APPEND_LOCK)
    assert throttle.members(2) == MOST // 2
    waiting = threading.Thread(target=lambda: store.append([Decision((begun(uuid4(), uuid4()),), META)]))
    with store.database.transaction() as conn:
        appending.take_lock(conn)
        with throttle.held(conn):
            waiting.start()
            while not rows(store, "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                time.sleep(0.01)
    waiting.join()
    assert FEWEST // 2 <= throttle.members(2) <= MOST // 8, "it is small, whichever way it was last corrected"


class Failing(Exception):
    """What one of many is to blame for."""


@pytest.mark.parametrize("to_blame", [None, 15])
def test_commands_that_wait_are_written_together_and_each_hears_only_of_itself(
    store: Store, to_blame: int | None
) -> None:
    ledger = ServiceApplication.__class__("Things", (ServiceApplication,), {"name": "things"})(store.database)
    contested = uuid4()
    outcomes: dict[int, object] = {}

    def fail(conn: Connection) -> None:
        raise Failing(conn)

    def send(number: int) -> None:
        stream = contested if number % 10 == 0 else uuid4()
        decision = Decision((begun(stream, uuid4()),), META)
        try:
            outcomes[number] = ledger.record(
                CommandContext(SYSTEM), decision, number, also=fail if number == to_blame else None
            )
        except (Conflict, Failing) as error:
            outcomes[number] = type(error)

    with store.database.transaction() as conn:
        appending.take_lock(conn)
        threads = [threading.Thread(target=send, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
    for thread in threads:
        thread.join()
    refused = [number for number, outcome in outcomes.items() if outcome is ConflictLost]
    assert len(refused) == 3
    assert {number % 10 for number in refused} == {0}
    assert [number for number, outcome in outcomes.items() if outcome is Failing] == ([to_blame] if to_blame else [])
    written = 36 if to_blame else 37
    assert rows(store, "SELECT count(*), max(position), count(DISTINCT stream) FROM events") == [(written,) * 3]
    assert rows(store, "SELECT count(*) FROM command") == [(written,)]
    if not to_blame:
        transactions = rows(store, "SELECT count(DISTINCT xmin::text) FROM events")
        assert int(str(transactions[0][0])) < 5, "they were to share transactions"
    ledger.close()


class Counting:
    """A job of as many steps as it is told."""

    kind = "counting"

    def __init__(self, database: Database) -> None:
        self.database = database
        self.order: list[object] = []

    def step(self, job: Job) -> None:
        self.order.append(job.args["name"])
        with self.database.transaction() as conn:
            if job.done + 1 == job.args["steps"]:
                finish(conn, job)
            else:
                advance(conn, job, cursor={}, done=job.done + 1)


def worked_off(store: Store, *, turns: bool) -> list[object]:
    """Whose step came when: a long job, and a short one that came after its first step."""
    counting = Counting(store.database)
    worker = Worker("jobs", store.database, [counting], 0.0, turns=turns)
    with store.database.connection() as conn:
        enqueue(conn, uuid4(), "counting", {"name": "long", "steps": 5}, META)
    worker.step()
    with store.database.connection() as conn:
        enqueue(conn, uuid4(), "counting", {"name": "short", "steps": 1}, META)
    while worker.step():
        pass
    return counting.order


@pytest.mark.feature("ASG-22")
def test_where_jobs_take_turns_a_short_one_does_not_wait_for_a_long_one(store: Store) -> None:
    assert worked_off(store, turns=True) == ["long", "long", "short", "long", "long", "long"]


def test_elsewhere_a_job_begins_when_the_one_before_it_has_ended(store: Store) -> None:
    assert worked_off(store, turns=False) == [*["long"] * 5, "short"]
