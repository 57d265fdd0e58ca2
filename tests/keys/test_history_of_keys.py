"""What happened to a pool and to each key (AUD-1)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from keys.harness import Keys

TEXT = "WARD-2026-ABCD-EFGH"


def history(http: TestClient, subject: str, id: str) -> dict[str, Any]:
    answer = http.get(f"/api/keys/history/{subject}/{id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def kinds(told: dict[str, Any]) -> list[str]:
    return [entry["kind"] for entry in told["items"]]


@pytest.mark.feature("AUD-1", "KEY-10")
def test_a_key_says_who_redeemed_and_who_revoked_it_and_why_but_not_what_it_is(keys: Keys) -> None:
    key = keys.key(keys.pool(), TEXT)
    revoked = keys.http.post(f"/api/keys/keys/{key}/revoke", json={"reason": "Was on a photo"})
    assert revoked.status_code == 200, revoked.text
    told = history(keys.http, "key", key)
    assert kinds(told) == ["key-revoked", "key-added"]
    assert {fact["name"]: fact["value"] for fact in told["items"][0]["facts"]}["reason"] == "Was on a photo"
    assert told["items"][0]["actor_id"] == str(keys.manager)
    assert TEXT not in str(told)


@pytest.mark.feature("AUD-1", "SEC-2")
def test_a_pool_has_its_edits_and_exports_and_is_told_within_the_scope(keys: Keys) -> None:
    pool = keys.pool()
    keys.key(pool)
    keys.exported(pool)
    told = history(keys.http, "pool", pool)
    assert kinds(told) == ["keys-exported", "pool-described"]
    elsewhere = keys.client(keys.manager, ("auditor", keys.unit("Elsewhere")))
    keys.settle()
    assert elsewhere.get(f"/api/keys/history/pool/{pool}").status_code == 404
