"""Training keys of the demo company: two pools, some keys sent by e-mail, all through the public interface (KEY-1, KEY-11)."""

import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx

from services.cli.client import Client

_PATIENCE = 60.0
_LOOK_SECONDS = 0.2
_NOT_YET = (404, 503)
"""As long as the keys service has not heard of the company or the course, or is still starting."""


class _Pool(NamedTuple):
    """By the external id of the organisation and the code of the course."""

    name: str
    organisation: str
    course: str
    access_days: int
    share_below: bool
    keys: int


_POOLS = (
    _Pool("Fire safety for contractors", "L-1", "FIRE-01", 30, True, 25),
    _Pool("Hygiene for visiting students", "L-2", "HYGIENE", 60, False, 10),
)


_SENT_TO = (
    "n.adeyemi@example.com",
    "j.brandt@example.com",
    "s.costa@example.com",
    "m.dubois@example.com",
    "k.eriksen@example.com",
)
"""Contractors, who get a key of the first pool each."""


def fill(client: Client) -> None:
    """What is missing of them; nothing where there is no demo company."""
    if not client.send("GET", "/api/keys/pools", params={"limit": "1"})["items"]:
        _make_pools(client)
    _send_keys(client)


def _send_keys(client: Client) -> None:
    """As soon as there are keys to be sent; once."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        found = client.send("GET", "/api/keys/pools", params={"q": _POOLS[0].name})["items"]
        if not found or found[0]["keys"]["sent"] or found[0]["keys"]["redeemed"] or time.monotonic() > deadline:
            return
        if found[0]["keys"]["free"] >= len(_SENT_TO):
            break
        time.sleep(_LOOK_SECONDS)
    body = {"recipients": {"addresses": list(_SENT_TO)}}
    client.attempt("POST", f"/api/keys/pools/{found[0]['id']}/mailings", json=body, headers=_key("demo sent keys"))


def _make_pools(client: Client) -> None:
    units = {u["external_id"]: u["id"] for u in client.pages("/api/directory/units", {"kind": "organisation"})}
    courses = {o["code"]: o["id"] for o in client.pages("/api/catalog/offerings", {})}
    now = datetime.now(UTC)
    for number, pool in enumerate(_POOLS, 1):
        if pool.organisation not in units or pool.course not in courses:
            continue
        body = {
            "name": pool.name,
            "organisation_id": units[pool.organisation],
            "offering_id": courses[pool.course],
            "access_days": pool.access_days,
            "share_below": pool.share_below,
            "starts": now.isoformat(),
            "expires": (now + timedelta(days=365)).isoformat(),
        }
        made = _until_known(client, f"demo pool {number}", body)
        if made is None:
            return
        address = f"/api/keys/pools/{made.json()['result']['pool_id']}/keys"
        client.attempt("POST", address, json={"generate": pool.keys}, headers=_key(f"demo keys {number}"))


def _until_known(client: Client, command: str, body: dict[str, object]) -> httpx.Response | None:
    """The answer to the pool's creation; None where it did not come about."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        answer = client.attempt("POST", "/api/keys/pools", json=body, headers=_key(command))
        if answer.status_code not in _NOT_YET:
            return answer if answer.is_success else None
        time.sleep(_LOOK_SECONDS)
    return None


def _key(command: str) -> dict[str, str]:
    return {"Idempotency-Key": command.replace(" ", "-")}
