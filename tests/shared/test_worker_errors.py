"""A worker that raises the same error again and again is seen: by probes, metrics, the doctor and the pages (OPS-4)."""

import threading
from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient
from issuer import Issuer

from services.cli import doctor
from services.portal.client.asking import Services
from services.portal.client.suite import running
from services.reporting.main import build
from services.suite.running import _probes
from shared import telemetry
from shared.database import Connection, Database
from shared.errors import Corrupt
from shared.feeds.postgres import PostgresFeeds
from shared.service import Service
from shared.settings import Settings
from shared.store import Store
from shared.worker_errors import WorkerErrors

pytestmark = pytest.mark.feature("OPS-4", "OPS-5")


class Broken:
    name = "a worker"

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.runs = 0

    def run(self, stop: threading.Event) -> None:
        self.runs += 1
        if not self.errors:
            stop.set()
            return
        raise self.errors.pop(0)


@pytest.fixture
def service(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Service]:
    source = Store(database())
    settings = Settings(database_url=database("services.reporting").conninfo)
    feeds = PostgresFeeds(lambda _: feed_conninfo(source.database))
    one = build(settings, feeds=feeds, verifier=Issuer().verifier)
    yield one
    one.close()


def long_ago(service: Service) -> None:
    """What was raised so far began two minutes ago, and has gone on since."""
    errors = service.errors
    assert errors
    errors._seen = {worker: seen._replace(since=seen.since - 120) for worker, seen in errors._seen.items()}
    with errors._database.connection() as conn:
        assert conn.execute("UPDATE worker_error SET since = since - interval '2 minutes'").rowcount == 1


def run(service: Service, *errors: Exception) -> None:
    service.work = {"worker": [Broken(*errors)]}
    service._stop = threading.Event()
    service.start(["worker"])
    for thread in service._threads:
        thread.join(20)
    service._threads = []


def ready(service: Service) -> tuple[int, str, list[dict[str, object]]]:
    answer = TestClient(service.app).get("/api/reporting/health/ready")
    return answer.status_code, answer.json()["status"], answer.json().get("failing", [])


def test_an_error_that_lasts_a_minute_is_told_everywhere_with_what_ends_it(service: Service) -> None:
    run(service, IndexError("personal data"), IndexError("personal data"))
    assert ready(service) == (200, "ready", [])
    long_ago(service)
    status, standing, (one,) = ready(service)
    assert (status, standing, one["worker"]) == (200, "degraded", "a worker")
    assert one["error"] == "IndexError in shared.service._keep_running"  # where, and not what it says
    assert "rollbook letters list" in str(one["fix"])
    probe = TestClient(_probes(service)).get("/health/ready")
    assert (probe.status_code, probe.json()["failing"][0]["worker"]) == (503, "a worker")

    http = TestClient(service.app)
    metric = next(
        line for line in http.get("/api/reporting/metrics").text.splitlines() if "worker_failing_seconds{" in line
    )
    assert metric.startswith('rollbook_worker_failing_seconds{worker="a worker",error="IndexError in')
    with pytest.raises(RuntimeError, match=r"a worker has been failing with IndexError in [a-z._]+ for 12\d s"):
        doctor._failing(http)
    shown = next(one for one in running(Services(http).asking(None)) if one.name == "reporting")
    assert (shown.ready, "a worker keeps failing" in shown.failing[0]) == (True, True)


def test_another_error_begins_anew_and_one_that_stopped_is_over(service: Service) -> None:
    run(service, IndexError())
    long_ago(service)
    run(service, KeyError())
    assert ready(service) == (200, "ready", [])
    long_ago(service)
    assert len(ready(service)[2]) == 1
    with service.errors._database.connection() as conn:  # type: ignore[union-attr]
        conn.execute(
            "UPDATE worker_error SET since = since - interval '5 minutes', last_at = last_at - interval '5 minutes'"
        )
    assert ready(service) == (200, "ready", [])


def test_what_must_never_happen_is_told_in_its_own_words(service: Service) -> None:
    run(service, Corrupt("positions 3 to 4 are missing"))
    long_ago(service)
    (one,) = ready(service)[2]
    assert one["error"] == "Corrupt: positions 3 to 4 are missing"


def test_a_database_that_is_down_is_remembered_by_the_process_alone(database: Callable[..., Database]) -> None:
    gone = Database(database().conninfo.replace("dbname=", "dbname=no_"), max_size=1)
    gone._pool.timeout = 0.1
    errors = WorkerErrors(gone)
    errors.record("relay", psycopg.OperationalError(str(uuid4())))
    errors._seen = {worker: seen._replace(since=seen.since - 120) for worker, seen in errors._seen.items()}
    assert [one.worker for one in errors.here()] == ["relay"]
    gone.close()


@pytest.mark.feature("OPS-5", "DIR-12")
def test_a_log_does_not_repeat_what_the_database_says_of_values(
    database: Callable[..., Database], capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry.configure()
    with database().connection() as conn:
        try:
            _read_a_day(conn, "Zoë Example")
        except LookupError:
            telemetry.logger(__name__).exception("crashed")
    said = capsys.readouterr().err
    assert "syntax for type" not in said
    assert ("SQLSTATE 22007" in said, "LookupError: no day" in said) == (True, True)


def _read_a_day(conn: Connection, text: str) -> None:
    try:
        conn.execute("SELECT %s::date", [text])
    except psycopg.Error as error:
        raise LookupError("no day") from error
