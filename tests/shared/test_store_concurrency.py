"""Concurrent writers and a tailing reader: nothing missed, nothing out of order, positions contiguous (DESIGN 3)."""

import threading
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from shared.contracts.directory import PersonMoved
from shared.database import Connection, Database
from shared.events import SYSTEM, Meta
from shared.feeds import Checkpoint
from shared.feeds.postgres import PostgresFeed
from shared.store import Decision, Store
from shared.store import append as appending

WRITERS = 8
EVENTS = 100_000
CHUNK = 100
META = Meta(actor=SYSTEM, correlation=uuid4())


def write(store: Store, count: int) -> None:
    stream, version = uuid4(), 0
    while version < count:
        events = tuple(
            PersonMoved(originator_id=stream, originator_version=version + 1 + n, home_organisation=None)
            for n in range(CHUNK)
        )
        store.append([Decision(events, META)])
        version += CHUNK


def tail(feed: PostgresFeed, until: int, stop: threading.Event) -> list[tuple[int, UUID, int]]:
    """As a consumer does: always after the last position that it saw."""
    seen: list[tuple[int, UUID, int]] = []
    while not stop.is_set():
        after = {0: Checkpoint(UUID(int=0), seen[-1][0])} if seen else {}
        seen += [(r.position, r.key, r.version) for r in feed.read(after, 2_000)]
        if len(seen) >= until:
            break
    return seen


def race(database: Database, conninfo: str, events: int) -> list[tuple[int, UUID, int]]:
    store = Store(database)
    stop = threading.Event()
    seen: list[tuple[int, UUID, int]] = []
    reader = threading.Thread(target=lambda: seen.extend(tail(PostgresFeed("x", conninfo), events, stop)))
    writers = [threading.Thread(target=write, args=(store, events // WRITERS)) for _ in range(WRITERS)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    reader.join(10)
    stop.set()
    reader.join()
    return seen


def faults(seen: list[tuple[int, UUID, int]], events: int) -> list[str]:
    positions = [position for position, _, _ in seen]
    versions: dict[UUID, list[int]] = defaultdict(list)
    for _, stream, version in seen:
        versions[stream].append(version)
    found = []
    if len(seen) < events:
        found.append(f"{events - len(seen)} missed")
    if positions != list(range(1, len(positions) + 1)):
        found.append("positions are not contiguous")
    if any(v != list(range(1, len(v) + 1)) for v in versions.values()):
        found.append("a stream is out of order")
    return found


@pytest.mark.feature("EVT-4")
def test_eight_writers_and_a_tailing_reader_miss_nothing(
    database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> None:
    fresh = database()
    assert faults(race(fresh, feed_conninfo(fresh), EVENTS), EVENTS) == []


def test_seeded_bug_without_the_append_lock_the_same_race_is_lost(
    database: Callable[..., Database], feed_conninfo: Callable[[Database], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(conn: Connection) -> tuple[int, object]:
        row = conn.execute("SELECT nextval('careless') - 1, clock_timestamp()").fetchone()
        assert row is not None
        return int(str(row[0])), row[1]

    monkeypatch.setattr(appending, "take_lock", careless)
    fresh = database()
    with fresh.connection() as conn:
        conn.execute(f"CREATE SEQUENCE careless INCREMENT {CHUNK}".encode())
    assert faults(race(fresh, feed_conninfo(fresh), 20_000), 20_000) != []
