"""Slices of the history as JSON Lines with proofs (AUD-4), checked without a database, by the command and by the published page."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from audited import KEY, LEARNER, OFFERING, SIZES, Audited, audited, public_key
from fastapi.testclient import TestClient
from issuer import Issuer

from shared.audit.checking import check
from shared.audit.notes import Signer
from shared.audit.routes import audit_routes
from shared.database import Database
from shared.http import service_app

PAGE = Path(__file__).parents[2] / "docs" / "examples" / "check_export.py"
Lines = list[dict[str, Any]]


@pytest.fixture
def history(database: Callable[..., Database], tmp_path: Path) -> Audited:
    return audited(database, tmp_path / "checkpoints")


@pytest.fixture
def exported(history: Audited, tmp_path: Path) -> Path:
    """The learner's slice."""
    file = tmp_path / "export.jsonl"
    result = history.rollbook("export", "enrollment", "--learner", str(LEARNER), "--to", str(file))
    assert result.exit_code == 0, result.output
    return file


def read(file: Path) -> Lines:
    return [json.loads(line) for line in file.read_text().splitlines()]


def write(file: Path, lines: Lines) -> None:
    file.write_text("".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in lines))


def by_the_page(file: Path) -> tuple[int, str]:
    command = [sys.executable, "-I", str(PAGE), str(file), public_key()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def found(file: Path) -> list[tuple[int, str]]:
    with file.open("rb") as lines:
        return [(one.position, one.kind) for one in check(lines, [Signer(KEY).public]).findings]


@pytest.mark.feature("AUD-4")
def test_a_learners_history_is_exported_and_verified_without_a_database(history: Audited, exported: Path) -> None:
    events = read(exported)[1:-1]
    of_the_learner = (
        f"SELECT count(*) FROM events WHERE convert_from(body, 'UTF8') LIKE '%{LEARNER}%' AND position <= 2500"
    )
    assert len(events) == history.value(of_the_learner)
    assert {json.loads(event["body"])["person_id"] for event in events} == {str(LEARNER)}
    words = ("verify", "--file", str(exported), "--public-key", public_key())
    result = history.rollbook(*words, ROLLBOOK_DATABASE_URL="host=nowhere", ROLLBOOK_AUDIT_KEY="")
    assert result.exit_code == 0, result.output
    assert f"{len(events)} events, against a checkpoint of {SIZES[-1]} events" in result.output


@pytest.mark.feature("AUD-4")
def test_the_published_page_of_python_believes_it_too(exported: Path) -> None:
    code, told = by_the_page(exported)
    assert (code, told.split()[0]) == (0, str(len(read(exported)) - 2))


@pytest.mark.feature("AUD-4")
def test_an_event_that_does_not_name_the_learner_comes_with_the_stream_that_begins_with_one_that_does(
    history: Audited, tmp_path: Path
) -> None:
    """One more export, after a history of streams whose later events name nobody."""
    stream = history.streams[0]
    history.execute(f"UPDATE events SET body = '\\x7b7d' WHERE stream = '{stream}' AND version = 2")
    history.execute("DELETE FROM audit_part", "DELETE FROM audit_checkpoint")
    history.anchor.unlink()
    history.seal()
    file = tmp_path / "export.jsonl"
    assert history.rollbook("export", "enrollment", "--learner", str(LEARNER), "--to", str(file)).exit_code == 0
    assert [event["version"] for event in read(file)[1:-1] if event["stream"] == str(stream)] == [1, 2, 3]


@pytest.mark.feature("AUD-4")
def test_slices_by_offering_and_by_period(history: Audited, tmp_path: Path) -> None:
    history.execute(
        *(f"UPDATE events SET recorded_at = '2026-0{n}-01Z' WHERE position / 1000 = {n - 1}" for n in (1, 2, 3))
    )
    history.execute("DELETE FROM audit_part", "DELETE FROM audit_checkpoint")
    history.anchor.unlink()
    history.seal()

    def positions(*words: str) -> list[int]:
        file = tmp_path / "export.jsonl"
        result = history.rollbook("export", "enrollment", *words, "--to", str(file))
        assert result.exit_code == 0, result.output
        assert (found(file), by_the_page(file)[0]) == ([], 0)
        return [event["position"] for event in read(file)[1:-1]]

    assert positions("--since", "2026-02-01", "--until", "2026-03-01") == list(range(1_000, 2_000))
    assert positions("--offering", str(OFFERING), "--until", "2026-02-01") == list(range(1, 1_000))
    assert positions("--offering", str(LEARNER), "--learner", str(OFFERING), "--until", "2026-01-01") == []


@pytest.fixture
def http(history: Audited) -> Callable[..., TestClient]:
    """The service over HTTP, for whoever holds these permission roles."""
    issuer = Issuer()
    settings = history.settings.model_copy(update={"database_url": history.database.conninfo})
    app = service_app(
        "enrollment", settings=settings, database=history.database, verifier=issuer.verifier, ready=lambda: None
    )
    app.include_router(audit_routes("enrollment", history.database, settings))
    without_key = settings.model_copy(update={"audit_key": ""})
    app.include_router(audit_routes("keys", history.database, without_key))
    return lambda *roles: TestClient(app, headers=issuer.headers(uuid4(), *roles), raise_server_exceptions=False)


@pytest.mark.feature("AUD-4")
def test_the_same_slice_comes_over_http(
    history: Audited, http: Callable[..., TestClient], exported: Path, tmp_path: Path
) -> None:
    auditor = http(("auditor", None))
    answer = auditor.get("/api/enrollment/audit/export", params={"learner": str(LEARNER)})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/jsonl")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="history-enrollment.jsonl"'
    file = tmp_path / "over-http.jsonl"
    file.write_bytes(answer.content)
    assert read(file)[:-1] == read(exported)[:-1]
    assert (found(file), by_the_page(file)[0]) == ([], 0)
    whole = auditor.get("/api/enrollment/audit/export").text.splitlines()
    assert len(whole) == SIZES[-1] + 2
    until = {"until": "1999-12-31T00:00:00+00:00"}
    assert len(auditor.get("/api/enrollment/audit/export", params=until).text.splitlines()) == 2
    told = auditor.get("/api/enrollment/audit/signed").json()
    assert (told["events"], told["signed"]) == (history.size, SIZES[-1])
    assert (told["checkpoint"], told["public_key"]) == (history.notes()[-1], public_key())


@pytest.mark.feature("AUD-4", "SEC-4")
def test_over_http_it_is_for_those_who_may_export_everything(history: Audited, http: Callable[..., TestClient]) -> None:
    for path in ("/api/enrollment/audit/export", "/api/enrollment/audit/signed"):
        for roles in ((), (("enrollment-manager", None),), (("auditor", uuid4()),)):
            refused = http(*roles).get(path)
            assert (refused.status_code, refused.json()["permission"]) == (403, "export-history")
    auditor = http(("site-administrator", None))
    assert auditor.get("/api/enrollment/audit/export", params={"since": "2026-01-01"}).status_code == 422
    refused = auditor.get("/api/keys/audit/export")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "not-signed")
    history.execute("UPDATE events SET body = body || '\\x20' WHERE position = 7")
    assert auditor.get("/api/enrollment/audit/export").status_code == 500, (
        "nothing is handed out that is not as recorded"
    )


