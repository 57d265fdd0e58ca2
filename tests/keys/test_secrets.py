"""Secrets of keys: in exports, and nowhere else (KEY-5, KEY-10, KEY-12)."""

import csv
import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from keys.gate import PASSWORD, Gate
from keys.harness import SECRETS, Keys, problem
from keys.searching import everything, traces
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from services.cli import client as cli_client
from services.cli.commands import app
from services.keys.application.exports import UNREADABLE
from services.suite.own_secrets import training_key_secrets
from shared.contracts.keys import KeyReopened, KeyRevoked, KeysExported

ENTERED = "Ward-2026-abcd-EFGH"
NEWER = {**SECRETS, 2: "another secret for tests, which is the newer one"}


@pytest.mark.feature("KEY-10")
def test_no_table_event_log_or_answer_has_a_key_but_the_export(
    keys: Keys, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    pool = keys.pool()
    id = keys.key(pool, ENTERED)
    keys.add(pool, "LINE-2026-0000-0001", "line 2026 0000 0001", "WRONG\0-LINE-2026-0001")
    keys.generate(pool, 20)
    secrets = [row["key"] for row in keys.exported(pool)]
    assert {ENTERED, "LINE-2026-0000-0001"} < set(secrets)
    assert len(secrets) == 22
    learner = keys.person(keys.head)
    keys.settle()
    said = [
        keys.redeem(learner, ENTERED),
        keys.redeem(keys.manager, ENTERED),
        keys.redeem(learner, "WRONG-KEY-2026-0001"),
        keys.http.post(f"/api/keys/pools/{pool}/keys", json={"key": ENTERED}),
        keys.http.post("/api/keys/keys/find", json={"key": ENTERED}),
        keys.http.post("/api/keys/keys/find", json={"key": ENTERED, "more": ["x"] * 3}),
        keys.http.post("/api/keys/redemptions", json={"key": [ENTERED]}),
        keys.http.post("/api/keys/redemptions", json={"key": ENTERED + "x" * 2000}),
    ]
    keys.refuse(keys.asked()[0])
    keys.redeem(learner, secrets[-1])
    keys.admit(keys.asked()[1])
    said += [
        keys.http.get(f"/api/keys/keys/{id}"),
        keys.http.get(f"/api/keys/pools/{pool}/keys"),
        keys.http.get("/api/keys/metrics"),
    ]
    kept = everything(keys.database)
    told = "".join(answer.text for answer in said) + "".join(capfd.readouterr()) + caplog.text
    for secret in [*secrets, "WRONG-KEY-2026-0001"]:
        for trace in traces(secret):
            assert trace not in kept, secret
            assert trace.decode() not in told, secret
    assert str(id).encode() in kept  # the search does find what is there


class Crash(Exception):
    """Something of this program."""


@pytest.mark.feature("KEY-10", "KEY-7", "DIR-12")
def test_nothing_of_keys_keeps_who_registered_or_the_password_or_the_key(
    gate: Gate, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever became of the registration: done, refused, crashed, taken back, set aside."""
    texts = [f"Ward-2026-abcd-EFG{n}" for n in range(6)]
    gate.add(gate.pool(), *texts)
    said = [gate.register(texts[0]), gate.register(texts[1])]
    said.append(gate.register(texts[1], email="ada.1@example.org", password="short"))
    gate.admit(gate.asked()[0])
    assert [answer.status_code for answer in said] == [202, 409, 422]
    said += [gate.register("WRONG-KEY-2026-0001"), gate.register(texts[1], first_name=["x"])]
    accounts: Any = gate.accounts
    make, undo = accounts.make, accounts.undo

    def crashes(*_: object) -> None:
        raise Crash

    accounts.make = crashes
    said.append(gate.register(texts[2], email="ada.2@example.org"))
    assert said[-1].status_code == 500
    accounts.make, accounts.undo = make, crashes
    gate.later()
    gate.settle()
    assert gate.begun()[-1] == ("undoing", "registration-given-up")
    letters = gate.client(uuid4(), ("site-administrator", None)).get("/api/keys/letters")
    assert len(letters.json()["items"]) == 1
    accounts.undo = undo
    said.append(gate.register(texts[3], email="ada.3@example.org"))
    while_waiting = everything(gate.database)
    gate.refuse(gate.asked()[-1])
    logged = "".join(capfd.readouterr()) + caplog.text
    told = "".join(answer.text for answer in (*said, letters)) + logged
    kept = while_waiting + everything(gate.database)
    for text in (*texts, PASSWORD):
        for trace in traces(text):
            assert trace not in kept
            assert trace.decode() not in told
    assert b"ada.2@example.org" not in kept.lower(), "the account was never made"
    assert "request crashed" in logged, "what is searched has something in it"
    assert not any(name in logged for name in ("Lindqvist", "example.org", PASSWORD))
    with gate.database.connection() as conn:
        rows = conn.execute("SELECT r::text FROM registration r UNION ALL SELECT c::text FROM command c").fetchall()
        events = conn.execute("SELECT convert_from(body, 'UTF8') || meta FROM events").fetchall()
    for (row,) in (*rows, *events):
        assert not any(name in str(row) for name in ("Ada", "Lindqvist", "example.org"))
    assert len(rows) > 10


@pytest.mark.feature("KEY-10")
def test_what_is_kept_of_a_request_does_not_lead_back_to_the_key(keys: Keys) -> None:
    """A digest of the request alone could be found by trying keys: entered ones may be short."""
    pool = keys.pool()
    body = json.dumps({"key": ENTERED}).encode()
    address = f"/api/keys/pools/{pool}/keys"
    headers = {"Content-Type": "application/json"}
    assert keys.http.post(address, content=body, headers=headers).status_code == 201
    guess = sha256(f"POST {address}? \n".encode() + body).digest()
    with keys.database.connection() as conn:
        hashes = [bytes(row[0]) for row in conn.execute("SELECT request_hash FROM command")]  # type: ignore[arg-type, call-overload]
    assert len(hashes) == 2
    assert guess not in hashes


@pytest.mark.feature("KEY-10")
def test_two_pools_of_secrets_tell_nothing_of_one_another(keys: Keys) -> None:
    """The same key under another secret has another hash, fingerprint and cipher; nobody without it finds or reads one."""
    pool = keys.pool()
    keys.key(pool, ENTERED)
    keys.restart(training_key_secrets={1: "a wrong secret, which has enough characters"})
    assert problem(keys.http.post("/api/keys/keys/find", json={"key": ENTERED})) == "wrong"
    assert keys.exported(pool)[0]["key"] == UNREADABLE


@pytest.mark.feature("KEY-10")
def test_without_secrets_the_service_runs_and_says_what_is_missing(keys: Keys) -> None:
    pool = keys.pool()
    keys.restart(training_key_secrets={})
    assert keys.http.get(f"/api/keys/pools/{pool}").status_code == 200
    bodies = {
        f"/pools/{pool}/keys": {"generate": 1},
        f"/pools/{pool}/exports": {},
        "/redemptions": {"key": ENTERED},
        "/keys/find": {"key": ENTERED},
    }
    for path, body in bodies.items():
        answer = keys.http.post(f"/api/keys{path}", json=body)
        assert (answer.status_code, problem(answer)) == (503, "keys-not-set-up")
        assert "ROLLBOOK_TRAINING_KEY_SECRETS" in answer.json()["detail"]


@pytest.mark.feature("KEY-10")
def test_a_rotation_hashes_and_encrypts_everything_anew(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = keys.pool()
    id = keys.key(pool, ENTERED)
    keys.generate(pool, 7)
    fingerprint = keys.http.get(f"/api/keys/keys/{id}").json()["fingerprint"]
    keys.restart(training_key_secrets=NEWER, training_key_chunk=3)
    assert keys.http.post("/api/keys/keys/find", json={"key": ENTERED}).json()["id"] == id
    assert keys.add(pool, ENTERED)[0]["outcome"] == "duplicate"
    keys.key(pool, "NEWER-2026-0000-0001")
    before = {row["key"] for row in keys.exported(pool)}
    assert len(before) == 9

    refused = keys.http.post("/api/keys/rotations")
    assert refused.json()["permission"] == "operate"
    administrator = keys.client(uuid4(), ("site-administrator", None))

    class Worked(cli_client.Client):
        """The command line, against this service; its job is worked on as soon as it asks."""

        def __init__(self, *_: object) -> None:
            self._http = administrator

        def send(self, method: str, path: str, **more: object) -> object:
            keys.settle()
            return administrator.request(method, path, **more).json()  # type: ignore[arg-type]

        def __enter__(self) -> "Worked":
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr("services.cli.keys.Client", Worked)
    done = CliRunner().invoke(app, ["keys", "rotate"])
    assert (done.exit_code, done.output.strip()) == (0, "Rotated: 8. Unreadable: 0")
    with keys.database.connection() as conn:
        assert conn.execute("SELECT DISTINCT version FROM key_secret").fetchall() == [(2,)]
    keys.restart(training_key_secrets={2: NEWER[2]})
    assert {row["key"] for row in keys.exported(pool)} == before
    found = keys.http.post("/api/keys/keys/find", json={"key": ENTERED.upper()}).json()
    assert (found["id"], found["fingerprint"]) == (id, fingerprint)


@pytest.mark.feature("KEY-10")
def test_what_cannot_be_read_any_more_is_counted_and_left_as_it_is(keys: Keys) -> None:
    pool = keys.pool()
    keys.generate(pool, 3)
    keys.restart(training_key_secrets={2: NEWER[2]})
    administrator = keys.client(uuid4(), ("site-administrator", None))
    started = administrator.post("/api/keys/rotations")
    assert started.status_code == 202
    keys.settle()
    assert administrator.get(started.headers["Location"]).json()["result"] == {"rotated": 0, "unreadable": 3}
    assert keys.http.get(started.headers["Location"]).status_code == 403
    keys.restart()
    assert all(row["key"] for row in keys.exported(pool))


def test_a_suite_on_one_machine_makes_its_own_secrets_once(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made = training_key_secrets(folder)
    assert training_key_secrets(folder) == made
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(made[1]) == 64
    assert training_key_secrets(tmp_path / "other") != made


@pytest.mark.feature("KEY-5")
def test_exports_have_the_keys_and_are_on_record(keys: Keys) -> None:
    pool = keys.pool(name="Spring; =1+1")
    keys.add(pool, "WARD-2026-0000-0001", "-WARD-2026-0000-0002-")
    learner = keys.person(keys.head)
    keys.settle()
    keys.redeem(learner, "WARD-2026-0000-0001")
    keys.admit(keys.asked()[0])
    (row,) = keys.exported(pool)
    assert (row["key"], row["state"], row["course"]) == ("WARD-2026-0000-0002", "free", "Forklift")
    assert row["pool"] == "Spring;' =1+1"
    assert len(keys.exported(pool, state=None)) == 2

    answer = keys.http.post(f"/api/keys/pools/{pool}/exports", json={"format": "xlsx", "state": "redeemed"})
    assert answer.headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert answer.headers["Cache-Control"] == "no-store"
    headings, line = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert dict(zip(headings, line, strict=True))["key"] == "WARD-2026-0000-0001"

    recorded = keys.http.get(f"/api/keys/pools/{pool}/exports", params={"limit": 2}).json()
    assert [(e["format"], e["state"], e["keys"]) for e in recorded["items"]] == [
        ("xlsx", "redeemed", 1),
        ("csv", None, 2),
    ]
    assert {e["actor_name"] for e in recorded["items"]} == {"Oda Kern"}
    further = keys.http.get(f"/api/keys/pools/{pool}/exports", params={"cursor": recorded["next"]}).json()
    assert [e["keys"] for e in further["items"]] == [1]
    told = [e for e in keys.events() if isinstance(e, KeysExported)]
    assert [(e.format, e.state, e.keys) for e in told] == [
        ("csv", "free", 1),
        ("csv", None, 2),
        ("xlsx", "redeemed", 1),
    ]


@pytest.mark.feature("KEY-5")
def test_a_spreadsheet_takes_nothing_of_an_export_for_a_formula(keys: Keys) -> None:
    names = ["=cmd()", "+1", "a;=1", "\uff1d1", " @x"]
    for name in names:
        pool = keys.pool(name=name)
        keys.generate(pool, 1)
        answer = keys.http.post(f"/api/keys/pools/{pool}/exports", json={})
        cell = next(iter(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))))["pool"]
        assert cell != name
        assert cell.replace("'", "") == name.strip()


@pytest.mark.feature("KEY-5")
def test_the_same_export_sent_again_is_recorded_once(keys: Keys) -> None:
    pool = keys.pool()
    keys.generate(pool, 2)
    twice = [
        keys.http.post(f"/api/keys/pools/{pool}/exports", json={}, headers={"Idempotency-Key": "x-1"}) for _ in range(2)
    ]
    assert twice[0].content == twice[1].content
    assert len(keys.http.get(f"/api/keys/pools/{pool}/exports").json()["items"]) == 1


@pytest.mark.feature("KEY-12")
def test_a_revoked_key_is_refused_until_a_privileged_caller_reopens_it(keys: Keys) -> None:
    pool = keys.pool()
    key = keys.key(pool, ENTERED)
    learner = keys.person(keys.head)
    keys.settle()
    revoked = keys.http.post(f"/api/keys/keys/{key}/revoke", json={"reason": "Sent to the wrong ward"})
    assert revoked.json()["result"] == {"key_id": key, "state": "revoked"}
    assert problem(keys.redeem(learner, ENTERED)) == "revoked"
    assert problem(keys.http.post(f"/api/keys/keys/{key}/revoke", json={})) == "revoked"
    for body in ({}, {"reason": " "}):
        assert keys.http.post(f"/api/keys/keys/{key}/reopen", json=body).status_code == 422
    enroller = keys.client(uuid4(), ("enrollment-manager", keys.head))
    refused = enroller.post(f"/api/keys/keys/{key}/reopen", json={"reason": "Please"})
    assert refused.json()["permission"] == "override"
    assert keys.http.post(f"/api/keys/keys/{key}/reopen", json={"reason": "It was the right one"}).status_code == 200
    assert problem(keys.http.post(f"/api/keys/keys/{key}/reopen", json={"reason": "Again"})) == "not-revoked"
    assert keys.redeem(learner, ENTERED).status_code == 202
    assert problem(keys.http.post(f"/api/keys/keys/{key}/revoke", json={})) == "being-redeemed"
    with keys.database.connection() as conn:
        texts = {row[0] for row in conn.execute("SELECT text FROM personal_text")}
    assert texts == {"Sent to the wrong ward", "It was the right one"}
    assert all(e.reason for e in keys.events() if isinstance(e, KeyRevoked | KeyReopened))


@pytest.mark.feature("KEY-12")
def test_revoking_a_redeemed_key_says_what_becomes_of_its_assignment(keys: Keys) -> None:
    key = keys.key(keys.pool(), ENTERED)
    learner = keys.person(keys.head)
    keys.settle()
    keys.redeem(learner, ENTERED)
    assignment = keys.admit(keys.asked()[0])
    asked = keys.http.post(f"/api/keys/keys/{key}/revoke", json={})
    assert (problem(asked), asked.json()["field"]) == ("end-assignment-missing", "end_assignment")
    body = {"end_assignment": True, "override": True, "reason": "Left"}
    assert keys.http.post(f"/api/keys/keys/{key}/revoke", json=body).status_code == 200
    (event,) = [e for e in keys.events() if isinstance(e, KeyRevoked)]
    assert (event.assignment_id, event.person_id) == (assignment, learner)
    assert (event.end_assignment, event.override) == (True, True)
    item = keys.http.get(f"/api/keys/keys/{key}").json()
    assert (item["state"], item["person_id"]) == ("revoked", str(learner))
    assert item["revoked_at"] > item["redeemed_at"]
    keys.http.post(f"/api/keys/keys/{key}/reopen", json={"reason": "For a successor"})
    item = keys.http.get(f"/api/keys/keys/{key}").json()
    assert (item["state"], item["person_id"], item["redeemed_at"], item["revoked_at"]) == ("free", None, None, None)
    colleague = keys.person(keys.head)
    keys.settle()
    assert keys.redeem(colleague, ENTERED).status_code == 202
