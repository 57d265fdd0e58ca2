"""No secret that goes through a route is in an event, a topic, a log, a metric, a dead letter, or readable in a table (KEY-10)."""

import asyncio
import csv
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from folders import new_folder
from keys.searching import everything, traces
from running import Running, until

from services.cli.demo import ADMINISTRATOR
from shared.database import Database
from shared.embedded import EmbeddedPostgres
from shared.embedded_kafka import EmbeddedKafka
from shared.suite import SERVICES

SERVICE_SECRET = "between services, planted 7731"
KEY_SECRET = "a training key secret, planted 7732, long enough"
NOW = datetime.now(UTC)


pytestmark = pytest.mark.timeout(600)
"""There are two dozen processes, and there may be two cores for all of them."""


@pytest.fixture(scope="module", params=["postgres", "kafka"])
def suite(request: pytest.FixtureRequest) -> Iterator[Running]:
    if request.param == "kafka":
        request.getfixturevalue("kafka")
    told = {"ROLLBOOK_SERVICE_SECRET": SERVICE_SECRET, "ROLLBOOK_TRAINING_KEY_SECRETS": f'{{"1": "{KEY_SECRET}"}}'}
    with new_folder("rollbook-secrets-") as data, Running(data, size=20, feed=request.param, **told) as running:
        running.sign_in(ADMINISTRATOR.user_name, ADMINISTRATOR.password)
        yield running


class Planted:
    """What was sent or answered that nobody else may read: by what it is. `known`: ids that events do tell."""

    def __init__(self, suite: Running) -> None:
        self.suite = suite
        self.secrets = {"secret between services": SERVICE_SECRET, "secret of training keys": KEY_SECRET}
        self.known: list[str] = []
        (self.unit, *_) = suite.get("/api/directory/units", kind="organisation", limit=1)["items"]
        profile = {"anonymous_registration": True, "key_field": True}
        assert suite.http.put(f"/api/directory/units/{self.unit['id']}/profile", json=profile).is_success
        self.anonymous = httpx.Client(base_url=suite.url, timeout=60.0)
        self.course = {one["code"]: one["id"] for one in suite.every("/api/catalog/offerings")}["HYGIENE"]

    def put(self, what: str, secret: str) -> str:
        self.secrets[what] = secret
        return secret

    def letter(self, address: str, before: str) -> str:
        """The word behind this in the newest e-mail to the address."""
        search = ("/api/notifier/caught/search", {"to": address})
        found = until(lambda: self.suite.post(*search)["items"])
        text: str = self.suite.get(f"/api/notifier/caught/{found[0]['id']}")["text"]
        return text.partition(before)[2].split(maxsplit=1)[0]

    def token(self, user: str, password: str) -> httpx.Response:
        form = {"grant_type": "password", "username": user, "password": password}
        return self.anonymous.post("/api/directory/token", data=form)


def accounts(planted: Planted) -> str:
    """Passwords of every way in, tokens, links, a machine client, and a session of the pages. Returns a learner's token."""
    suite, put = planted.suite, planted.put
    first = put("first password", "first-planted-password-1")
    body = {"first_name": "Ada", "last_name": "Lind", "email": "ada@example.org", "user_name": "ada", "password": first}
    person = suite.post("/api/directory/people", {**body, "country": "SE", "home_organisation": planted.unit["id"]})
    planted.known.append(person["result"]["person_id"])
    assert planted.token("ada", put("wrong password", "wrong-planted-password-2")).status_code == 401
    signed_in = planted.token("ada", first).json()
    put("access token", signed_in["access_token"])
    put("refresh token", signed_in["refresh_token"])
    form = {"grant_type": "refresh_token", "refresh_token": signed_in["refresh_token"]}
    put("renewed refresh token", planted.anonymous.post("/api/directory/token", data=form).json()["refresh_token"])
    assert suite.post("/api/directory/password-resets", {"email": "ada@example.org"}) == {"status": "accepted"}
    link = put("link of a forgotten password", planted.letter("ada@example.org", "/password/new#"))
    new = put("new password", "new-planted-password-3")
    reset = {"token": link, "password": new}
    assert planted.anonymous.post("/api/directory/password-resets/confirm", json=reset).status_code == 204
    assert planted.anonymous.post("/api/directory/password-resets/confirm", json=reset).status_code == 409
    registered = {"first_name": "Bo", "last_name": "Berg", "email": "bo@example.org", "country": "SE"}
    password = put("registered password", "registered-planted-4")
    body = {**registered, "password": password, "organisation": planted.unit["id"]}
    assert planted.anonymous.post("/api/directory/registrations", json=body).status_code == 202
    link = put("link of a registration", planted.letter("bo@example.org", "/join/confirm#"))
    confirmed = planted.anonymous.post("/api/directory/registrations/confirm", json={"token": link})
    assert confirmed.status_code == 201, confirmed.text
    asked = {"name": "HR", "permissions": ["read-reports"], "organisation": None}
    client = suite.post("/api/directory/clients", asked)
    planted.known.append(client["result"]["client_id"])
    form = {"grant_type": "client_credentials", "client_id": client["result"]["client_id"]}
    secret = put("secret of a machine client", client["client_secret"])
    assert planted.anonymous.post("/api/directory/token", data={**form, "client_secret": secret}).status_code == 200
    assert (
        planted.anonymous.post("/api/directory/token", data={**form, "client_secret": "x" + secret}).status_code == 401
    )
    own = {"Sec-Fetch-Site": "same-origin"}
    until(lambda: planted.anonymous.get("/sign-in").status_code == 200, 120.0)  # the portal is the last to come up
    page = planted.anonymous.post("/sign-in", data={"user_name": "ada", "password": new}, headers=own)
    assert page.status_code == 303, page.text
    put("cookie of the pages", planted.anonymous.cookies["rollbook"])
    assert planted.anonymous.get("/").status_code == 200
    return str(planted.token("ada", new).json()["access_token"])