def set_field(position: int, name: str, value: Any) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[position][name] = value

    return change


def forge_seal(lines: Lines) -> None:
    lines[-1]["seal"] = lines[-1]["seal"].replace("\n\n", "\n\n", 1).replace("/export\n", "/exports\n", 1)


def remove_neatly(lines: Lines) -> None:
    """With all numbers mended, as somebody would who knows the format."""
    del lines[2]
    lines[2]["previous"] = lines[1]["position"]
    lines[-1]["events"] -= 1


def cut_neatly(lines: Lines) -> None:
    del lines[-3:-1]
    lines[-1] |= {"events": len(lines) - 2, "last": lines[-2]["position"]}


@pytest.mark.feature("AUD-3", "AUD-4")
@pytest.mark.parametrize(
    ("falsify", "kinds"),
    [
        (set_field(2, "body", "{}"), {"changed"}),
        (set_field(2, "meta", "{}"), {"changed"}),
        (set_field(2, "recorded_at", "2026-01-01T00:00:00.000000+00:00"), {"changed"}),
        (set_field(2, "position", 3), {"changed", "reordered"}),
        (set_field(2, "proof", []), {"changed"}),
        (set_field(2, "proof", ["no proof"]), {"changed"}),
        (lambda lines: lines.pop(2), {"removed"}),
        (remove_neatly, {"changed"}),
        (lambda lines: lines.insert(3, {**lines[2], "version": 9}), {"changed", "reordered", "removed"}),
        (lambda lines: lines.insert(2, lines.pop(3)), {"reordered", "removed"}),
        (lambda lines: lines.pop(), {"cut tail"}),
        (lambda lines: lines.pop(-2), {"removed"}),
        (cut_neatly, {"changed"}),
        (forge_seal, {"forged seal"}),
        (lambda lines: lines.append(lines[2]), {"added"}),
    ],
)
def test_a_falsified_export_is_not_believed(
    history: Audited, exported: Path, falsify: Callable[[Lines], object], kinds: set[str]
) -> None:
    lines = read(exported)
    falsify(lines)
    write(exported, lines)
    assert {kind for _, kind in found(exported)} == kinds
    assert history.rollbook("verify", "--file", str(exported)).exit_code == 1
    assert by_the_page(exported)[0] == 1


