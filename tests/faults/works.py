"""The suite as in production, two processes of each role; what can be done to it; and the oracle of DESIGN 8."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from services.cli import demo
from services.reporting.main import replay
from services.suite.embedded import SOURCES
from services.suite.processes import Processes
from services.suite.running import own_settings
from shared.feeds import PROFILES, WATERMARK, SourceDown
from shared.feeds.configured import configured
from shared.feeds.kafka import Loop
from shared.feeds.wire import partition_of, readable
from shared.settings import Settings

PEOPLE = 150
SESSION = 2.0
QUIET_SECONDS = 120.0
TWICE = ("worker", "consumer", "relay", "mailer")


class Works:
    """Processes, and an administrator who assigns, removes and moves people all the time."""

    def __init__(self, data: Path, port: int, smtp_port: int) -> None:
        os.environ["ROLLBOOK_KAFKA_SESSION"] = str(SESSION)
        base = f"http://127.0.0.1:{port}"
        told: dict[str, Any] = {"port": port, "smtp_port": smtp_port, "base_url": base, "demo_size": PEOPLE}
        settings = Settings(**told, issuer=f"{base}/api/directory", catcher=True)
        self.processes = Processes(settings, data, twice=TWICE)
        self.http = httpx.Client(base_url=base, timeout=30.0)
        self.acknowledged: list[tuple[str, int]] = []
        """Service and position of every command that was answered."""
        self._loop = Loop()

    def start(self) -> None:
        self.processes.start()
        self.settings = self.processes.settings
        self.watch()
        self.processes.wait_until_ready()
        demo.fill(own_settings(self.settings, "directory"), [], demo.Console(quiet=True))
        self.sign_in()
        self.people = [one["id"] for one in self._every("/api/directory/people")]
        self.units = [one["id"] for one in self._every("/api/directory/units") if one["kind"] == "organisation"]
        self.offerings = [one["id"] for one in self._every("/api/catalog/offerings") if one["kind"] == "course"]

    def watch(self) -> None:
        """What ends is started again, from now on."""
        self._ended = threading.Event()
        self._watching = threading.Thread(target=self.processes.watch, args=(self._ended,), daemon=True)
        self._watching.start()

    def look_away(self) -> None:
        """What ends stays so, until `watch`."""
        self._ended.set()
        self._watching.join()

    def stop(self) -> None:
        self._ended.set()
        self.processes.stop()
        self.http.close()

    def sign_in(self) -> None:
        form = {"grant_type": "password", "username": demo.ADMINISTRATOR.user_name}
        form["password"] = demo.ADMINISTRATOR.password
        answer = patiently(lambda: self.http.post("/api/directory/token", data=form))
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _every(self, path: str) -> list[Any]:
        found, cursor = [], None
        while True:
            asked = {"limit": "500", **({"cursor": cursor} if cursor else {})}
            page = patiently(lambda asked=asked: self.http.get(path, params=asked)).json()  # type: ignore[misc]
            found += page["items"]
            if (cursor := page["next"]) is None:
                return found

    def command(self, method: str, path: str, body: Any = None) -> dict[str, Any] | None:
        """Sent until it is answered, always with the same key. None for a refusal, which is an answer too."""
        key = {"Idempotency-Key": str(uuid4())}
        answer = patiently(lambda: self.http.request(method, path, json=body, headers=key))
        if answer.status_code == 401:
            self.sign_in()
            answer = patiently(lambda: self.http.request(method, path, json=body, headers=key))
        if answer.is_error:
            assert answer.status_code in (404, 409, 422), answer.text
            return None
        receipt: dict[str, Any] = answer.json()
        if ":" in str(receipt.get("position", "")):
            service, _, number = str(receipt["position"]).partition(":")
            self.acknowledged.append((service, int(number)))
        return receipt

    def work(self, chance: random.Random, commands: int) -> None:
        """Some everyday commands."""
        for _ in range(commands):
            if chance.random() < 0.6:
                home = {"organisation_id": chance.choice(self.units)}
                self.command("POST", f"/api/directory/people/{chance.choice(self.people)}/move", home)
            else:
                self._assign_or_remove(chance)

    def _assign_or_remove(self, chance: random.Random) -> None:
        live = self.query("enrollment", "SELECT id FROM assignment WHERE live")
        if live and (len(live) > 8 or chance.random() < 0.4):
            self.command("DELETE", f"/api/enrollment/assignments/{chance.choice(live)[0]}")
            return
        kind, ids = chance.choice([("organisation", self.units), ("individual", self.people)])
        target = {"type": kind, "target_id": chance.choice(ids), "include_below": kind == "organisation"}
        body = {"offering_id": chance.choice(self.offerings), "targets": [target]}
        self.command("POST", "/api/enrollment/assignments", body)

    def query(self, service: str, text: str) -> list[tuple[Any, ...]]:
        def asked() -> list[tuple[Any, ...]]:
            conninfo = self.settings.database_url.replace("{service}", service)
            with psycopg.connect(conninfo, connect_timeout=5) as conn:
                return conn.execute(text.encode()).fetchall()

        return insist(asked, psycopg.OperationalError)

    # -- what can be done to it -------------------------------------------------------------------------------------

    def pids(self, *roles: str) -> list[tuple[str, int]]:
        children = [c for c in self.processes.children if c.running and c.process]
        return [(c.name, c.process.pid) for c in children if c.process and (not roles or c.name.split()[1] in roles)]

    def has_second(self, name: str) -> bool:
        """For the first of two."""
        return any(child.name == f"{name} 2" and child.running for child in self.processes.children)

    def backends(self) -> list[int]:
        return [int(pid) for (pid,) in self.query("enrollment", _BACKENDS)]

    def execute(self, service: str, text: str, parameters: Sequence[Any] = ()) -> None:
        def asked() -> None:
            conninfo = self.settings.database_url.replace("{service}", service)
            with psycopg.connect(conninfo, connect_timeout=5) as conn:
                conn.execute(text.encode(), list(parameters))

        insist(asked, psycopg.OperationalError)

    def set_relay_back(self, service: str, source: str, part: float) -> None:
        """To a part of its way, as if it had been restored."""
        ((position, partitions),) = self.query(
            service, f"SELECT position, partitions FROM relay WHERE source = '{source}'"
        )
        earlier = max(int(position * part), position - 2_000, 0)
        last = [0] * partitions
        for at, stream in self.query(
            service, f"SELECT position, stream FROM events WHERE position <= {earlier} ORDER BY 1"
        ):
            last[partition_of(stream, partitions)] = at
        change = "UPDATE relay SET position = %s, last = %s, leader = NULL WHERE source = %s AND position >= %s"
        self.execute(service, change, [earlier, last, source, earlier])

    def send_garbage(self, source: str, chance: random.Random) -> None:
        def asked() -> None:
            self._loop.call(_garbage(self.settings, source, chance), 30.0)

        insist(asked, KafkaError, TimeoutError)

    # -- the oracle -------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Until nothing is on its way: every consumer at the end of its source, no job, nobody dirty, no e-mail to send."""
        deadline = time.monotonic() + QUIET_SECONDS
        while moving := self.moving():
            assert time.monotonic() < deadline, f"still moving after {QUIET_SECONDS} seconds: {moving}"
            time.sleep(0.2)

    def moving(self) -> list[str]:
        found = []
        heads = {s: self.query(s, "SELECT coalesce(max(position), 0) FROM events")[0][0] for s in set(SOURCES.values())}
        for service in ("directory", "catalog", "enrollment"):
            for source, position in self.query(service, "SELECT source, position FROM relay"):
                if source != PROFILES and position < heads[service]:
                    found.append(f"relay {source} at {position} of {heads[service]}")
        for service in ("directory", "enrollment", "notifier", "reporting"):
            for consumer, source, applied in self.query(service, _APPLIED):
                if source != PROFILES and applied < heads[source]:
                    found.append(f"{consumer} <- {source} at {applied} of {heads[source]}")
        for service, text in _OPEN.items():
            if self.query(service, text)[0][0]:
                found.append(text)
        return found

    def judge(self) -> None:
        """Raises AssertionError for the first thing that does not hold."""
        self.settle()
        self._store_holds()
        self._topics_hold()
        self._read_models_hold()
        self._grants_hold()
        self._mail_holds()

    def _store_holds(self) -> None:
        for service in ("directory", "catalog", "enrollment"):
            count, last = self.query(service, "SELECT count(*), coalesce(max(position), 0) FROM events")[0]
            assert count == last, f"{service}: {count} events up to position {last}"
            highest = max((number for name, number in self.acknowledged if name == service), default=0)
            assert highest <= last, f"{service}: position {highest} was acknowledged, the store ends at {last}"

    def _topics_hold(self) -> None:
        for source in ("directory", "catalog", "enrollment"):
            text = "SELECT position, stream, version FROM events ORDER BY position"
            stored = [(position, str(stream), version) for position, stream, version in self.query(source, text)]
            published = insist(lambda source=source: self._published(source), KafkaError, TimeoutError)
            first: dict[int, tuple[int, str, int]] = {}
            high: dict[str, int] = {}
            for position, key, version in published:
                if position not in first:
                    first[position] = (position, key, version)
                    assert version == high.get(key, 0) + 1, f"{source}: {key} has {version} after {high.get(key, 0)}"
                    high[key] = version
            assert [first[position] for position in sorted(first)] == stored, f"{source}: the topic is not the store"

    def _published(self, source: str) -> list[tuple[int, str, int]]:
        return self._loop.call(_published(self.settings, source), 60.0)

    def _read_models_hold(self) -> None:
        assert not self.query("reporting", "SELECT * FROM parked_event LIMIT 1")
        own = own_settings(self.settings, "reporting")
        comparison = insist(lambda: replay(own, feeds=configured(own)), psycopg.OperationalError, SourceDown)
        assert comparison.differences == 0, comparison.model_dump()

    def _grants_hold(self) -> None:
        """Who holds what, by a query of its own, not by the evaluator."""
        lacking = self.query("enrollment", f"SELECT * FROM ({_SHOULD}) AS should EXCEPT {_HELD}")
        beyond = self.query("enrollment", f"{_HELD} EXCEPT SELECT * FROM ({_SHOULD}) AS should")
        assert not lacking, f"{len(lacking)} grants are lacking: {lacking[:3]}"
        assert not beyond, f"{len(beyond)} grants are held without a rule: {beyond[:3]}"
        told = self.query("enrollment", _TOLD)
        assert not told, f"events and grants differ: {told[:3]}"

    def _mail_holds(self) -> None:
        caught = Counter(message for (message,) in self.query("notifier", "SELECT message_id FROM caught_mail"))
        doubled = [message for message, count in caught.items() if count > 1]
        assert not doubled, f"sent more than once: {doubled[:3]}"
        sent = self.query("notifier", "SELECT count(*) FROM message WHERE state = 'sent'")[0][0]
        unknown = self.query("notifier", "SELECT count(*) FROM message WHERE state = 'unknown'")[0][0]
        assert sent <= len(caught) <= sent + unknown, f"{sent} sent, {unknown} unknown, {len(caught)} arrived"


_BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname LIKE 'rollbook_%' "
    "AND pid <> pg_backend_pid()"
)
_APPLIED = (
    "SELECT f.consumer, f.source, min(coalesce(h.position, 0)) FROM followed f "
    "CROSS JOIN generate_series(0, f.partitions - 1) AS p LEFT JOIN high_water h "
    "ON h.consumer = f.consumer AND h.source = f.source AND h.partition = p GROUP BY 1, 2"
)
_OPEN = {
    "enrollment": "SELECT (SELECT count(*) FROM job WHERE state IN ('waiting', 'running')) "
    "+ (SELECT count(*) FROM dirty WHERE open)",
    "notifier": "SELECT count(*) FROM message WHERE state = 'sending' OR (state = 'waiting' AND ready)",
}
_SHOULD = """
SELECT a.id, p.id AS person FROM assignment a JOIN person_fact p ON p.active
WHERE a.live AND a.type = 'individual' AND a.target = p.id
UNION
SELECT a.id, p.id FROM assignment a JOIN person_fact p ON p.active
JOIN unit_above u ON u.unit = p.home WHERE a.live AND a.type = 'organisation'
AND (u.above = a.target AND (a.include_below OR u.unit = a.target))
UNION
SELECT a.id, p.id FROM assignment a JOIN person_fact p ON p.active
JOIN current_job j ON j.person = p.id JOIN unit_above u ON u.unit = j.organisation WHERE a.live AND a.type = 'organisation'
AND (u.above = a.target AND (a.include_below OR u.unit = a.target))
"""
_HELD = "SELECT assignment, person FROM learner_grant"
_TOLD = """
WITH told AS (
    SELECT DISTINCT ON (stream, convert_from(body, 'UTF8')::json ->> 'assignment_id')
        (convert_from(body, 'UTF8')::json ->> 'assignment_id')::uuid AS assignment,
        (convert_from(body, 'UTF8')::json ->> 'person_id')::uuid AS person, type
    FROM events WHERE type IN ('enrollment.LearnerAssigned.v1', 'enrollment.LearnerUnassigned.v1')
    ORDER BY stream, convert_from(body, 'UTF8')::json ->> 'assignment_id', position DESC
), now AS (SELECT assignment, person FROM told WHERE type = 'enrollment.LearnerAssigned.v1')
(SELECT * FROM now EXCEPT SELECT assignment, person FROM learner_grant)
UNION ALL (SELECT assignment, person FROM learner_grant EXCEPT SELECT * FROM now)
"""


