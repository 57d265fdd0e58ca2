"""Random faults while people work, and the whole oracle after each (`make faults`, DESIGN 8)."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from folders import new_folder
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
        works.query("enrollment", f"SELECT pg_terminate_backend({pid})")
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
    works.execute(service, 'UPDATE high_water SET "offset" = greatest(-1, "offset" + (random() * 200)::int - 150)')
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


@pytest.fixture(scope="module")
def works(kafka: str) -> Iterator[Works]:
    del kafka  # where no broker can be had, this skips, or fails in CI
    with new_folder("rollbook-faults-") as folder:
        one = Works(folder, free_port(), free_port())
        try:
            one.start()
            yield one
        finally:
            one.stop()


@pytest.mark.feature("EVT-4", "NTF-4")
@pytest.mark.timeout(600)
def test_the_second_process_of_each_role_does_the_work_when_the_first_is_killed_for_good(works: Works) -> None:
    chance = random.Random(4)
    works.work(chance, 10)
    works.judge()
    works.look_away()
    try:
        killed = [pid for name, pid in works.pids("worker", "consumer", "relay", "mailer") if works.has_second(name)]
        assert len(killed) == 12, killed
        for pid in killed:
            send_signal(pid, signal.SIGKILL)
        works.work(chance, 15)
        works.judge()
        assert not {pid for _, pid in works.pids()}.intersection(killed)
    finally:
        works.watch()


@pytest.mark.feature("EVT-4", "NTF-4", "AUD-2")
@pytest.mark.timeout(0)
def test_after_any_fault_nothing_is_lost_and_nothing_doubled(
    works: Works, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    cycles, seed = pytestconfig.getoption("--cycles"), pytestconfig.getoption("--seed")
    works.work(random.Random(seed), 20)
    works.judge()
    for cycle in range(cycles):
        chance = random.Random(seed + cycle)
        (fault,) = chance.choices([fault for fault, _ in FAULTS], [weight for _, weight in FAULTS])
        said: list[str] = []
        injecting = threading.Thread(target=_inject, args=(works, fault, chance, said))
        injecting.start()
        works.work(random.Random(seed * 31 + cycle), 12)
        injecting.join()
        works.judge()
        with capsys.disabled():
            print(
                f"cycle {cycle + 1} of {cycles}, seed {seed + cycle}: {', '.join(said)}: the oracle holds", flush=True
            )


def _inject(works: Works, fault: Fault, chance: random.Random, said: list[str]) -> None:
    """A moment after the work has begun."""
    time.sleep(chance.uniform(0.0, 0.6))
    said.append(fault(works, chance))