def training_keys(planted: Planted, learner: str) -> None:
    """Entered, pasted, generated, exported, sent, redeemed, refused, revoked, registered with; one of a dead letter."""
    suite, put = planted.suite, planted.put
    pool = new_pool(planted, "Planted")
    entered = [put(f"entered key {n}", f"PLANTED-KEY-2026-000{n}") for n in range(4)]
    added = suite.post(f"{pool}/keys", {"lines": [*entered[:3], "PLANTED-KEY-2026-000-\u0007-X"]})
    assert [line["outcome"] for line in added["result"]["lines"]].count("added") == 3
    suite.post(f"{pool}/keys", {"key": entered[3]})
    suite.post(f"{pool}/keys", {"generate": 5})
    until(lambda: len(suite.every(f"{pool}/keys")) == 9)
    exported = suite.http.post(f"{pool}/exports", json={}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(exported)))
    for number, row in enumerate(rows):
        put(f"exported key {number}", row["key"])
    mine = {"Authorization": f"Bearer {learner}"}
    redeemed = until(lambda: _known(suite.http.post("/api/keys/redemptions", json={"key": entered[0]}, headers=mine)))
    until(lambda: suite.http.get(f"/api/keys/redemptions/{redeemed['id']}", headers=mine).json()["state"] == "redeemed")
    wrong = put("wrong key", "PLANTED-WRONG-2026-0009")
    assert suite.http.post("/api/keys/redemptions", json={"key": wrong}, headers=mine).status_code == 404
    assert suite.http.post("/api/keys/redemptions", json={"key": [entered[1]]}, headers=mine).status_code == 422
    stranger = {"first_name": "Cy", "last_name": "Dahl", "email": "cy@example.org", "country": "SE"}
    body = {**stranger, "password": put("password with a key", "keyed-planted-password-5"), "key": entered[1]}
    assert planted.anonymous.post("/api/keys/registrations", json=body).status_code in (201, 202)
    found = suite.post("/api/keys/keys/find", {"key": entered[2]})
    planted.known.append(found["id"])
    suite.post(f"/api/keys/keys/{found['id']}/revoke", {"reason": "Planted."})
    suite.post(f"{pool}/mailings", {"recipients": {"addresses": ["dag@example.org"]}})
    until(lambda: suite.post("/api/notifier/caught/search", {"to": "dag@example.org"})["items"])


def dead_letter(planted: Planted) -> None:
    """The notifier crashes at a key that was sent."""
    suite = planted.suite
    pool = new_pool(planted, "Crashing")
    suite.post(f"{pool}/keys", {"key": planted.put("key of a dead letter", "PLANTED-DEAD-2026-0001")})
    (key,) = suite.every(f"{pool}/keys")
    planted.known.append(key["id"])
    with psycopg.connect(EmbeddedPostgres(suite.data).conninfo("rollbook_notifier"), autocommit=True) as conn:
        conn.execute(f"ALTER TABLE key_fact ADD CONSTRAINT poison CHECK (id <> '{key['id']}') NOT VALID".encode())
    suite.post(f"{pool}/mailings", {"recipients": {"addresses": ["eva@example.org"]}})
    until(lambda: key["id"] in str(letters(suite)))


