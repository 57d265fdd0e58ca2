"""Keys that were sent and not redeemed: reminders, and keys that are taken back (KEY-11)."""

from collections.abc import Sequence
from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from keys.harness import Keys, problem
from keys.mailing import Pool, causes, fetched

from services.keys.projections import mailings as queries
from services.keys.projections.tables import KeyRow
from shared.contracts.keys import KeyReminded
from shared.database import Connection


def later(keys: Keys, days: float) -> None:
    """So many days have passed since everything was sent."""
    with keys.database.connection() as conn:
        conn.execute(
            "UPDATE recipient SET sent_at = sent_at - %(d)s, reminded_at = reminded_at - %(d)s",
            {"d": timedelta(days=days)},
        )


def ids(pool: Pool) -> list[str]:
    return [one["id"] for one in reversed(pool.listed())]


@pytest.mark.feature("KEY-11")
def test_only_who_has_not_redeemed_is_reminded_and_with_the_same_key(keys: Keys) -> None:
    ada, bo = keys.person(keys.head), keys.person(keys.head, "Bo", "Berg")
    keys.settle()
    pool = Pool(keys)
    pool.outcomes(ada, bo)
    to_ada, to_bo = causes(keys)
    secret = fetched(keys, to_bo).json()["key"]
    keys.redeem(ada, fetched(keys, to_ada).json()["key"])
    keys.admit(keys.asked()[0])
    later(keys, 4)
    by_person = {one["person_id"]: one["id"] for one in pool.listed()}
    assert pool.remind() == {by_person[str(bo)]: "reminded"}
    assert pool.remind(by_person[str(ada)]) == {by_person[str(ada)]: "redeemed"}
    (reminder,) = causes(keys)[2:]
    assert fetched(keys, reminder).json()["key"] == secret
    assert fetched(keys, to_bo).status_code == 404
    assert pool.counts == {"free": 1, "sent": 1, "redeemed": 1}


@pytest.mark.feature("KEY-11")
def test_nobody_is_reminded_more_often_than_the_setting_says(keys: Keys) -> None:
    keys.restart(key_reminder_days=2)
    pool = Pool(keys)
    pool.outcomes("a@example.org")
    (id,) = ids(pool)
    assert pool.remind(id) == {id: "too-soon"}
    assert pool.remind() == {}
    later(keys, 2.1)
    assert pool.remind(id) == {id: "reminded"}
    assert pool.remind(id) == {id: "too-soon"}
    later(keys, 2.1)
    assert pool.remind() == {id: "reminded"}
    assert pool.listed()[0]["reminders"] == 2


@pytest.mark.feature("KEY-11", "NTF-4")
def test_two_who_remind_at_the_same_moment_remind_once(keys: Keys) -> None:
    pool = Pool(keys)
    pool.outcomes("a@example.org")
    (id,) = ids(pool)
    later(keys, 4)
    barrier = Barrier(4)

    def remind() -> None:
        barrier.wait()
        pool.remind(id)

    threads = [Thread(target=remind) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(event, KeyReminded) for event in keys.events()) == 1


@pytest.mark.feature("KEY-11", "NTF-4")
def test_a_reminder_between_the_two_looks_of_another_is_not_doubled(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool(keys)
    pool.outcomes("a@example.org")
    (id,) = ids(pool)
    later(keys, 4)
    look = queries.keys_of
    overtaking: list[dict[str, str]] = []

    def overtaken(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, KeyRow]:
        if not overtaking:
            overtaking.append({})
            overtaking.append(pool.remind(id))
        return look(conn, keys)

    monkeypatch.setattr(queries, "keys_of", overtaken)
    assert pool.remind(id) == {id: "too-soon"}
    assert overtaking[1] == {id: "reminded"}
    assert sum(isinstance(event, KeyReminded) for event in keys.events()) == 1


@pytest.mark.feature("KEY-11")
def test_a_key_taken_back_is_sent_to_another(keys: Keys) -> None:
    pool = Pool(keys, 1)
    pool.outcomes("a@example.org")
    (id,) = ids(pool)
    assert pool.take_back(id) == [{"outcome": "free", "may_be_known": False}]
    assert pool.counts == {"free": 1}
    assert fetched(keys, causes(keys)[0]).status_code == 404
    assert pool.take_back(id) == [{"outcome": "taken-back", "may_be_known": False}]
    assert pool.remind(id) == {id: "taken-back"}
    assert pool.outcomes("b@example.org") == ["sent"]
    assert fetched(keys, causes(keys)[1]).json()["email"] == "b@example.org"
    assert fetched(keys, causes(keys)[0]).status_code == 404
    assert pool.take_back(id) == [{"outcome": "taken-back", "may_be_known": False}]
    assert pool.counts == {"sent": 1}


@pytest.mark.feature("KEY-11")
def test_whoever_takes_back_is_told_that_a_key_may_be_known_and_can_have_it_revoked(keys: Keys) -> None:
    ada = keys.person(keys.head)
    keys.settle()
    pool = Pool(keys, 2)
    pool.outcomes(ada)
    secret = fetched(keys, causes(keys)[0]).json()["key"]
    assert pool.take_back(*ids(pool), then="revoke", reason="left") == [{"outcome": "revoked", "may_be_known": True}]
    assert pool.counts == {"free": 1, "revoked": 1}
    assert problem(keys.redeem(ada, secret)) == "revoked"
    assert pool.outcomes(ada) == ["sent"]


@pytest.mark.feature("KEY-11", "KEY-12")
def test_whose_key_was_revoked_is_sent_another(keys: Keys) -> None:
    pool = Pool(keys, 2)
    pool.outcomes("a@example.org")
    ((key, _),) = causes(keys)
    assert keys.http.post(f"/api/keys/keys/{key}/revoke", json={}).status_code == 200
    assert pool.remind(*ids(pool)) == {ids(pool)[0]: "revoked"}
    assert pool.outcomes("a@example.org") == ["sent"]
    assert pool.counts == {"sent": 1, "revoked": 1}


@pytest.mark.feature("KEY-11")
def test_a_key_that_is_redeemed_or_being_redeemed_is_not_taken_back(keys: Keys) -> None:
    ada = keys.person(keys.head)
    keys.settle()
    pool = Pool(keys, 1)
    pool.outcomes(ada)
    keys.redeem(ada, fetched(keys, causes(keys)[0]).json()["key"])
    assert pool.take_back(*ids(pool)) == [{"outcome": "being-redeemed", "may_be_known": True}]
    keys.admit(keys.asked()[0])
    assert pool.take_back(*ids(pool), then="revoke") == [{"outcome": "redeemed", "may_be_known": True}]
    assert pool.counts == {"redeemed": 1}


@pytest.mark.feature("KEY-11")
def test_recipients_of_another_pool_are_not_found(keys: Keys) -> None:
    pool, other = Pool(keys, 1), Pool(keys, 0, name="Other")
    pool.outcomes("a@example.org")
    for what in ("remind", "take-back"):
        assert keys.http.post(f"{other.path}/{what}", json={"recipients": ids(pool)}).status_code == 404
