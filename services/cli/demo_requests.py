"""Requests of the demo company: its learner asks for access to two courses, and they wait for a decision (APR-1)."""

import time

import httpx

from services.cli.client import Client

_PATIENCE = 60.0
_LOOK_SECONDS = 0.2
_NOT_YET = (404, 409, 503)
"""As long as approvals has not heard of the learner or the course, or is still starting."""
_ASKED = {
    "LEADING": "I am to lead the night shift from next month on.",
    "MEDICATION": "Our ward gives out medication since Monday.",
}
"""Reasons, by the code of the course."""


def fill(learner: Client) -> None:
    """What is missing of them; nothing where the learner has asked for something before."""
    if learner.send("GET", "/api/approvals/requests", params={"mine": "true", "limit": "1"})["items"]:
        return
    known = _known(learner)
    for code, reason in _ASKED.items():
        if code in known:
            _ask(learner, {"kind": "access", "offering_id": known[code], "reason": reason}, f"demo-request-{code}")


def _known(learner: Client) -> dict[str, str]:
    """What the learner may see, by code, as soon as enrollment has heard of the catalog."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        found = {card["code"]: card["id"] for card in learner.pages("/api/enrollment/offerings", {})}
        if found.keys() >= _ASKED.keys() or time.monotonic() > deadline:
            return found
        time.sleep(_LOOK_SECONDS)


def _ask(learner: Client, body: dict[str, str], command: str) -> httpx.Response | None:
    """The answer; None where it did not come about in time."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        answer = learner.attempt("POST", "/api/approvals/requests", json=body, headers={"Idempotency-Key": command})
        if answer.status_code not in _NOT_YET:
            return answer
        time.sleep(_LOOK_SECONDS)
    return None
