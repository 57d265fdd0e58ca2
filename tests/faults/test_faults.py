"""Random faults while people work, and the whole oracle after each (`make faults`, DESIGN 8); then seeded bugs, each found."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from callers import Red
from folders import new_folder
from oracle import Oracle
from work import Work
from works import SESSION, Works, send_signal, stop_for

from shared.ports import free_port

Fault = Callable[[Works, random.Random], str]


def kill_one(works: Works, chance: random.Random) -> str:
    name, pid = chance.choice(works.pids())
    send_signal(pid, signal.SIGKILL)
    return f"kill -9 {name}"


def kill_role(works: Works, chance: random.Random) -> str:
    """All processes of one role at once."""
    role = chance.choice(["api", "worker", "consumer", "relay", "mailer"])
    for _, pid in works.pids(role):
        send_signal(pid, signal.SIGKILL)
    return f"kill -9 every {role}"


def stop_one(works: Works, chance: random.Random) -> str:
    """It comes back when its partitions, or its relay, have long been another's."""
    name, pid = chance.choice(works.pids("consumer", "relay", "worker", "mailer"))
    stop_for(pid, SESSION * 1.5)
    return f"SIGSTOP {name}"


def kill_backend(works: Works, chance: random.Random) -> str:
    """The server restarts all of its processes when one was killed so."""
    send_signal(chance.choice(works.backends()), signal.SIGKILL)
    return "kill -9 a postgres backend"


def terminate_backends(works: Works, chance: random.Random) -> str:
    for pid in chance.sample(backends := works.backends(), min(5, len(backends))):
        works.query("enrollment", "SELECT pg_terminate_backend(%s)", [pid])
    return "five connections ended by the database"


def kill_postmaster(works: Works, chance: random.Random) -> str:
    del chance
    pid = works.processes.postgres.pid()
    if pid:
        send_signal(pid, signal.SIGKILL)
    return "kill -9 the postmaster"


def kill_broker(works: Works, chance: random.Random) -> str:
    del chance
    works.processes.kafka.kill()
    return "kill -9 the broker"


def send_again(works: Works, chance: random.Random) -> str:
    """A relay's cursor as it was before: what follows is published a second time."""
    source, service = chance.choice([("enrollment", "enrollment"), ("directory", "directory")])
    works.set_relay_back(service, source, chance.random())
    return f"{source} is published again from an earlier position"


def wrong_offsets(works: Works, chance: random.Random) -> str:
    service = chance.choice(["reporting", "notifier", "enrollment", "directory"])
    works.query(service, 'UPDATE high_water SET "offset" = greatest(-1, "offset" + (random() * 200)::int - 150)')
    for name, pid in works.pids("consumer"):
        if name.startswith(service):
            send_signal(pid, signal.SIGKILL)
    return f"wrong offsets in {service}, its consumers killed"


def garbage(works: Works, chance: random.Random) -> str:
    works.send_garbage(chance.choice(["enrollment", "directory", "catalog"]), chance)
    return "messages on a topic that no relay has written"


FAULTS: list[tuple[Fault, int]] = [
    (kill_one, 6),
    (kill_role, 3),
    (stop_one, 3),
    (terminate_backends, 2),
    (kill_backend, 1),
    (kill_postmaster, 1),
    (kill_broker, 2),
    (send_again, 2),
    (wrong_offsets, 1),
    (garbage, 1),
]


class Run(NamedTuple):
    """The suite, those who work with it, and the oracle."""

    works: Works
    work: Work
    oracle: Oracle

    def cycle(self, seed: int, fault: Fault) -> str:
        """A round of work, the fault at some moment of it, and the oracle afterwards. Returns what the fault was."""
        chance = random.Random(seed)
        with ThreadPoolExecutor(1) as pool:
            injecting = pool.submit(_inject, self.works, fault, chance)
            self.work.round(seed)
            said = injecting.result()
        worked = time.monotonic()
        self.oracle.judge()
        return f"{said}: the oracle holds after {time.monotonic() - worked:.1f} s"


def _inject(works: Works, fault: Fault, chance: random.Random) -> str:
    """A moment after the work has begun."""
    time.sleep(chance.uniform(0.0, 1.0))
    return fault(works, chance)


@contextmanager
def running(quiet: float = 120.0) -> Iterator[Run]:
    """The suite on an empty folder, with two rounds of work done and found right."""
    with new_folder("rollbook-faults-") as folder:
        works = Works(folder, free_port(), free_port())
        try:
            works.start()
            work = Work(works)
            run = Run(works, work, Oracle(works, work.record, quiet))
            for seed in (1, 2):
                work.round(seed)
            run.oracle.judge()
            yield run
            work.close()
        finally:
            works.stop()


@pytest.fixture(scope="module")
def run(kafka: str) -> Iterator[Run]:
    del kafka  # where no broker can be had, this skips, or fails in CI
    with running() as one:
        yield one


@pytest.mark.feature("EVT-4", "NTF-4")
@pytest.mark.timeout(600)
def test_the_second_process_of_each_role_does_the_work_when_the_first_is_killed_for_good(run: Run) -> None:
    works = run.works
    works.look_away()
    try:
        killed = [pid for name, pid in works.pids("worker", "consumer", "relay", "mailer") if works.has_second(name)]
        assert len(killed) == 12, killed
        for pid in killed:
            send_signal(pid, signal.SIGKILL)
        run.work.round(4)
        run.oracle.judge()
        assert not {pid for _, pid in works.pids()}.intersection(killed)
    finally:
        works.watch()


@pytest.mark.feature("EVT-4", "NTF-4", "AUD-2")
@pytest.mark.timeout(0)
def test_after_any_fault_nothing_is_lost_and_nothing_doubled(
    run: Run, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    cycles, seed = pytestconfig.getoption("--cycles"), pytestconfig.getoption("--seed")
    for cycle in range(cycles):
        began = time.monotonic()
        chance = random.Random(f"{seed + cycle}/fault")
        (fault,) = chance.choices([fault for fault, _ in FAULTS], [weight for _, weight in FAULTS])
        with capsys.disabled():
            print(f"cycle {cycle + 1} of {cycles}, seed {seed + cycle}: ", end="", flush=True)
            said = run.cycle(seed + cycle, fault)
            print(f"{said}; {time.monotonic() - began:.1f} s in all", flush=True)
    with capsys.disabled():
        _tell(run)


def _tell(run: Run) -> None:
    print("compared:", dict(run.oracle.compared))
    for service, history in run.oracle.histories.items():
        print(service, dict(history.types))
    print("acknowledged:", len(run.work.record.acknowledged), "refused:", len(run.work.record.refused))
