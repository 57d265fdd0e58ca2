"""The embedded PostgreSQL: idempotent, adopts what a killed parent left, and says what is wrong (OPS-1)."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from folders import new_folder

from shared.embedded import CannotStart, EmbeddedPostgres


@pytest.fixture
def folder() -> Iterator[Path]:
    with new_folder("rollbook-embedded-") as made:
        yield made
        EmbeddedPostgres(made).stop()


def answer(server: EmbeddedPostgres) -> object:
    with psycopg.connect(server.conninfo("kept")) as conn:
        row = conn.execute("SELECT sum(n) FROM numbers").fetchone()
    return row and row[0]


def filled(folder: Path) -> EmbeddedPostgres:
    server = EmbeddedPostgres(folder)
    server.start()
    with psycopg.connect(server.create_database("kept"), autocommit=True) as conn:
        conn.execute("CREATE TABLE numbers AS SELECT generate_series(1, 10) AS n")
    return server


@pytest.mark.feature("OPS-1")
def test_a_second_start_adopts_the_server_that_runs_and_creates_nothing_twice(folder: Path) -> None:
    first = filled(folder)
    second = EmbeddedPostgres(folder)
    second.start()
    assert second.pid() == first.pid()
    second.create_database("kept")
    assert answer(second) == 55


@pytest.mark.feature("OPS-1")
def test_data_survives_a_killed_postmaster_and_stopping_twice_is_harmless(folder: Path) -> None:
    server = filled(folder)
    pid = server.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while server.pid() is not None:
        time.sleep(0.05)
    server.stop()
    again = EmbeddedPostgres(folder)
    again.start()
    assert answer(again) == 55
    again.stop()
    again.stop()
    assert again.pid() is None


@pytest.mark.feature("OPS-1")
def test_a_cluster_that_was_half_made_is_made_again(folder: Path) -> None:
    half = folder / "postgres.new" / "base"
    half.mkdir(parents=True)
    (half / "rubbish").write_text("killed in the middle")
    assert answer(filled(folder)) == 55


def test_a_server_that_cannot_start_says_so_at_once_and_where_its_log_is(folder: Path) -> None:
    filled(folder).stop()
    (folder / "postgres" / "postgresql.conf").write_text("nonsense = on\n")
    started = time.monotonic()
    with pytest.raises(CannotStart, match=r"postgres\.log"):
        EmbeddedPostgres(folder).start()
    assert time.monotonic() - started < EmbeddedPostgres.START_SECONDS


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_root_is_told_when_the_server_cannot_reach_its_folder(folder: Path) -> None:
    folder.chmod(0o700)
    with pytest.raises(CannotStart, match="--data"):
        EmbeddedPostgres(folder / "inside").start()


def test_the_feed_role_may_log_in_and_nothing_else(folder: Path) -> None:
    server = filled(folder)
    with psycopg.connect(server.conninfo("kept", user="rollbook_feed")) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("SELECT * FROM numbers")
        conn.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("CREATE TABLE mine (n int)")


@pytest.mark.feature("OPS-1", "DIR-1", "DIR-9")
def test_upper_and_lower_case_of_letters_beyond_english_are_the_same_and_the_order_is_that_of_the_bytes(
    folder: Path,
) -> None:
    with psycopg.connect(filled(folder).conninfo("kept")) as conn:
        row = conn.execute("SELECT lower('ZOË ŻÓŁĆ ÅSA'), upper('éß'), 'Z' < 'a' AND 'z' < 'É'").fetchone()
    assert row == ("zoë żółć åsa", "Éß", True)
