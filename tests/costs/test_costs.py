"""What bulk work costs, counted and not timed: statements, rows and bytes per learner, at two sizes (ASG-22).

A change that makes one of them grow with the wrong thing turns this red on any machine.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.company import OFFERING, ORGANISATION, facts
from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.evaluation.evaluator import Evaluator
from services.enrollment.application.evaluation.fan_out import FanOut
from services.enrollment.application.ledger import Enrollments
from services.enrollment.domain.assignments import Target
from services.reporting.main import PACKAGE as REPORTING
from services.reporting.projections.sources import PROJECTIONS
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds.postgres import PostgresFeeds
from shared.feeds.topics import create
from shared.jobs import Worker
from shared.relay import Relay
from shared.replay import Replay
from shared.settings import Settings
from shared.store import CommandContext

SMALL, LARGE, CHUNK = 1_000, 4_000, 500
SETTINGS = Settings(evaluator_chunk=CHUNK, consumer_batch=CHUNK, relay_batch=CHUNK, job_step=60.0)

Databases = Callable[..., Database]


@dataclass
class Cost:
    """What one piece of work did to a database."""

    statements: int = 0
    written: int = 0
    """Rows inserted, changed or deleted."""
    scanned: int = 0
    """Rows that were read without an index."""
    log_bytes: int = 0


@contextmanager
def counted(info: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cost]:
    """The work closes its connections, so that the server's counters are complete."""
    cost = Cost()
    execute, copy = psycopg.Cursor.execute, psycopg.Cursor.copy

    def counting(self: object, *args: object, **kwargs: object) -> object:
        cost.statements += 1
        return execute(self, *args, **kwargs)  # type: ignore[arg-type,call-overload]

    def copying(self: object, *args: object, **kwargs: object) -> object:
        cost.statements += 1
        return copy(self, *args, **kwargs)  # type: ignore[arg-type]

    with no_vacuum_by_itself(info):
        before = _counters(info)
        with monkeypatch.context() as patched:
            patched.setattr(psycopg.Cursor, "execute", counting)
            patched.setattr(psycopg.Cursor, "copy", copying)
            yield cost
        after = _counters(info)
    cost.written, cost.scanned, cost.log_bytes = (b - a for a, b in zip(before, after, strict=True))


@contextmanager
def no_vacuum_by_itself(info: str) -> Iterator[None]:
    """The log is the whole server's: a vacuum that begins meanwhile, of any database, would be counted too."""
    with psycopg.connect(info, autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET autovacuum = off")
        conn.execute("SELECT pg_reload_conf()")
        while conn.execute("SELECT FROM pg_stat_activity WHERE backend_type LIKE 'autovacuum%'").fetchone():
            time.sleep(0.01)
        try:
            yield
        finally:
            conn.execute("ALTER SYSTEM RESET autovacuum")
            conn.execute("SELECT pg_reload_conf()")


def _counters(info: str) -> tuple[int, int, int]:
    with psycopg.connect(info, autocommit=True) as conn:
        conn.execute("SELECT pg_stat_force_next_flush()")
        row = conn.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0), coalesce(sum(seq_tup_read), 0), "
            "pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') FROM pg_stat_user_tables"
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


def company(database: Database, people: int) -> None:
    facts(people)(database.conninfo)
    with database.connection() as conn:
        conn.execute("ANALYZE")


def assign(info: str, target: Target) -> None:
    with closing(Database(info, max_size=6)) as database:
        ledger = Enrollments(database)
        AssignmentCommands(ledger, 10).create(CommandContext(uuid4()), [(OFFERING, target)])
        evaluator = Evaluator(database, ledger.store, chunk=CHUNK, pause=0)
        worker = Worker("jobs", database, [FanOut(database, evaluator, CHUNK, SETTINGS.job_step)], 0)
        while worker.step():
            pass


@pytest.fixture
def history(database: Databases) -> Callable[[int], Database]:
    """An enrollment database in which so many learners were assigned by one command."""

    def of(people: int) -> Database:
        one = database("services.enrollment")
        company(one, people)
        assign(one.conninfo, Target("organisation", ORGANISATION, True))
        return one

    return of


def feeds_of(source: Database) -> PostgresFeeds:
    return PostgresFeeds(lambda _: source.conninfo)


def more(small: Cost, large: Cost) -> Cost:
    """What the learners cost by whom the larger one is larger."""
    return Cost(
        large.statements - small.statements,
        large.written - small.written,
        large.scanned - small.scanned,
        large.log_bytes - small.log_bytes,
    )


EXTRA = LARGE - SMALL
PARTS = EXTRA // CHUNK


