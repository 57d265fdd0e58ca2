"""What a writer hears of the store: receipts of commands, who was overtaken, and what cannot be written (DESIGN 3)."""

import threading
import time
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from shared.contracts.enrollment import TrainingBegun
from shared.database import Database
from shared.errors import Corrupt
from shared.events import SYSTEM, Event, Meta
from shared.store import (
    STREAM,
    SUBJECT,
    Appended,
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
from shared.store import throttle as pacing
from shared.store.throttle import FEWEST, MOST, Throttle

META = Meta(actor=SYSTEM, correlation=uuid4())
FACT = Table("fact", ("id",), {"id": "uuid", "revision": "int8", "tags": "int4[]"})


class Things(ServiceApplication):
    name = "things"


@pytest.fixture
def ledger(database: Callable[..., Database]) -> Iterator[ServiceApplication]:
    one = database()
    with one.connection() as conn:
        conn.execute("CREATE TABLE fact (id uuid PRIMARY KEY, revision bigint, tags int[])")
    ledger = Things(one)
    yield ledger
    ledger.close()


@pytest.fixture
def store(ledger: ServiceApplication) -> Store:
    return ledger.store


def begun(stream: UUID, version: int = 0) -> Event:
    fields = {"person_id": uuid4(), "offering_id": uuid4(), "term": 1}
    return TrainingBegun.unchecked_next(stream, version, fields)


def facts(store: Store) -> list[tuple[object, ...]]:
    with store.database.connection() as conn:
        return conn.execute("SELECT revision, tags FROM fact ORDER BY revision").fetchall()


def test_a_receipt_names_the_last_event_and_is_the_same_when_the_command_is_sent_again(
    ledger: ServiceApplication,
) -> None:
    stream, context = uuid4(), CommandContext(SYSTEM)
    nothing = ledger.record(CommandContext(SYSTEM), Decision((), META))
    assert nothing.position == "things:0"
    first = ledger.record(context, Decision((begun(stream), begun(stream, 1)), META), {"made": 1})
    assert (first.position, first.result) == ("things:2", {"made": 1})
    assert ledger.record(context, Decision((begun(stream), begun(stream, 1)), META), {"made": 2}) == first
    assert ledger.record(CommandContext(SYSTEM), Decision((), META)).position == "things:2"


@pytest.mark.parametrize(("version", "lost"), [(0, ()), (1, (0,)), (4, (0,))])
def test_a_stream_begins_with_its_first_event(store: Store, version: int, lost: tuple[int, ...]) -> None:
    assert store.append([Decision((begun(uuid4(), version),), META)]).lost == lost


@pytest.mark.parametrize(("version", "lost"), [(0, (0,)), (1, (0,)), (2, ()), (3, (0,))])
def test_a_stream_goes_on_behind_its_last_event(store: Store, version: int, lost: tuple[int, ...]) -> None:
    stream = uuid4()
    store.append([Decision((begun(stream), begun(stream, 1)), META)])
    assert store.append([Decision((begun(stream, version),), META)]).lost == lost


def test_of_two_decisions_about_one_stream_in_one_go_the_second_goes_on_behind_the_first(store: Store) -> None:
    stream = uuid4()
    decisions = [Decision((begun(stream, version),), META) for version in (0, 0, 1)]
    assert store.append(decisions) == Appended(range(1, 3), (1,))


def test_rows_are_changed_and_taken_away_by_their_key_or_whole(store: Store) -> None:
    ids = [uuid4() for _ in range(4)]
    rows = [Row(FACT, (id, n, [n])) for n, id in enumerate(ids)]
    store.append([Decision((), META, inserted=tuple(rows))])
    store.append([Decision((), META, updated=(Row(FACT, (ids[0], 10, [])), Row(FACT, (ids[1], 11, (7, 8)))))])
    assert facts(store) == [(2, [2]), (3, [3]), (10, []), (11, [7, 8])]
    store.append([Decision((), META, deleted=(Row(FACT, (ids[0],)), Row(FACT, (ids[1],)))), Decision((), META)])
    store.append([Decision((), META, deleted=(rows[2],))])
    assert facts(store) == [(3, [3])]


def test_a_row_that_is_to_be_changed_and_is_not_there_is_corrupt_and_nothing_is_written(store: Store) -> None:
    there, missing = uuid4(), uuid4()
    store.append([Decision((), META, inserted=(Row(FACT, (there, 1, [])),))])
    one_by_one = Decision((), META, updated=(Row(FACT, (there, 2, [])), Row(FACT, (missing, 2, []))))
    with pytest.raises(Corrupt, match="2 rows of fact were to be changed, 1 are there"):
        store.append([one_by_one])
    pattern = Decision((begun(STREAM),), META, updated=(Row(FACT, (SUBJECT, 2, [])),))
    both = CohortDecision(pattern, [uuid4(), uuid4()], [there, missing], "fact", [1, 0])
    with pytest.raises(Corrupt, match="2 rows of fact were to be changed, 1 are there"):
        store.append_cohorts([store.encode(both)])
    assert (facts(store), store.max_notification_id()) == ([(1, [])], None)


def test_a_command_that_relies_on_a_row_sees_what_the_one_before_it_changed(store: Store) -> None:
    """They wait for the lock together, and come one after the other."""
    fact, found = uuid4(), dict[str, Appended]()
    decisions = {
        "first": Decision((begun(uuid4()),), META),
        "changes": Decision((begun(uuid4()),), META, inserted=(Row(FACT, (fact, 1, [])),)),
        "relies": Decision((begun(uuid4()),), META, preconditions=(Revision("fact", fact, 0),)),
    }
    threads = []
    with store.database.transaction() as conn:
        appending.take_lock(conn)
        for name, decision in decisions.items():
            threads.append(threading.Thread(target=lambda n=name, d=decision: found.update({n: store.append([d])})))  # type: ignore[misc]
            threads[-1].start()
            time.sleep(0.2)
    for thread in threads:
        thread.join()
    assert {name: one.lost for name, one in found.items()} == {"first": (), "changes": (), "relies": (0,)}


@pytest.mark.feature("ASG-22")
def test_while_others_wait_parts_grow_where_the_lock_was_held_shortly_and_shrink_where_it_was_held_long(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "_CALM_SECONDS", 600.0)
    throttle = Throttle(appending.APPEND_LOCK)
    assert [throttle.members(each) for each in (0, 1, 2, MOST, MOST + 1)] == [MOST, MOST, MOST // 2, 1, 1]
    waiting = threading.Thread(target=lambda: store.append([Decision((begun(uuid4()),), META)]))
    with store.database.transaction() as conn:
        appending.take_lock(conn)
        with throttle.held(conn):
            waiting.start()
            time.sleep(0.5)
    waiting.join()
    assert throttle.members(1) == FEWEST
    with store.database.connection() as conn:
        for _ in range(30):
            with throttle.held(conn):
                pass
        assert throttle.members(1) > 2 * FEWEST
        for _ in range(15):
            with throttle.held(conn):
                time.sleep(0.015)
    assert throttle.members(1) == FEWEST
