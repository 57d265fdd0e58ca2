"""Strangers get one answer for every key that does not do, in the same time, and may not try too often (KEY-9)."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from keys.gate import ADA, TEXT, Gate
from keys.harness import NOW, problem

from services.keys.application.registrations import Applicant, BadKey, Registrations
from shared.events import SYSTEM
from shared.store import CommandContext

Bad = Mapping[str, dict[str, str]]


@pytest.fixture
def bad(gate: Gate) -> Bad:
    """What is sent, for every way in which a key does not do. `TEXT` does, in `head` and below."""
    return bad_keys(gate)


def bad_keys(gate: Gate) -> Bad:
    day = timedelta(days=1)
    closed = gate.unit("Closed")
    foreign = gate.unit("Foreign")
    gate.settle()
    gate.profile(foreign, anonymous_registration=True, key_field=True)
    gate.key(gate.pool(share_below=True))
    gate.key(gate.pool(), "HEAD-ONLY-2026-01")
    used = gate.pool()
    gate.key(used, "USED-KEY-2026-0001")
    revoked = gate.key(used, "REVOKED-2026-0001")
    gate.http.post(f"/api/keys/keys/{revoked}/revoke", json={})
    gate.key(gate.pool(starts=NOW + day), "EARLY-KEY-2026-01")
    gate.key(gate.pool(starts=NOW - 2 * day, expires=NOW - day), "LATE-KEY-2026-001")
    administrator = gate.client(gate.manager, ("site-administrator", None))
    body = gate.new_pool(organisation_id=str(closed))
    pool = administrator.post("/api/keys/pools", json=body).json()["result"]["pool_id"]
    administrator.post(f"/api/keys/pools/{pool}/keys", json={"key": "CLOSED-2026-00001"})
    assert gate.register("USED-KEY-2026-0001", email="first@example.org").status_code == 202
    gate.admit(gate.asked()[0])
    return {
        "wrong": {"key": "NOBODY-HAS-THIS-KEY"},
        "malformed": {"key": "??"},
        "empty": {"key": ""},
        "used": {"key": "USED-KEY-2026-0001"},
        "revoked": {"key": "REVOKED-2026-0001"},
        "early": {"key": "EARLY-KEY-2026-01"},
        "expired": {"key": "LATE-KEY-2026-001"},
        "closed organisation": {"key": "CLOSED-2026-00001"},
        "foreign organisation": {"key": TEXT, "organisation": "Foreign"},
        "unknown organisation": {"key": TEXT, "organisation": "Nowhere"},
        "pool not shared": {"key": "HEAD-ONLY-2026-01", "organisation": "Branch"},
        "wrong, of an organisation": {"key": "NOBODY-HAS-THIS-KEY", "organisation": "Head office"},
    }


@pytest.mark.feature("KEY-9")
def test_every_bad_key_has_the_same_answer_to_the_byte(gate: Gate, bad: Bad) -> None:
    before = len(gate.events())
    answers = {
        why: gate.stranger(f"203.0.113.{n}").post("/api/keys/registrations", json={**ADA, **sent})
        for n, (why, sent) in enumerate(bad.items())
    }
    assert {answer.status_code for answer in answers.values()} == {404}
    assert {answer.content for answer in answers.values()} == {answers["wrong"].content}
    varying = {"x-correlation-id", "traceparent"}
    headers = [sorted((k, v) for k, v in a.headers.items() if k not in varying) for a in answers.values()]
    assert all(one == headers[0] for one in headers)
    assert len(gate.events()) == before
    assert gate.register(organisation="Branch").status_code == 202, "what is right is taken"


@pytest.mark.feature("KEY-9")
def test_every_bad_key_asks_the_database_the_same(gate: Gate, bad: Bad, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.restart(attempts_per_account_at_address=1000)
    gate.register("THE-FIRST-ATTEMPT")  # fetches what addresses are hashed with
    execute, asked = psycopg.Cursor.execute, []

    def noted(self: Any, query: Any, *values: Any, **more: Any) -> Any:
        asked.append(str(query))
        return execute(self, query, *values, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    of_each = {}
    for why, sent in bad.items():
        asked.clear()
        assert gate.stranger().post("/api/keys/registrations", json={**ADA, **sent}).status_code == 404
        of_each[why] = [query for query in asked if query]
    assert any("key_secret" in query for query in of_each["wrong"])
    for why, queries in of_each.items():  # one more counts attempts at the organisation that the stranger named
        assert queries == of_each["wrong, of an organisation" if "organisation" in bad[why] else "wrong"], why


ROUNDS = 40


def entered(registrations: Registrations, sent: dict[str, str]) -> None:
    """The work for a bad key, without the least time that its answer takes."""
    key = sent["key"]
    asked = Applicant.model_validate({**ADA, **sent})
    with pytest.raises(BadKey):
        registrations._register(CommandContext(SYSTEM), key, asked, sent.get("organisation"))


def spread(gate: Gate, bad: Bad) -> float:
    """How much longer the slowest kind of bad key takes than the fastest, as a share: of interleaved tries the best of each, which
    what else runs on the machine disturbs least."""
    times: dict[str, list[float]] = {why: [] for why in bad}
    for _ in range(ROUNDS):
        for why, sent in bad.items():
            began = time.perf_counter()
            entered(gate.registrations, sent)
            times[why].append(time.perf_counter() - began)
    best = [min(some) for some in times.values()]
    return max(best) / min(best) - 1


@pytest.mark.feature("KEY-9")
def test_every_bad_key_is_the_same_work_and_an_early_return_is_noticed(
    gate: Gate, bad: Bad, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert any(spread(gate, bad) < 0.35 for _ in range(8))
    whole = Registrations._hold

    def early(self: Registrations, digests: Any, text: str, organisation: str | None, batch: Any) -> Any:
        if len(text) < 8:
            raise BadKey
        return whole(self, digests, text, organisation, batch)

    monkeypatch.setattr(Registrations, "_hold", early)
    assert min(spread(gate, bad) for _ in range(3)) > 0.35, "this measurement would not notice one"


@pytest.mark.feature("KEY-9")
def test_the_answer_to_every_bad_key_takes_the_same_time(gate: Gate, bad: Bad) -> None:
    least = 0.3
    gate.restart(registration_refusal_seconds=least, attempts_per_account_at_address=1000)
    for sent in bad.values():
        client = gate.stranger()
        began = time.perf_counter()
        assert client.post("/api/keys/registrations", json={**ADA, **sent}).status_code == 404
        took = time.perf_counter() - began
        assert took >= least, "an answer that comes before its time tells something"


@pytest.mark.feature("KEY-9", "KEY-7")
def test_attempts_are_limited_and_who_has_a_right_key_elsewhere_is_not_locked_out(gate: Gate) -> None:
    gate.restart(attempts_window=90_000)
    gate.key(gate.pool())
    guesses = [gate.register(f"GUESS-2026-{n:08}") for n in range(14)]
    assert [answer.status_code for answer in guesses] == [404] * 10 + [429] * 4
    assert problem(guesses[-1]) == "too-many-attempts"
    assert int(guesses[-1].headers["Retry-After"]) > 0
    assert gate.register().status_code == 429, "here not even a right one is tried"
    assert gate.register(address="198.51.100.9").status_code == 202


@pytest.mark.feature("KEY-9")
@pytest.mark.parametrize("limit", ["attempts_per_address", "attempts_per_account", "attempts_per_organisation"])
def test_each_limit_counts_what_is_bad_and_holds_for_all_processes(gate: Gate, limit: str) -> None:
    gate.restart(attempts_window=90_000, **{limit: 3})
    gate.key(gate.pool())
    told = {
        "attempts_per_address": lambda n: {"email": f"ada{n}@example.org"},
        "attempts_per_account": lambda n: {"address": f"203.0.113.{n}"},
        "attempts_per_organisation": lambda n: {
            "address": f"203.0.113.{n}",
            "email": f"ada{n}@example.org",
            "organisation": "Head office",
        },
    }[limit]
    statuses = [gate.register("GUESS-2026-0000", **told(n)).status_code for n in range(2)]
    gate.restart(attempts_window=90_000, **{limit: 3})
    statuses += [gate.register("GUESS-2026-0000", **told(n)).status_code for n in range(2, 5)]
    assert statuses == [404, 404, 404, 429, 429]
    elsewhere = gate.register(address="198.51.100.9", email="elsewhere@example.org")
    assert elsewhere.status_code == 202


@pytest.mark.feature("KEY-8", "KEY-9")
def test_one_key_does_not_tell_which_of_many_addresses_are_known(gate: Gate) -> None:
    """Each that is known is a failed attempt; what is no guess, such as a short password, is none."""
    gate.restart(attempts_window=90_000, attempts_per_address=3)
    key = gate.key(gate.pool())
    emails = [f"known{n}@example.org" for n in range(4)]
    for email in emails:
        body = {"first_name": "Bo", "last_name": "Berg", "email": email}
        assert gate.administrator.post("/api/directory/people", json=body).status_code == 201
    assert [gate.register(email=f"new{n}@example.org", password="short").status_code for n in range(5)] == [422] * 5
    assert [gate.register(email=email).status_code for email in emails] == [409, 409, 409, 429]
    assert gate.state(key) == "free"