def new_pool(planted: Planted, name: str) -> str:
    body = {
        "name": name,
        "offering_id": planted.course,
        "organisation_id": planted.unit["id"],
        "access_days": 10,
        "starts": (NOW - timedelta(days=1)).isoformat(),
        "expires": (NOW + timedelta(days=30)).isoformat(),
        "share_below": True,
    }
    made = until(lambda: _known(planted.suite.http.post("/api/keys/pools", json=body)))
    return f"/api/keys/pools/{made['result']['pool_id']}"


def _known(answer: httpx.Response) -> Any:
    """None as long as this service has not heard of what the request is about."""
    assert answer.is_success or answer.status_code in (404, 503), answer.text
    return answer.json() if answer.is_success else None


def letters(suite: Running) -> list[Any]:
    found: list[Any] = []
    for service in SERVICES:
        answer = suite.http.get(f"/api/{service}/letters")
        if answer.is_success:
            for one in answer.json()["items"]:
                found += [one, suite.http.get(f"/api/{service}/letters/{one['source']}/{one['key']}").json()]
    return found


def on_topics(bootstrap: str) -> bytes:
    """Every message of every topic: key, headers and value, as anybody reads them."""

    async def read() -> bytes:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            topics = sorted(topic for topic in await admin.list_topics() if not topic.startswith("__"))
            assert len(topics) > len(SERVICES) / 2
            told = await admin.describe_topics(topics)
        finally:
            await admin.close()
        partitions = [TopicPartition(one["topic"], p["partition"]) for one in told for p in one["partitions"]]
        client = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        await client.start()
        try:
            client.assign(partitions)
            ends, found = await client.end_offsets(partitions), b""
            while any([await client.position(p) < end for p, end in ends.items()]):
                for messages in (await client.getmany(timeout_ms=200)).values():
                    for one in messages:
                        found += b"\n".join([one.key or b"", one.value or b"", *(v for _, v in one.headers)]) + b"\n"
            return found
        finally:
            await client.stop()

    return asyncio.run(read())


def published(suite: Running, known: list[str]) -> bytes:
    """What is on the topics, once these ids are: what is searched is there, and the search would find it."""
    bootstrap, deadline = EmbeddedKafka(suite.data / "kafka").bootstrap, time.monotonic() + 60.0
    while missing := [one for one in known if one.encode() not in (found := on_topics(bootstrap))]:
        assert time.monotonic() < deadline, f"not on the topics: {missing} of {known}"
    return found


def metrics(suite: Running) -> bytes:
    """Of every process, or of the one that there is."""
    if suite.feed == "kafka":
        addresses = [f"http://127.0.0.1:{one['port']}/metrics" for one in suite.processes().values()]
    else:
        addresses = [f"{suite.url}/api/{service}/metrics" for service in SERVICES]
    return "".join(httpx.get(address).text for address in addresses).encode()


def logs(suite: Running) -> bytes:
    """What the processes said, and what the database's and the broker's servers wrote."""
    files = [*suite.data.glob("*.log"), *suite.data.glob("kafka/*.log")]
    assert any(file.name == "postgres.log" for file in files)
    return "".join(suite.said).encode() + b"".join(Path(file).read_bytes() for file in files)


def in_tables(suite: Running) -> dict[str, bytes]:
    """What each service keeps; of the notifier without the catcher's e-mails, which stands for the mail servers of others."""
    server, found = EmbeddedPostgres(suite.data), {}
    for service in SERVICES:
        database = Database(server.conninfo(f"rollbook_{service}"), max_size=2)
        if service == "notifier":
            with database.connection() as conn:
                conn.execute("TRUNCATE caught_mail")
        found[f"tables of {service}"] = everything(database)
        database.close()
    return found


@pytest.mark.feature("KEY-10", "SEC-3", "SEC-5", "EVT-1")
@pytest.mark.timeout(600)
def test_what_is_secret_is_found_nowhere_after_it_went_through_every_route_that_takes_or_gives_it(
    suite: Running,
) -> None:
    planted = Planted(suite)
    learner = accounts(planted)
    training_keys(planted, learner)
    dead_letter(planted)
    places = {"logs": logs(suite), "metrics": metrics(suite), "dead letters": str(letters(suite)).encode()}
    if suite.feed == "kafka":
        places["topics"] = published(suite, planted.known)
    places |= in_tables(suite)
    for place, kept in places.items():
        assert len(kept) > 100, place
        for what, secret in planted.secrets.items():
            for trace in traces(secret) if "key" in what else [secret.encode(), secret.encode().hex().encode()]:
                assert trace not in kept, f"the {what} is in the {place}"
    assert planted.known[-1].encode() in places["dead letters"]
    assert all(known.encode() in places["tables of keys"] + places["tables of directory"] for known in planted.known)
    assert len(planted.secrets) > 25
