"""`rollbook doctor`: looks at what the suite needs, and says how to mend what is not well (OPS-4)."""

import re
import smtplib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

import httpx

from shared.settings import Settings
from shared.suite import SERVICES

CLOCK_SECONDS = 5.0
LAG_SECONDS = 10.0

_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `fix` says what to do when it is not well."""

    what: str
    well: bool
    said: str
    fix: str = ""


def examine(settings: Settings, http: httpx.Client) -> Iterator[Finding]:
    """Look at everything that can be seen from outside."""
    for service in SERVICES:
        yield _look(
            f"service {service}", partial(_ready, http, service), "Start it: rollbook up. See its log for details."
        )
    yield _look("clock", lambda: _clock(http), "Synchronize the clocks of both machines (NTP).")
    yield _look(
        "mail server",
        lambda: _mail(settings),
        "Set ROLLBOOK_SMTP_HOST and ROLLBOOK_SMTP_PORT, or start the mail server.",
    )
    yield _look("dead letters", lambda: _letters(http), "Run: rollbook letters list; then show, retry or drop.")
    yield _look("workers", lambda: _failing(http), "Follow the advice above; then run: rollbook letters list")
    yield _look("consumers", lambda: _lag(http), "Check for parked events, and for 'a worker stopped' in the log.")


def _look(what: str, at: Callable[[], str], fix: str) -> Finding:
    try:
        return Finding(what, True, at())
    except (httpx.HTTPError, OSError, RuntimeError, ValueError, TypeError) as error:
        return Finding(what, False, str(error) or type(error).__name__, fix)


def _ready(http: httpx.Client, service: str) -> str:
    answer = http.get(f"/api/{service}/health/ready")
    if answer.status_code != 200:
        raise RuntimeError(f"not ready: {answer.json().get('reason', answer.status_code)}")
    return "ready"


def _clock(http: httpx.Client) -> str:
    answer = http.get("/api/catalog/health/live")
    theirs = parsedate_to_datetime(answer.headers["Date"])
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart > CLOCK_SECONDS:
        raise RuntimeError(f"{apart:.0f} seconds apart")
    return f"{apart:.0f} seconds apart"


def _mail(settings: Settings) -> str:
    with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=5) as server:
        code, _ = server.noop()
    return f"answers {code}"


def _lag(http: httpx.Client) -> str:
    """How far each consumer is behind its source; one that does not catch up in time is stuck."""
    deadline = time.monotonic() + LAG_SECONDS
    while True:
        behind = _behind(http)
        if not behind:
            return "all caught up"
        if time.monotonic() > deadline:
            raise RuntimeError("behind: " + ", ".join(f"{name} by {events}" for name, events in sorted(behind.items())))
        time.sleep(0.5)


def _behind(http: httpx.Client) -> dict[str, int]:
    """Consumers and relays, by name, with the number of events that they lack. Profiles have no store to compare with."""
    store = {one["source"]: value for one, value in _gauge(http, "rollbook_store_position")}
    found = {}
    for told, value in _gauge(http, "rollbook_applied_position"):
        if store.get(told["source"], 0) > value:
            found[f"{told['consumer']} <- {told['source']}"] = store[told["source"]] - value
    for told, value in _gauge(http, "rollbook_published_position"):
        if store.get(told["source"], 0) > value:
            found[f"relay {told['source']}"] = store[told["source"]] - value
    return found


def _letters(http: httpx.Client) -> str:
    waiting = {told["source"]: keys for told, keys in _gauge(http, "rollbook_parked_keys") if keys}
    aside = {told["worker"]: many for told, many in _gauge(http, "rollbook_set_aside") if many}
    if waiting or aside:
        told = [f"{keys} from {source}" for source, keys in waiting.items()]
        told += [f"{many} set aside by {worker}" for worker, many in aside.items()]
        raise RuntimeError("these need attention: " + ", ".join(told))
    return "none"


def _failing(http: httpx.Client) -> str:
    """Workers that have raised the same error for a minute."""
    found = []
    for service in SERVICES:
        for one in http.get(f"/api/{service}/health/ready").json().get("failing", []):
            found.append(
                f"{one['worker']} has been failing with {one['error']} for {one['seconds']:.0f} s. {one['fix']}"
            )
    if found:
        raise RuntimeError(" ".join(found))
    return "no worker has been failing for a minute or more"


def _gauge(http: httpx.Client, name: str) -> Iterator[tuple[dict[str, str], int]]:
    for service in SERVICES:
        for line in http.get(f"/api/{service}/metrics").text.splitlines():
            if line.startswith(f"{name}{{"):
                labels, _, value = line.rpartition(" ")
                yield dict(_LABEL.findall(labels)), int(float(value))
