"""Pools that are nearly used up, or about to expire: said once each (NTF-1)."""

from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
from keys.harness import NOW, Keys
from keys.mailing import Pool

from services.keys.application.pool_warnings import PoolWarnings
from shared.contracts.keys import PoolExpiring, PoolRanLow
from shared.errors import ConflictLost


def worker(keys: Keys) -> PoolWarnings:
    return next(one for one in keys.service.workers if isinstance(one, PoolWarnings))


def low(keys: Keys) -> list[tuple[int, int, int]]:
    """What was said of use so far: percent, used, keys."""
    return [(e.percent, e.used, e.keys) for e in keys.events() if isinstance(e, PoolRanLow)]


@pytest.mark.feature("NTF-1", "KEY-1")
def test_a_pool_is_said_to_run_low_once_at_each_level(keys: Keys) -> None:
    pool = Pool(keys, 4)
    pool.outcomes("a@example.org", "b@example.org")
    assert worker(keys).step() == 0
    pool.outcomes("c@example.org")
    assert worker(keys).step() == 1
    keys.restart()
    assert worker(keys).step() == 0
    pool.outcomes("d@example.org")
    worker(keys).step()
    worker(keys).step()
    assert low(keys) == [(75, 3, 4), (100, 4, 4)]
    (event, _) = [one for one in keys.events() if isinstance(one, PoolRanLow)]
    assert (event.pool_id, event.organisation_id, event.offering_id) == (UUID(pool.id), keys.head, keys.course)


@pytest.mark.feature("NTF-1", "KEY-2")
def test_a_pool_that_was_filled_up_is_said_to_run_low_again(keys: Keys) -> None:
    pool = Pool(keys, 1)
    pool.outcomes("a@example.org")
    worker(keys).step()
    keys.generate(pool.id, 3)
    worker(keys).step()
    assert low(keys) == [(100, 1, 1)]
    pool.outcomes("b@example.org", "c@example.org")
    worker(keys).step()
    assert low(keys) == [(100, 1, 1), (75, 3, 4)]


@pytest.mark.feature("NTF-1", "KEY-12")
def test_revoked_keys_do_not_count_as_used(keys: Keys) -> None:
    pool = Pool(keys, 4)
    for item in keys.http.get(f"/api/keys/pools/{pool.id}/keys").json()["items"][:3]:
        keys.http.post(f"/api/keys/keys/{item['id']}/revoke", json={})
    worker(keys).step()
    assert low(keys) == []


@pytest.mark.feature("NTF-1", "KEY-2")
def test_a_pool_with_unredeemed_keys_is_said_to_expire_once_for_each_end(keys: Keys) -> None:
    pool = Pool(keys, 2, expires=NOW + timedelta(days=20))
    Pool(keys, 0, expires=NOW + timedelta(days=1), name="Without keys")
    pool.outcomes("a@example.org")
    assert worker(keys).step(NOW + timedelta(days=5)) == 0
    assert worker(keys).step(NOW + timedelta(days=7)) == 1
    assert worker(keys).step(NOW + timedelta(days=8)) == 0
    terms = keys.terms(expires=NOW + timedelta(days=40))
    assert keys.http.put(f"/api/keys/pools/{pool.id}", json=terms).status_code == 200
    assert worker(keys).step(NOW + timedelta(days=9)) == 0
    assert worker(keys).step(NOW + timedelta(days=30)) == 1
    assert worker(keys).step(NOW + timedelta(days=50)) == 0
    said = [event for event in keys.events() if isinstance(event, PoolExpiring)]
    assert [event.unused for event in said] == [2, 2]
    assert [event.expires for event in said] == [NOW + timedelta(days=20), NOW + timedelta(days=40)]


@pytest.mark.feature("NTF-1")
def test_two_workers_say_it_once(keys: Keys) -> None:
    pool = Pool(keys, 1)
    pool.outcomes("a@example.org")
    barrier = Barrier(4)

    def look() -> None:
        barrier.wait()
        with suppress(ConflictLost):  # it was said; a worker looks again
            worker(keys).step()

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert low(keys) == [(100, 1, 1)]


@pytest.mark.feature("NTF-1", "OPS-8")
def test_a_pool_that_crashes_is_set_aside_alone_and_said_after_a_retry(keys: Keys) -> None:
    bad, good = Pool(keys, 1), Pool(keys, 1, name="Another")
    for number, pool in enumerate((bad, good)):
        pool.outcomes(f"{number}@example.org")
    with keys.database.connection() as conn:
        conn.execute(f"ALTER TABLE pool_warning ADD CONSTRAINT poison CHECK (pool <> '{bad.id}')".encode())
    assert worker(keys).step() == 2
    assert worker(keys).step() == 0
    assert {e.pool_id for e in keys.events() if isinstance(e, PoolRanLow)} == {UUID(good.id)}
    address, operator = "/api/keys/letters", keys.client(uuid4(), ("site-administrator", None))
    (letter,) = operator.get(address).json()["items"]
    assert (letter["source"], letter["type"], letter["key"]) == ("keys pool warnings", "pool", bad.id)
    assert operator.post(f"{address}/keys pool warnings/{bad.id}/retry").json()["type"].endswith("crashed-again")
    with keys.database.connection() as conn:
        conn.execute("ALTER TABLE pool_warning DROP CONSTRAINT poison")
    assert operator.post(f"{address}/keys pool warnings/{bad.id}/retry").json() == {"entries": 1}
    assert {e.pool_id for e in keys.events() if isinstance(e, PoolRanLow)} == {UUID(good.id), UUID(bad.id)}
    assert worker(keys).step() == 0
    assert operator.get(address).json()["items"] == []
