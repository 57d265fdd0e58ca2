"""The embedded Kafka: keeps what it acknowledged and its address, is adopted, and says what is wrong."""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from folders import new_folder

from shared.embedded import CannotStart
from shared.embedded_kafka import EmbeddedKafka, KafkaPrograms

Script = Callable[[str, str], None]


@pytest.fixture(scope="module")
def folder(broker: EmbeddedKafka | None) -> Iterator[Path]:
    """Of a broker beside that of the whole run, which has shown that Kafka can run here."""
    if broker is None:
        pytest.skip("KAFKA_BOOTSTRAP_SERVERS is set: the embedded broker is not used here")
    with new_folder("rollbook-kafka-") as made:
        yield made
        EmbeddedKafka(made).stop()


@pytest.fixture
def server(folder: Path) -> EmbeddedKafka:
    """One that runs, and that the test may kill."""
    made = EmbeddedKafka(folder)
    made.start()
    return made


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """`script("java", "exit 1")`: the machine has this program, and no other one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    def write(name: str, text: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)

    return write


def java_17(script: Script) -> None:
    script("java", """echo 'openjdk version "17.0.9" 2023-10-17' >&2; exit 1""")


async def write(bootstrap: str, topic: str, value: bytes) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    await producer.send_and_wait(topic, value)
    await producer.stop()


async def read(bootstrap: str, topic: str) -> object:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return (await asyncio.wait_for(consumer.getone(), 60)).value
    finally:
        await consumer.stop()


@pytest.mark.feature("EVT-4")
def test_what_it_acknowledged_is_there_at_the_same_address_after_a_kill(server: EmbeddedKafka) -> None:
    address, pid = server.bootstrap, server.pid()
    asyncio.run(write(address, "kept", b"acknowledged"))
    server.kill()
    assert server.pid() is None
    again = EmbeddedKafka(server.data)
    again.start()
    assert again.bootstrap == address
    assert again.pid() != pid
    assert asyncio.run(read(address, "kept")) == b"acknowledged"


def test_a_second_start_adopts_the_broker_that_runs_and_either_may_stop_it(server: EmbeddedKafka) -> None:
    second = EmbeddedKafka(server.data)
    second.start()
    assert server.pid() is not None
    assert second.pid() == server.pid()
    second.stop()
    assert server.pid() is None
    server.stop()


def test_it_listens_on_loopback_only_and_no_terminal_reaches_it(server: EmbeddedKafka) -> None:
    ports = (server.data / "ports").read_text().split()
    assert len(ports) == 2
    for port in ports:
        socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", int(port)), timeout=5)
    pid = server.pid()
    assert pid is not None
    assert os.getsid(pid) == pid


def test_kafkas_own_programs_run_with_the_same_jars(server: EmbeddedKafka) -> None:
    asyncio.run(write(server.bootstrap, "shown", b"read by Java"))
    tool = server.command("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", server.bootstrap)
    options = ["--topic", "shown", "--from-beginning", "--max-messages", "1"]
    assert subprocess.run([*tool, *options], check=True, capture_output=True, text=True).stdout == "read by Java\n"


def test_a_broker_that_cannot_start_says_so_at_once_with_its_own_words(server: EmbeddedKafka) -> None:
    server.stop()
    identity = server.data / "log" / "meta.properties"
    right = identity.read_text()
    identity.write_text(right.replace("node.id=1", "node.id=7"))
    started = time.monotonic()
    with pytest.raises(CannotStart, match=r"kafka\.log.*node.id"):
        server.start()
    identity.write_text(right)
    assert time.monotonic() - started < EmbeddedKafka.START_SECONDS


def test_a_port_that_another_program_took_is_named(server: EmbeddedKafka) -> None:
    server.stop()
    port = int(server.bootstrap.split(":")[1])
    with socket.create_server(("127.0.0.1", port)), pytest.raises(CannotStart, match=f"Port {port}, .*delete"):
        server.start()


@pytest.mark.usefixtures("script")
def test_without_java_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"No Java was found.*17.*KAFKA_BOOTSTRAP_SERVERS"):
        EmbeddedKafka(tmp_path / "data", cache=tmp_path / "jars").start()


def test_a_java_that_is_too_old_is_named(tmp_path: Path, script: Script) -> None:
    script("java", """echo 'openjdk version "11.0.20" 2023-07-18' >&2""")
    with pytest.raises(CannotStart, match=r"bin/java is Java 11\.0\.20.*17 or newer.*JAVA_HOME"):
        EmbeddedKafka(tmp_path / "data", cache=tmp_path / "jars").start()


def test_without_maven_it_says_what_to_install(tmp_path: Path, script: Script) -> None:
    java_17(script)
    with pytest.raises(CannotStart, match=r"Maven.* was not found.*Debian: maven"):
        EmbeddedKafka(tmp_path / "data", cache=tmp_path / "jars").start()


def test_a_maven_that_fails_is_quoted_and_leaves_nothing_half_made(tmp_path: Path, script: Script) -> None:
    java_17(script)
    script("mvn", "echo '[ERROR] Unknown host'; echo '[ERROR] Re-run Maven using the -X switch'; exit 1")
    with pytest.raises(CannotStart, match=r"could not fetch(.|\n)*Unknown host$"):
        EmbeddedKafka(tmp_path / "data", cache=tmp_path / "cache" / "jars").start()
    assert not list((tmp_path / "cache").iterdir())


def test_jars_are_fetched_once_and_what_a_killed_fetch_left_is_not_taken_for_them(
    tmp_path: Path, script: Script
) -> None:
    java_17(script)
    script("mvn", 'PATH=/usr/bin:/bin; mkdir jars; touch jars/kafka_2.13.jar "$0.ran"')
    cache = tmp_path / "cache"
    (cache / "jars.killed" / "jars").mkdir(parents=True)
    found = KafkaPrograms.find(cache / "jars")
    assert found.classpath == str(cache / "jars" / "kafka_2.13.jar")
    (tmp_path / "bin" / "mvn").unlink()
    assert KafkaPrograms.find(cache / "jars") == found
