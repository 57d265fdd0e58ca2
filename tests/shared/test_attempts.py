"""Limits of attempts: what fails is counted, once for all processes, and locks out nobody who knows the secret elsewhere."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from services.suite.gateway import _forwarded, gateway
from shared.attempts import AttemptLimits, Attempts
from shared.client_address import ClientAddress
from shared.database import Database
from shared.errors import TooManyAttempts
from shared.settings import Settings

LIMITS = replace(AttemptLimits.of(Settings()), window=90_000.0)
"""Regained so slowly that a busy machine changes no number."""
HERE, THERE = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def attempts(database: Callable[..., Database]) -> Attempts:
    return Attempts(database(), LIMITS)


def guess(
    attempts: Attempts, account: str | None = "ada", address: str = HERE, organisation: str | None = None
) -> bool:
    """One that fails; False where it was refused before it was tried."""
    try:
        with attempts.counted("key", address=address, account=account, organisation=organisation):
            return True
    except TooManyAttempts:
        return False


def succeed(attempts: Attempts, account: str = "ada", address: str = HERE) -> bool:
    try:
        with attempts.counted("key", address=address, account=account) as attempt:
            attempt.succeeded()
            return True
    except TooManyAttempts:
        return False


def later(attempts: Attempts, seconds: float) -> None:
    with attempts._database.transaction() as conn:
        conn.execute("UPDATE attempt SET regained_at = regained_at - %s * interval '1 second'", [seconds])


@pytest.mark.feature("KEY-9")
def test_an_account_at_one_address_has_so_many_failures_and_regains_them_one_by_one(attempts: Attempts) -> None:
    assert [guess(attempts) for _ in range(12)] == [True] * 10 + [False] * 2
    with pytest.raises(TooManyAttempts) as refused, attempts.counted("key", address=HERE, account="ada"):
        pass
    assert 8_900 < refused.value.retry_after <= 9_000
    later(attempts, refused.value.retry_after)
    assert [guess(attempts) for _ in range(2)] == [True, False]
    later(attempts, LIMITS.window)
    assert [guess(attempts) for _ in range(12)].count(True) == 10


@pytest.mark.feature("KEY-9")
def test_what_succeeds_is_not_counted(attempts: Attempts) -> None:
    assert all(succeed(attempts) for _ in range(30))
    assert [guess(attempts) for _ in range(12)].count(True) == 10


@pytest.mark.feature("KEY-9")
def test_an_attacker_at_one_address_locks_out_nobody_at_another(attempts: Attempts) -> None:
    for _ in range(3):
        assert [guess(attempts, organisation="north") for _ in range(200)].count(True) == 10
        assert succeed(attempts, address=THERE)
        later(attempts, LIMITS.window)
    names = [guess(attempts, f"name {i}") for i in range(300)]
    assert names.count(True) == 100
    assert guess(attempts, "bo", THERE)


@pytest.mark.feature("KEY-9")
def test_attackers_everywhere_leave_the_addresses_that_the_account_knows(attempts: Attempts) -> None:
    assert succeed(attempts, address=THERE)
    spread = [guess(attempts, address=f"192.0.2.{i}") for i in range(100)]
    assert spread.count(True) == 50
    assert not succeed(attempts, address=HERE)
    assert succeed(attempts, address=THERE)
    assert [guess(attempts, address=THERE) for _ in range(12)].count(True) == 10


@pytest.mark.feature("KEY-9")
def test_an_organisation_has_a_limit_of_its_own(database: Callable[..., Database]) -> None:
    attempts = Attempts(database(), replace(LIMITS, organisation=20))
    spread = [guess(attempts, None, f"192.0.2.{i}", "north") for i in range(30)]
    assert spread.count(True) == 20
    assert guess(attempts, None, HERE, "south")


@pytest.mark.feature("KEY-9")
def test_ten_thousand_guesses_through_two_instances_get_what_one_would_give(
    database: Callable[..., Database],
) -> None:
    here = database()
    both = [Attempts(here, LIMITS), Attempts(here, LIMITS)]
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        admitted = sum(pool.map(lambda i: guess(both[i % 2], f"name {i % 40}", f"192.0.2.{i % 5}"), range(10_000)))
    seconds = time.monotonic() - started
    assert admitted == 5 * 80  # 8 names come to each address, with 10 each
    assert seconds < 120
    with here.connection() as conn:
        assert conn.execute("SELECT count(*) FROM attempt").fetchone() == (5 + 40 + 40,)


@pytest.mark.feature("KEY-9")
def test_nothing_that_was_typed_is_stored_and_what_counts_no_more_is_cleared_away(attempts: Attempts) -> None:
    guess(attempts, "ada@example.org", organisation="north")
    succeed(attempts, "bo@example.org")
    with attempts._database.connection() as conn:
        rows = conn.execute("SELECT key FROM attempt UNION ALL SELECT key FROM known_address").fetchall()
    assert len(rows) == 7
    assert all(isinstance(key, bytes) and len(key) == 32 for (key,) in rows)
    later(attempts, 2 * LIMITS.window)
    with attempts._database.transaction() as conn:
        conn.execute("UPDATE known_address SET seen_at = now() - interval '91 days'")
        assert {what: conn.execute(s.encode()).rowcount for what, s in attempts.expired.items()} == {
            "attempts": 6,
            "known-addresses": 1,
        }
    other = Attempts(attempts._database, replace(LIMITS, secret="other"))
    assert attempts._hash("key", "address", HERE) != other._hash("key", "address", HERE)


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "8.8.8.8", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "8.8.8.8, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7, 10.0.0.5", "203.0.113.7"),
        ("127.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", None, "203.0.113.7"),
    ],
)
@pytest.mark.feature("KEY-9")
def test_only_a_trusted_proxy_is_believed_about_the_address(peer: str, forwarded: str | None, counted: str) -> None:
    app = FastAPI()
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=["127.0.0.1", "10.0.0.0/8"])

    @app.get("/")
    def seen(address: ClientAddress) -> str:
        return address

    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert TestClient(app, client=(peer, 1)).get("/", headers=headers).json() == counted


@pytest.mark.feature("KEY-9")
def test_the_gateway_passes_on_one_address_that_it_believes(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def spy(request: object) -> list[tuple[str, str]]:
        headers = _forwarded(request)  # type: ignore[arg-type]
        told.append(dict(headers)["x-forwarded-for"])
        return headers

    monkeypatch.setattr("services.suite.gateway._forwarded", spy)
    app = gateway({"portal": "http://127.0.0.1:9"}, proxies=["127.0.0.1"])
    for peer in ("127.0.0.1", "203.0.113.7"):
        TestClient(app, client=(peer, 1)).get("/", headers={"X-Forwarded-For": "198.51.100.9"})
    assert told == ["198.51.100.9", "203.0.113.7"]
