"""E-mails of a command that says that they are held or silenced, and a person's word on those that are held (NTF-3, NTF-5)."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from notifier.fake_smtp import FakeSmtpServer
from notifier.harness import Harness, doubled
from rich.console import Console
from typer.testing import CliRunner

from services.cli import client as cli_client
from services.cli import mail as cli_mail
from services.cli.commands import app
from services.notifier.reactions import held_mails
from shared.contracts import enrollment

pytestmark = pytest.mark.feature("NTF-3")

ASKER = UUID("11111111-1111-4111-8111-111111111111")
EVERYBODY = ("ada@example.org", "bea@example.org", "cy@example.org")


def held(harness: Harness, *addresses: str, home: UUID | None = None, batch: UUID | None = None) -> UUID:
    """These people are assigned by a command whose e-mails are held. Returns its batch."""
    batch = batch or uuid4()
    people = [harness.person(address, home=home) for address in addresses]
    harness.assign(harness.course(), *people, batch=batch, notifications="hold", actor=ASKER)
    harness.settle()
    return batch


def batches(harness: Harness) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = harness.http.get("/api/notifier/held").json()["items"]
    return found


def say(harness: Harness, action: str, batch: UUID, **headers: str) -> httpx.Response:
    return harness.http.post(f"/api/notifier/held/{batch}/{action}", headers=headers)


def test_what_is_held_waits_until_a_person_releases_it_and_goes_once(harness: Harness) -> None:
    batch = held(harness, *EVERYBODY)
    with FakeSmtpServer() as server:
        harness.newcomers("dee@example.org")
        harness.send(server)
        assert (harness.states(), len(server.accepted)) == ({"held": 3, "sent": 1}, 1)
        (one,) = batches(harness)
        assert (one["batch"], one["emails"], one["held_by"]) == (str(batch), 3, str(ASKER))
        assert one["occasions"] == [{"template": "assigned", "emails": 3}]
        assert one["offering_title"] == "Fire safety"
        first = say(harness, "release", batch, **{"Idempotency-Key": "once"}).json()
        assert first["result"]["emails"] == 3
        harness.send(server)
        again = say(harness, "release", batch, **{"Idempotency-Key": "once"}).json()
        harness.send(server)
        assert again == first
        assert (harness.states(), len(server.accepted)) == ({"sent": 4}, 4)
        assert not doubled(server.accepted)
    assert batches(harness) == []
    row = next(row for row in harness.rows() if row["withheld_by"])
    message = harness.http.get(f"/api/notifier/messages/{row['message_id']}").json()
    assert [(d["action"], d["actor"]) for d in message["decisions"]] == [("release", str(harness.administrator))]


def test_what_is_dropped_is_never_sent_and_the_ledger_says_who_dropped_it(harness: Harness) -> None:
    batch = held(harness, *EVERYBODY)
    assert say(harness, "drop", batch).status_code == 200
    with FakeSmtpServer() as server:
        harness.send(server)
        assert server.accepted == []
    assert [(row["state"], row["reason"]) for row in harness.rows()] == [("withdrawn", "dropped")] * 3
    message = harness.http.get(f"/api/notifier/messages/{harness.rows()[0]['message_id']}").json()
    assert [(d["action"], d["actor"]) for d in message["decisions"]] == [("drop", str(harness.administrator))]
    gone = say(harness, "release", batch)
    assert (gone.status_code, gone.json()["field"]) == (404, "batch_id")


def test_what_is_silenced_is_in_the_ledger_with_who_said_so_and_is_never_sent(harness: Harness) -> None:
    people = [harness.person(address) for address in EVERYBODY]
    harness.assign(harness.course(), *people, notifications="silence", actor=ASKER)
    with FakeSmtpServer() as server:
        harness.send(server)
        assert server.accepted == []
    rows = [(row["state"], row["reason"], row["withheld_by"]) for row in harness.rows()]
    assert rows == [("withdrawn", "silenced", str(ASKER))] * 3
    assert batches(harness) == []


@pytest.mark.feature("NTF-5")
def test_what_is_held_is_withdrawn_when_its_reason_is_gone(harness: Harness) -> None:
    offering, (ada, bea) = harness.course(), (harness.person("ada@example.org"), harness.person("bea@example.org"))
    batch = uuid4()
    harness.assign(offering, ada, bea, batch=batch, notifications="hold", actor=ASKER)
    harness.settle()
    harness.withdraw(offering, ada)
    harness.settle()
    (row,) = harness.rows(person_id=ada, template="assigned")
    assert (row["state"], row["reason"]) == ("withdrawn", "reason-gone")
    assert [one["emails"] for one in batches(harness)] == [1]
    assert say(harness, "release", batch).json()["result"]["emails"] == 1


@pytest.mark.feature("CAT-17")
def test_what_was_switched_off_meanwhile_does_not_go_when_it_is_released(harness: Harness) -> None:
    batch = held(harness, "ada@example.org")
    offering = UUID(harness.rows()[0]["offering_id"])
    harness.switch(offering, "withdrawn", "completed")
    harness.settle()
    say(harness, "release", batch)
    with FakeSmtpServer() as server:
        harness.send(server)
        assert server.accepted == []
    assert [(row["state"], row["reason"]) for row in harness.rows()] == [("withdrawn", "switched-off")]


def test_administrators_are_told_of_exceptions_as_their_command_says(harness: Harness) -> None:
    offering, admin = harness.course(), harness.appoint("site@example.org", None)
    batch = uuid4()
    harness.hold(offering, harness.person("ada@example.org"), batch=batch, notifications="hold", actor=ASKER)
    harness.hold(offering, harness.person("bea@example.org"), notifications="silence", actor=ASKER)
    harness.settle()
    assert harness.notices() == [(str(admin), "held", None), (str(admin), "withdrawn", "silenced")]
    assert [one["occasions"] for one in batches(harness)] == [[{"template": "exceptions", "emails": 1}]]
    with FakeSmtpServer() as server:
        say(harness, "release", batch)
        harness.send(server)
        assert len(server.accepted) == 1


@pytest.mark.feature("NTF-1")
def test_a_job_role_is_told_of_as_its_command_says(harness: Harness) -> None:
    fields = {"person_id": harness.person(), "job_role_id": uuid4()}
    harness.tell("enrollment", (enrollment.JobRoleAssigned, uuid4(), fields), notifications="hold", actor=ASKER)
    harness.settle()
    assert harness.states() == {"held": 1}


def test_many_are_released_in_sets_and_what_comes_later_waits_for_another_word(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_mails, "_CHUNK", 2)
    batch = held(harness, *[f"p{n}@example.org" for n in range(5)])
    assert say(harness, "release", batch).json()["result"]["emails"] == 5
    assert batches(harness)[0]["ordered"] == "release"
    late = harness.person("late@example.org")
    harness.assign(harness.course(), late, batch=batch, notifications="hold", actor=ASKER)
    harness.settle()
    assert harness.states() == {"waiting": 5, "held": 1}
    assert [(one["emails"], one["ordered"]) for one in batches(harness)] == [(1, None)]


@pytest.mark.feature("OPS-8")
def test_an_order_that_was_interrupted_goes_on_where_it_was(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_mails, "_CHUNK", 2)
    batch = held(harness, *[f"p{n}@example.org" for n in range(5)])
    say(harness, "drop", batch)
    look = held_mails.HeldMailOrders()
    with harness.database.transaction() as conn:
        assert look.tell(conn, None) == 2
    with harness.database.connection() as conn:
        conn.execute("BEGIN")
        assert look.tell(conn, None) == 2
        conn.execute("ROLLBACK")
    assert harness.states() == {"held": 3, "withdrawn": 2}
    harness.settle()
    assert harness.states() == {"withdrawn": 5}


@pytest.mark.feature("SEC-2")
def test_only_e_mails_to_people_of_ones_organisations_are_seen_released_and_dropped(harness: Harness) -> None:
    ours, theirs = harness.unit(), harness.unit()
    batch = held(harness, "ada@example.org", "bea@example.org", home=ours)
    held(harness, "cy@example.org", home=theirs, batch=batch)
    manager = harness.client(("operations-manager", theirs))
    (seen,) = manager.get("/api/notifier/held").json()["items"]
    assert seen["emails"] == 1
    assert manager.get(f"/api/notifier/held/{batch}").json() == seen
    assert manager.post(f"/api/notifier/held/{batch}/release").json()["result"]["emails"] == 1
    harness.settle()
    assert harness.states() == {"held": 2, "waiting": 1}
    assert manager.get(f"/api/notifier/held/{batch}").status_code == 404
    assert manager.post(f"/api/notifier/held/{batch}/drop").status_code == 404
    assert batches(harness)[0]["emails"] == 2


@pytest.mark.feature("SEC-4")
@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/{}"), ("POST", "/{}/release"), ("POST", "/{}/drop")]
)
def test_who_may_only_read_mail_is_told_what_is_missing(harness: Harness, method: str, path: str) -> None:
    answer = harness.client(("auditor", None)).request(method, f"/api/notifier/held{path.format(uuid4())}")
    assert (answer.status_code, answer.json()["permission"]) == (403, "hold-mail")


def test_what_is_held_is_paged_newest_first(harness: Harness) -> None:
    made = [str(held(harness, f"p{n}@example.org")) for n in range(3)]
    first = harness.http.get("/api/notifier/held", params={"limit": 2}).json()
    rest = harness.http.get("/api/notifier/held", params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["batch"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None


@pytest.mark.feature("NTF-4")
def test_after_a_restore_what_was_held_is_unknown_and_what_was_silenced_is_not(harness: Harness) -> None:
    held(harness, "ada@example.org")
    harness.assign(harness.course(), harness.person("bea@example.org"), notifications="silence", actor=ASKER)
    harness.settle()
    assert harness.http.post("/api/notifier/restored").status_code == 200
    assert harness.states() == {"unknown": 1, "withdrawn": 1}


def test_an_operator_lists_releases_and_drops_on_the_command_line(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_client.httpx, "Client", lambda **_: harness.http)
    monkeypatch.setattr(harness.http, "close", lambda: None)

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["mail", *words, "--token", harness.http.headers["Authorization"].split()[1]])
        harness.settle()
        return f"{done.exit_code} {' '.join(done.output.split())}"

    assert run("held") == "0 No e-mail is held."
    first, second = held(harness, "ada@example.org", "bea@example.org"), held(harness, "cy@example.org")
    monkeypatch.setattr(cli_mail, "out", Console(width=80))
    listed = run("held")
    assert f"{first}" in listed
    assert f"{second}" in listed
    monkeypatch.setattr(cli_mail, "out", Console(width=250))
    listed = run("held")
    assert "2 assigned 2 Fire safety" in listed
    assert run("release", f"{first}") == "0 2 e-mails are being released."
    assert run("drop", f"{second}") == "0 1 e-mails are being dropped."
    assert harness.states() == {"waiting": 2, "withdrawn": 1}
    assert run("drop", f"{second}").startswith("2 ")