@pytest.mark.feature("AUD-4")
def test_the_position_of_what_was_removed_or_changed_is_told(exported: Path) -> None:
    lines = read(exported)
    removed, changed = lines.pop(5), lines[9]
    changed["body"] = "{}"
    write(exported, lines)
    assert (removed["previous"] + 1, "removed") in found(exported)
    assert (changed["position"], "changed") in found(exported)


@pytest.mark.feature("AUD-4")
def test_a_checkpoint_of_somebody_else_is_not_believed(history: Audited, exported: Path) -> None:
    other = ("--public-key", Signer("b2" * 32).public.hex())
    result = history.rollbook("verify", "--file", str(exported), *other)
    assert result.exit_code == 1
    assert "forged checkpoint" in result.output
    assert history.rollbook("verify", "--file", str(PAGE)).exit_code == 2


@pytest.mark.feature("AUD-4")
def test_what_was_falsified_in_the_database_is_not_exported(history: Audited, tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    history.execute("UPDATE events SET body = '\\x7b7d' WHERE position = 1100")
    result = history.rollbook("export", "enrollment", "--to", str(file))
    assert result.exit_code == 2
    assert "position 1100 is not as recorded" in result.output
    assert not file.exists()
    history.execute(
        "UPDATE audit_part SET leaves = set_byte(leaves, 5, 0), root = decode(repeat('00', 32), 'hex') WHERE part = 0"
    )
    assert history.rollbook("export", "enrollment", "--to", str(file)).exit_code == 2


def test_what_is_not_signed_yet_is_not_exported(database: Callable[..., Database], tmp_path: Path) -> None:
    history = Audited(database(), tmp_path)
    history.write(5)
    result = history.rollbook("export", "enrollment")
    assert result.exit_code == 2
    assert "not signed yet" in result.output
    assert history.rollbook("export", "nothing").exit_code == 2


def test_a_proof_is_a_list_of_hashes_in_base64(exported: Path) -> None:
    assert {len(base64.b64decode(one)) for event in read(exported)[1:-1] for one in event["proof"]} == {32}
