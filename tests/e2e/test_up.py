"""`rollbook up` as an operator knows it: idempotent, ends in order, keeps its data."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from folders import new_folder
from running import REPOSITORY, Running

from services.cli.demo import ADMINISTRATOR
from shared.embedded import EmbeddedPostgres


@pytest.fixture
def data() -> Iterator[Path]:
    with new_folder("rollbook-up-") as folder:
        yield folder


@pytest.mark.feature("OPS-1")
def test_a_second_start_finds_the_data_and_ctrl_c_ends_cleanly(data: Path) -> None:
    with Running(data, size=60) as suite:
        suite.sign_in(ADMINISTRATOR.user_name, ADMINISTRATOR.password)
        people = len(suite.every("/api/directory/people"))
        offerings = len(suite.every("/api/catalog/offerings"))
        assert people >= 60
        assert offerings == 12
        assert suite.stop() == 0
        assert not (data / "postgres" / "postmaster.pid").exists()
        suite.start()
        suite.sign_in(ADMINISTRATOR.user_name, ADMINISTRATOR.password)
        assert len(suite.every("/api/directory/people")) == people
        assert len(suite.every("/api/catalog/offerings")) == offerings
        page = suite.http.get("/sign-in").text
        assert "A demo on this machine" in page
        assert ADMINISTRATOR.user_name in page


def test_sigterm_ends_it_as_ctrl_c_does(data: Path) -> None:
    with Running(data, size=0) as suite:
        assert suite.process is not None
        suite.process.terminate()
        assert suite.process.wait(60) == 0
        assert not (data / "postgres" / "postmaster.pid").exists()


def test_a_taken_port_is_said_with_the_way_out(data: Path) -> None:
    with Running(data, size=0) as suite:
        second = subprocess.run(
            [sys.executable, "-m", "services.cli", "up", "--port", str(suite.port), "--data", str(data / "other")],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 2
        assert f"--port {suite.port + 1}" in second.stdout.replace("\n", " ")


def test_ctrl_c_ends_it_although_eight_downloads_are_open(data: Path) -> None:
    with Running(data, size=0) as suite:
        suite.sign_in(ADMINISTRATOR.user_name, ADMINISTRATOR.password)
        with psycopg.connect(EmbeddedPostgres(data).conninfo("rollbook_reporting")) as conn:
            conn.execute(
                "INSERT INTO membership "
                "(position, enrollment_id, person_id, offering_id, assignment_id, term, valid_from) "
                "SELECT n, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, now() "
                "FROM generate_series(1000000, 1060000) AS n"
            )
        with ExitStack() as downloads:
            for _ in range(8):
                download = downloads.enter_context(suite.http.stream("GET", "/api/reporting/membership.csv"))
                assert download.status_code == 200
                assert len(next(download.iter_raw(1000))) == 1000
            assert suite.http.get("/api/reporting/health/ready").status_code == 200
            assert suite.stop() == 0
        assert not (data / "postgres" / "postmaster.pid").exists()
