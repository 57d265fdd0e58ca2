"""Mailers that die, run beside another, or lose their database: never two e-mails, never one lost in silence."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from notifier.fake_smtp import FakeSmtpServer
from notifier.harness import Harness, doubled, eventually, running

from services.notifier.domain import Outcome
from services.notifier.mailer import Mailer, Queue, Task
from services.notifier.mailer.letters import Email
from services.notifier.mailer.queue import Done
from services.notifier.mailer.smtp import SmtpConnection
from shared.database import Connection

EVERYBODY = ("ada@example.org", "bea@example.org", "cy@example.org")


@pytest.mark.feature("NTF-4")
def test_two_mailers_at_once_send_each_email_once(harness: Harness) -> None:
    harness.newcomers(*[f"p{n}@example.org" for n in range(200)])
    harness.settle()
    with FakeSmtpServer() as server, running(harness.mailer(server), harness.mailer(server)) as raised:
        eventually(lambda: harness.states() == {"sent": 200})
    assert raised == []
    assert len(server.accepted) == 200
    assert not doubled(server.accepted)


_MAILER = """
import sys, threading
from services.notifier.main import mailer
from shared.database import Database
from shared.settings import Settings
database = Database(sys.argv[1])
mailer(database, Settings(smtp_port=int(sys.argv[2]), mail_from="rollbook@example.org")).run(threading.Event())
"""


@pytest.mark.feature("NTF-4")
def test_a_mailer_killed_before_the_answer_leaves_unknown_emails_and_the_rest_is_sent(harness: Harness) -> None:
    harness.newcomers(*[f"p{n}@example.org" for n in range(20)])
    harness.settle()
    with FakeSmtpServer() as server:
        server.hold = threading.Event()
        command = [sys.executable, "-c", _MAILER, harness.database.conninfo, str(server.port)]
        killed = subprocess.Popen(command, cwd=Path(__file__).parents[2])
        try:
            eventually(lambda: len(server.accepted) == 4)
        finally:
            os.kill(killed.pid, signal.SIGKILL)
            killed.wait()
        server.hold.set()
        harness.send(server)
    assert harness.states() == {"sent": 16, "unknown": 4}
    assert {row["reason"] for row in harness.rows(state="unknown")} == {"mailer-died"}
    assert len(server.accepted) == 20
    assert not doubled(server.accepted)


@pytest.mark.feature("NTF-4")
def test_a_second_mailer_leaves_alone_what_a_living_one_is_sending(harness: Harness) -> None:
    harness.newcomers("ada@example.org")
    harness.settle()
    with FakeSmtpServer() as server:
        server.hold = threading.Event()
        with running(harness.mailer(server)):
            eventually(lambda: len(server.accepted) == 1)
            assert Queue(harness.database).recover() == 0
            server.hold.set()
            eventually(lambda: harness.states() == {"sent": 1})


class Killed(BaseException):
    """The process ends here: nothing after it is done."""


class DiesAfterHandingOver(Mailer):
    async def deliver(self, line: SmtpConnection, letter: Email) -> Outcome:
        await super().deliver(line, letter)
        raise Killed


class LedgerAfterData(Queue):
    """The bug: that a message is being sent is written only when the mail server has it."""

    def claim(self, conn: Connection, mailer: int, wanted: int) -> list[Task]:  # noqa: ARG002
        query = "SELECT id FROM message WHERE state = 'waiting' AND ready ORDER BY due_at, id LIMIT %s"
        return self.tasks(conn, [id for (id,) in conn.execute(query, [wanted])])

    def record(self, conn: Connection, mailer: int, done: Sequence[Done]) -> None:
        query = "UPDATE message SET state = 'sending', mailer = %s WHERE id = ANY(%s)"
        conn.execute(query, [mailer, [one.task.id for one in done]])
        super().record(conn, mailer, done)


@pytest.mark.feature("NTF-4")
@pytest.mark.parametrize(("queue", "duplicates"), [(Queue, False), (LedgerAfterData, True)])
def test_the_oracle_finds_the_duplicates_of_a_ledger_written_after_data(
    harness: Harness, queue: type[Queue], duplicates: bool
) -> None:
    harness.newcomers(*EVERYBODY)
    harness.settle()
    with FakeSmtpServer() as server:
        with running(harness.mailer(server, queue(harness.database), DiesAfterHandingOver)) as raised:
            eventually(lambda: bool(raised))
        assert isinstance(raised[0], Killed)
        assert server.accepted
        harness.send(server)
    assert bool(doubled(server.accepted)) is duplicates
    assert bool(harness.states().get("unknown")) is not duplicates


@pytest.mark.feature("NTF-4")
def test_when_the_mailers_database_connections_break_each_email_is_still_sent_once(harness: Harness) -> None:
    harness.newcomers(*[f"p{n}@example.org" for n in range(60)])
    harness.settle()
    cut_off = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name IN ('rollbook', 'notifier mailer') AND pid <> pg_backend_pid()"
    )
    with FakeSmtpServer() as server, running(harness.mailer(server)) as raised:
        for reached in (1, 15, 30, 45):
            eventually(partial(lambda enough: len(server.accepted) >= enough, reached))
            with harness.database.connection() as conn:
                conn.execute(cut_off)
        eventually(lambda: harness.states() == {"sent": 60})
    assert raised == []
    assert len(server.accepted) == 60
    assert not doubled(server.accepted)


@pytest.mark.feature("NTF-4")
def test_a_turn_whose_commit_was_lost_gives_back_what_it_may_have_taken(harness: Harness) -> None:
    harness.newcomers("ada@example.org")
    harness.settle()
    queue = Queue(harness.database)
    queue.release()
    (taken,) = queue.turn(7, [], 4)
    assert queue.turn(7, [], 4, held={taken.id}) == []
    assert queue.turn(7, [], 4, held=set()) == [taken]
