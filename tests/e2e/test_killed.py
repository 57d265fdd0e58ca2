"""The suite killed with -9 at random moments of an assignment of thousands: nothing lost, nothing twice (the issue's oracle)."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from folders import new_folder
from running import Running, until

from services.cli.demo import ADMINISTRATOR
from shared.embedded import EmbeddedPostgres

LEARNERS = 2_000
CHUNK = 4
"""People that are evaluated at once: so small that the assignment has five hundred steps to be killed in."""
FIRST_START, LONGEST = 1.5, 6.0
"""Seconds between a start and its end by -9: before its services work, while they do, or after the address answers."""
SEED = 20_261_123


@pytest.fixture
def data() -> Iterator[Path]:
    with new_folder("rollbook-kill-") as folder:
        yield folder


def sign_in(suite: Running) -> None:
    suite.sign_in(ADMINISTRATOR.user_name, ADMINISTRATOR.password)


def start_assignment(suite: Running) -> tuple[str, int]:
    """Assign the whole group, which is everybody. Returns the offering and how many learners there will be."""
    top = next(u["id"] for u in suite.every("/api/directory/units") if u["name"] == "Tidewater Group")
    offering = next(o["id"] for o in suite.every("/api/catalog/offerings") if o["code"] == "CERT-SAFETY")
    rule = {
        "action": "assign",
        "offering_id": offering,
        "targets": [{"type": "organisation", "target_id": top, "include_below": True}],
    }
    preview = until(lambda: _settled(suite, rule), 120.0)
    suite.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    return str(offering), int(preview["people"])


def _settled(suite: Running, rule: dict[str, Any]) -> Any:
    """A preview, once the enrollment service knows everybody of the demo company."""
    first = suite.post("/api/enrollment/previews", rule)
    time.sleep(1.0)
    second = suite.post("/api/enrollment/previews", rule)
    return second if first["people"] == second["people"] > LEARNERS * 0.9 else None


def query(server: EmbeddedPostgres, service: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.conninfo(f"rollbook_{service}")) as conn:
        return conn.execute(text.encode()).fetchall()


@pytest.mark.feature("ASG-22", "NTF-4", "EVT-4")
@pytest.mark.timeout(900)
def test_killed_again_and_again_every_learner_is_assigned_reported_and_mailed_once_or_listed_as_unknown(
    data: Path, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(SEED)
    with Running(data, size=LEARNERS, ROLLBOOK_EVALUATOR_CHUNK=str(CHUNK)) as suite:
        sign_in(suite)
        offering, learners = start_assignment(suite)
        server = EmbeddedPostgres(data)
        suite.size = 0
        unfinished = 0
        for _ in range(request.config.getoption("--restarts")):
            time.sleep(chance.uniform(FIRST_START, LONGEST) if unfinished else chance.uniform(0.05, 0.5))
            suite.kill()
            unfinished += bool(query(server, "enrollment", _OPEN_JOBS))
            suite.spawn()
        suite.kill()
        suite.start()
        sign_in(suite)
        assert unfinished > 2, "the assignment was over before it was killed often enough: the test shows nothing"
        until(lambda: not _mail_waiting(server), 300.0)
        until(lambda: suite.get("/api/reporting/membership/count", offering_id=offering)["total"] == learners, 60.0)

        granted = query(server, "enrollment", "SELECT person FROM learner_grant")
        assert len(granted) == len({person for (person,) in granted}) == learners
        told = query(server, "enrollment", "SELECT stream FROM events WHERE type = 'enrollment.LearnerAssigned.v1'")
        assert max(Counter(told).values()) == 1
        assert len(told) == learners
        rows = suite.every("/api/reporting/membership", offering_id=offering)
        assert Counter(row["person_id"] for row in rows).most_common(1)[0][1] == 1

        caught = Counter(query(server, "notifier", _CAUGHT))
        unknown = query(server, "notifier", _ASSIGNED.format("unknown"))
        sent = query(server, "notifier", _ASSIGNED.format("sent"))
        assert max(caught.values()) == 1
        assert len(sent) + len(unknown) == learners
        assert len(sent) <= len(caught) <= len(sent) + len(unknown)
        contiguous = query(server, "enrollment", "SELECT count(*) - max(position) FROM events")
        assert contiguous == [(0,)]


_OPEN_JOBS = "SELECT id FROM job WHERE state IN ('waiting', 'running')"
_CAUGHT = "SELECT message_id FROM caught_mail JOIN ledger USING (message_id) WHERE template = 'assigned'"
"""Approvers of the demo's requests get e-mails too."""
_ASSIGNED = (
    "SELECT m.id FROM message m JOIN ledger l ON l.message_id = m.id WHERE l.template = 'assigned' AND m.state = '{}'"
)


def _mail_waiting(server: EmbeddedPostgres) -> bool:
    jobs = query(server, "enrollment", _OPEN_JOBS)
    queued = query(server, "enrollment", "SELECT id FROM evaluation_queue WHERE open LIMIT 1")
    open_mail = query(server, "notifier", "SELECT id FROM message WHERE state IN ('waiting', 'sending') LIMIT 1")
    some = query(server, "notifier", "SELECT count(*) FROM message")
    return bool(jobs or queued or open_mail) or some == [(0,)]
