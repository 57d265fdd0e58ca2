"""P3: what somebody who works beside a bulk job of a million waits, against the same requests without the job; and its own rate."""

import time
from uuid import uuid4

import httpx
import psycopg

from benchmarks import company, serving
from benchmarks.harness import Bench, Goal, Pair, Result, Setting, percentile, rate, result
from benchmarks.p01_bulk_assignment import assign
from services.enrollment.main import PACKAGE

ID, GOAL, SIZE, ROUNDS = "P3", Goal("<=", 3.0), 1_000_000, 1
OWN_RATE = Goal(">=", 0.50)
_PAUSE = 0.1
_IDLE_REQUESTS = 400


def run(bench: Bench) -> list[Result]:
    size = bench.size or SIZE
    template = bench.template(f"company of {size}", company.facts(size), PACKAGE)
    waits, rates = [], []
    for _ in range(bench.rounds or ROUNDS):
        with bench.database(template) as info:
            alone = rate(size, lambda info=info: assign(info))  # type: ignore[misc]
        with bench.database(template) as info, serving.enrollment(info, "api", "worker") as http:
            people = outsiders(info)
            idle = [request(http, people) for _ in range(max(1, min(_IDLE_REQUESTS, size // 10)))]
            began = time.perf_counter()
            answer = http.post("/api/enrollment/previews", json=_RULE)
            answer.raise_for_status()
            confirmed = http.post(f"/api/enrollment/previews/{answer.json()['id']}/confirm")
            confirmed.raise_for_status()
            job = (confirmed.json().get("result") or confirmed.json())["jobs"][0]
            began = time.perf_counter()
            busy: list[float] = []
            while not busy or not _finished(info, job):
                busy.append(request(http, people))
            took = time.perf_counter() - began
        waits.append(Pair(percentile(busy, 0.99) * 1000, percentile(idle, 0.99) * 1000))
        rates.append(Pair(size / took, alone))
    told: dict[str, Setting] = {"learners": size, "requests": len(busy), "pause_seconds": _PAUSE, "fsync": True}
    return [
        result(ID, "p99 of a command during the bulk job / idle", GOAL, waits, "ms", **told),
        result(f"{ID}b", "the bulk job's own rate beside them / alone", OWN_RATE, rates, "learners/s", **told),
    ]


_RULE = {
    "action": "assign",
    "offering_id": str(company.COURSE),
    "targets": [{"type": "organisation", "target_id": str(company.ORGANISATION), "include_below": True}],
}


def outsiders(info: str) -> list[str]:
    """People whom the bulk job does not concern."""
    ids = [uuid4() for _ in range(5_000)]
    with psycopg.connect(info, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO person_fact (id, revision, active, home) SELECT unnest(%s::uuid[]), 1, true, NULL", [ids]
        )
    return [str(id) for id in ids]


def request(http: httpx.Client, people: list[str]) -> float:
    """Seconds for one command: this person to this course."""
    time.sleep(_PAUSE)
    body = {"offerings": [str(company.COURSE)], "people": [people.pop()]}
    began = time.perf_counter()
    http.post("/api/enrollment/assignments", json=body, headers={"Idempotency-Key": str(uuid4())}).raise_for_status()
    return time.perf_counter() - began


def _finished(info: str, job: str) -> bool:
    with psycopg.connect(info) as conn:
        row = conn.execute("SELECT state FROM job WHERE id = %s", [job]).fetchone()
    assert row is not None
    assert row[0] != "failed"
    return bool(row[0] == "finished")
