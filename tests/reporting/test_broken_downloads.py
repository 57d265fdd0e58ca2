"""A reader who breaks off, stops or dawdles: the database, the consumer and everybody else go on (RPT-4)."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvicorn
from reporting.harness import MEMBERSHIP, Harness, OpenHarness

Address = tuple[str, int]
_ROWS = (
    "INSERT INTO membership (position, enrollment_id, person_id, offering_id, assignment_id, term, valid_from) "
    "SELECT n, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, now() "
    "FROM generate_series(1000000, 1060000) AS n"
)
_SECONDS = 60.0
_LEAST = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY (SELECT%%'"


@pytest.fixture
def harness(open_harness: OpenHarness, request: pytest.FixtureRequest) -> Harness:
    """60,000 rows; a reader may pause for as long as the test says, or an hour, and a probe waits half a second."""
    stall = getattr(request, "param", 3_600.0)
    one = open_harness(stream_stall=stall, stream_limit=8, probe_seconds=0.5)
    one.execute(_ROWS)
    return one


@pytest.fixture
def address(harness: Harness) -> Iterator[Address]:
    config = uvicorn.Config(harness.service.app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    thread.join(_SECONDS)
    assert not thread.is_alive()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def begun(harness: Harness, address: Address) -> socket.socket:
    """A download of which only the first part was taken."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    reader.settimeout(_SECONDS)
    reader.connect(address)
    signed = harness.http.headers["Authorization"]
    reader.sendall(f"GET {MEMBERSHIP}.csv HTTP/1.1\r\nHost: test\r\nAuthorization: {signed}\r\n\r\n".encode())
    assert reader.recv(15) == b"HTTP/1.1 200 OK"
    return reader


def copying(harness: Harness) -> list[int]:
    """The backends whose download is under way, or was left so."""
    with harness.database.connection() as conn:
        return [int(str(pid)) for (pid,) in conn.execute(f"{_LEAST} AND state <> 'idle'")]


@pytest.mark.feature("RPT-4")
def test_downloads_that_are_broken_off_leave_no_connection_in_the_database(harness: Harness, address: Address) -> None:
    for _ in range(10):
        reader = begun(harness, address)
        reader.recv(200_000)
        reader.close()
        until(lambda: not copying(harness))
    with httpx.Client(base_url=f"http://{address[0]}:{address[1]}", headers=dict(harness.http.headers)) as http:
        assert http.get(f"{MEMBERSHIP}/count").json() == {"total": 60_001}


@pytest.mark.feature("RPT-4")
@pytest.mark.parametrize("harness", [1.0], indirect=True)
def test_a_reader_who_stops_reading_is_let_go_and_sees_that_the_file_is_not_whole(
    harness: Harness, address: Address
) -> None:
    reader = begun(harness, address)
    until(lambda: not copying(harness))
    taken = b"".join(iter(lambda: reader.recv(1 << 20), b""))
    assert len(taken) > 100_000
    assert not taken.endswith(b"0\r\n\r\n")
    reader.close()


@pytest.mark.feature("RPT-4")
def test_a_download_whose_database_connection_ends_is_seen_to_be_incomplete(harness: Harness, address: Address) -> None:
    reader = begun(harness, address)
    (pid,) = copying(harness)
    harness.execute("SELECT pg_terminate_backend(%s)", pid)
    taken = b"".join(iter(lambda: reader.recv(1 << 20), b""))
    assert not taken.endswith(b"0\r\n\r\n")
    assert taken.count(b"\n") < 60_000
    reader.close()


@pytest.mark.feature("RPT-4")
def test_eight_slow_readers_stop_nobody_and_the_ninth_is_told_to_come_back(harness: Harness, address: Address) -> None:
    readers = [begun(harness, address) for _ in range(8)]
    ended = threading.Event()

    def dawdle() -> None:
        while not ended.wait(0.2):
            for reader in readers:
                reader.recv(60_000)

    slow = threading.Thread(target=dawdle)
    slow.start()
    try:
        with httpx.Client(base_url=f"http://{address[0]}:{address[1]}", headers=dict(harness.http.headers)) as http:
            ninth = http.get(f"{MEMBERSHIP}.csv")
            assert (ninth.status_code, ninth.headers["content-type"]) == (503, "application/problem+json")
            assert (ninth.json()["type"], ninth.headers["Retry-After"]) == ("urn:rollbook:problem:busy", "10")
            assert "ROLLBOOK_STREAM_LIMIT" in ninth.json()["detail"]
            course, ada = harness.course(), harness.person()
            harness.enrol(ada, offering=course, assignment=harness.assignment(course))
            harness.settle()
            assert [row["person_id"] for row in harness.rows(offering_id=course)] == [str(ada)]
            assert http.get("/api/reporting/health/ready").status_code == 200
            assert http.get("/api/reporting/metrics").status_code == 200
        assert len(copying(harness)) == 8
    finally:
        ended.set()
        slow.join()
        for reader in readers:
            reader.close()
    until(lambda: not copying(harness))


@pytest.mark.feature("RPT-4")
def test_an_export_is_read_from_the_database_in_parts_and_not_whole(harness: Harness, address: Address) -> None:
    reader = begun(harness, address)
    with harness.database.connection() as conn:
        row = conn.execute("SELECT tuples_processed FROM pg_stat_progress_copy WHERE datname = current_database()")
        (sent,) = row.fetchone() or (0,)
    assert 0 < int(str(sent)) < 60_000
    reader.close()
    assert len(harness.http.get(f"{MEMBERSHIP}.csv").text.splitlines()) == 60_002


@pytest.mark.feature("OPS-5")
def test_an_exhausted_pool_is_seen_by_readiness_and_does_not_silence_metrics(harness: Harness) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(harness.settings.database_pool):
            held.enter_context(harness.pool.connection())
        began = time.monotonic()
        ready = harness.http.get("/api/reporting/health/ready")
        metrics = harness.http.get("/api/reporting/metrics")
        assert time.monotonic() - began < 20
        assert (ready.status_code, ready.json()["reason"]) == (503, "PoolTimeout")
        assert metrics.status_code == 200
        assert 'rollbook_pool{service="reporting",what="free"} 0' in metrics.text
        assert "rollbook_store_position" not in metrics.text
    assert harness.http.get("/api/reporting/health/ready").status_code == 200
    assert "rollbook_store_position" in harness.http.get("/api/reporting/metrics").text