async def _garbage(settings: Settings, source: str, chance: random.Random) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    try:
        for headers in (
            [],
            [("ce_type", b"x.Y.v1")],
            [("ce_position", b"-"), ("ce_type", b"enrollment.LearnerAssigned.v1")],
        ):
            partition = chance.randrange(settings.kafka_partitions.get(source, 1))
            topic = settings.kafka_prefix + source
            await producer.send_and_wait(topic, key=b"k", value=b"{not json", partition=partition, headers=headers)
    finally:
        await producer.stop()


async def _published(settings: Settings, source: str) -> list[tuple[int, str, int]]:
    """Position, key and version of every event on a topic, each partition in its order."""
    topic = settings.kafka_prefix + source
    client = AIOKafkaConsumer(bootstrap_servers=settings.kafka, auto_offset_reset="earliest")
    await client.start()
    try:
        partitions = [TopicPartition(topic, p) for p in range(settings.kafka_partitions.get(source, 1))]
        client.assign(partitions)
        ends = await client.end_offsets(partitions)
        found = []
        while any([await client.position(p) < end for p, end in ends.items()]):
            for messages in (await client.getmany(timeout_ms=500, max_records=5_000)).values():
                records, _ = readable(source, messages)
                found += [(r.position, str(r.key), r.version) for r in records if r.type != WATERMARK]
        return found
    finally:
        await client.stop()


def patiently(send: Callable[[], httpx.Response], seconds: float = 90.0) -> httpx.Response:
    """As a good client does: a 5xx or no answer at all is tried again, with the same key."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = send()
            if answer.status_code < 500:
                return answer
            said = answer.text
        except httpx.TransportError as error:
            said = repr(error)
        assert time.monotonic() < deadline, f"no answer in {seconds} seconds: {said[:500]}"
        time.sleep(0.1)


def insist(ask: Callable[[], Any], *errors: type[Exception], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except errors:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def send_signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def stop_for(pid: int, seconds: float) -> None:
    """SIGSTOP, then SIGCONT."""
    send_signal(pid, signal.SIGSTOP)
    time.sleep(seconds)
    send_signal(pid, signal.SIGCONT)