@pytest.mark.feature("ASG-22")
def test_a_bulk_assignment_writes_three_rows_for_a_learner_and_a_few_statements_for_a_part(
    database: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    for people in (SMALL, LARGE):
        one = database("services.enrollment")
        company(one, people)
        with counted(one.conninfo, monkeypatch) as cost:
            assign(one.conninfo, Target("organisation", ORGANISATION, True))
        costs.append(cost)
    extra = more(*costs)
    assert 3 * EXTRA <= extra.written <= 3 * EXTRA + 4 * PARTS, extra
    assert extra.statements <= 24 * PARTS, extra
    assert extra.log_bytes <= 1_600 * EXTRA, extra
    assert extra.scanned <= 8 * EXTRA, extra


@pytest.mark.feature("ASG-22")
def test_assigning_one_person_costs_the_same_in_an_organisation_of_any_size(
    database: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    for people in (SMALL, 10 * SMALL):
        one = database("services.enrollment")
        company(one, people)
        assign(one.conninfo, Target("organisation", ORGANISATION, True))
        with one.connection() as conn:
            conn.execute("ANALYZE")
            found = conn.execute("SELECT id FROM person_fact LIMIT 1").fetchone()
        assert found is not None
        with counted(one.conninfo, monkeypatch) as cost:
            assign(one.conninfo, Target("individual", UUID(str(found[0]))))
        costs.append(cost)
    small, large = costs
    assert large.statements == small.statements
    assert large.written == small.written
    assert large.scanned <= small.scanned + 100, costs


def test_the_relay_asks_the_database_a_few_times_for_a_batch_and_sends_every_event_once(
    kafka: str, history: Callable[[int], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    costs, sizes = [], []
    for people in (SMALL, LARGE):
        one = history(people)
        settings = SETTINGS.model_copy(update={"kafka": kafka, "kafka_prefix": f"cost-{uuid4().hex[:8]}."})
        create(settings, one, ["enrollment"])
        with counted(one.conninfo, monkeypatch) as cost, closing(Database(one.conninfo, max_size=2)) as own:
            asyncio.run(_publish(Relay("enrollment", own, settings), people + 1))
        costs.append(cost)
        sizes.append(asyncio.run(_taken(settings, people + 1)))
    extra = more(*costs)
    assert extra.statements <= 8 * PARTS, extra
    assert extra.written <= 2 * PARTS, extra
    assert extra.scanned <= 4 * PARTS, extra
    assert (sizes[1] - sizes[0]) / EXTRA <= 1_100, sizes


async def _publish(relay: Relay, events: int) -> None:
    done = 0
    while done < events:
        done += await relay.turn()
    await relay.stop()


async def _taken(settings: Settings, events: int) -> int:
    """Bytes of so many events on the topic, each of which is there once."""
    client = AIOKafkaConsumer(bootstrap_servers=settings.kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await client.start()
    try:
        partitions = settings.kafka_partitions["enrollment"]
        client.assign([TopicPartition(f"{settings.kafka_prefix}enrollment", n) for n in range(partitions)])
        positions: list[int] = []
        size = 0
        while len(positions) < events:
            for messages in (await client.getmany(timeout_ms=1_000)).values():
                for message in messages:
                    headers = dict(message.headers)
                    if headers["ce_type"] != b"rollbook.Watermark.v1":
                        positions.append(int(headers["ce_position"]))
                        size += len(message.value or b"") + sum(len(k) + len(v) for k, v in message.headers)
    finally:
        await client.stop()
    assert sorted(positions) == list(range(1, events + 1))
    return size


def test_a_projection_and_its_rebuild_write_two_rows_for_an_event_and_a_few_statements_for_a_batch(
    history: Callable[[int], Database], database: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, rebuilt = [], []
    projection = next(p for p in PROJECTIONS if p.source == "enrollment")
    for people in (SMALL, LARGE):
        feeds = feeds_of(history(people))
        one = database(REPORTING)
        with (
            counted(one.conninfo, monkeypatch) as cost,
            closing(Database(one.conninfo, max_size=2)) as own,
            closing(feeds.open("enrollment")) as feed,
        ):
            consumer = Consumer(own, feed, projection, SETTINGS)
            while consumer.step():
                pass
        live.append(cost)
        with counted(one.conninfo, monkeypatch) as cost, closing(Database(one.conninfo, max_size=4)) as own:
            assert Replay(own, PROJECTIONS, feeds, SETTINGS, REPORTING).run().differences == 0
        rebuilt.append(cost)
    extra = more(*live)
    assert 2 * EXTRA <= extra.written <= 2 * EXTRA + 2 * PARTS, extra
    assert extra.statements <= 16 * PARTS, extra
    assert extra.log_bytes <= 1_000 * EXTRA, extra
    assert extra.scanned <= EXTRA, extra
    again = more(*rebuilt)
    assert again.statements <= 16 * PARTS, again
    assert again.log_bytes <= 100 * EXTRA, f"a rebuild that nobody has swapped needs no log: {again}"
