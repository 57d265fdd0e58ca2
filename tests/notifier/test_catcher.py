"""The embedded suite's mail catcher, with the whole service running beside it."""

import smtplib
import socket
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from notifier.harness import Harness, eventually

from shared.database import Database
from shared.ports import free_port


@pytest.fixture
def harness_with_catcher(
    database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> Iterator[Harness]:
    one = Harness(database, feed_conninfo, catcher=True, smtp_port=free_port(), mail_from="Rollbook <r@example.org>")
    one.service.start()
    yield one
    one.service.stop()


def everybody_mailed(harness: Harness) -> tuple[UUID, UUID]:
    ada, bea = harness.person("Ada@example.org"), harness.person("bea@example.org", language="de")
    harness.assign(harness.course("Fire safety"), ada, bea)
    eventually(lambda: harness.states() == {"sent": 2})
    return ada, bea


@pytest.mark.feature("NTF-1", "NTF-4")
def test_every_email_of_the_ledger_is_caught_once(harness_with_catcher: Harness) -> None:
    everybody_mailed(harness_with_catcher)
    caught = harness_with_catcher.http.get("/api/notifier/caught").json()["items"]
    assert {c["message_id"] for c in caught} == {row["message_id"] for row in harness_with_catcher.rows()}
    assert len(caught) == 2
    assert [c["id"] for c in caught] == sorted((c["id"] for c in caught), reverse=True)


@pytest.mark.feature("NTF-1")
def test_caught_emails_are_found_by_person_and_by_address_and_read_whole(harness_with_catcher: Harness) -> None:
    _, bea = everybody_mailed(harness_with_catcher)
    http = harness_with_catcher.http
    (to_bea,) = http.get("/api/notifier/caught", params={"person_id": str(bea)}).json()["items"]
    (to_ada,) = http.post("/api/notifier/caught/search", json={"to": "ada@EXAMPLE.org"}).json()["items"]
    assert (to_bea["recipient"], to_ada["recipient"]) == ("bea@example.org", "Ada@example.org")
    letter = http.get(f"/api/notifier/caught/{to_bea['id']}").json()
    assert ["Subject", "Ihnen wurde Fire safety zugewiesen"] in letter["headers"]
    assert "„Fire safety“" in letter["text"]
    assert "<strong>Fire safety</strong>" in letter["html"]
    assert http.get("/api/notifier/caught/999999").status_code == 404


@pytest.mark.feature("NTF-1")
def test_a_caught_email_shows_what_was_typed_and_its_one_recipient(harness_with_catcher: Harness) -> None:
    typed = "=?utf-8?q?Eve=0D=0ABcc=3A_boss=40example=2Enet?="
    eve = harness_with_catcher.person("eve@straße.example", first_name=typed, last_name="<boss@example.net>, Lind")
    harness_with_catcher.assign(harness_with_catcher.course(f"{typed}  for all"), eve)
    eventually(lambda: harness_with_catcher.states() == {"sent": 1})
    http = harness_with_catcher.http
    (found,) = http.post("/api/notifier/caught/search", json={"to": "eve@straße.example"}).json()["items"]
    assert (found["recipient"], found["subject"]) == (
        "eve@xn--strae-oqa.example",
        f"You have been assigned to {typed}  for all",
    )
    headers = http.get(f"/api/notifier/caught/{found['id']}").json()["headers"]
    assert ["To", f'"{typed} <boss@example.net>, Lind" <eve@xn--strae-oqa.example>'] in headers
    assert ["From", "Rollbook <r@example.org>"] in headers
    assert "Bcc" not in [name for name, _ in headers]


@pytest.mark.feature("NTF-4")
def test_an_email_is_kept_before_its_sender_hears_so(harness_with_catcher: Harness) -> None:
    settings = harness_with_catcher.settings

    def listening() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((settings.smtp_host, settings.smtp_port)) == 0

    eventually(listening)
    with smtplib.SMTP(settings.smtp_host, settings.smtp_port) as server:
        server.sendmail("a@example.org", ["b@example.org", "c@example.org"], b"Subject: Hello\r\n\r\nbody\r\n")
        with harness_with_catcher.database.connection() as conn:
            kept = conn.execute("SELECT recipient, subject FROM caught_mail ORDER BY id").fetchall()
    assert kept == [("b@example.org", "Hello"), ("c@example.org", "Hello")]


@pytest.mark.feature("SEC-2")
def test_who_may_not_read_mail_reads_no_caught_mail(harness_with_catcher: Harness) -> None:
    everybody_mailed(harness_with_catcher)
    learner = harness_with_catcher.client(("learner", None))
    assert learner.get("/api/notifier/caught").status_code == 403
    elsewhere = harness_with_catcher.client(("auditor", harness_with_catcher.administrator))
    assert elsewhere.get("/api/notifier/caught").json()["items"] == []
    newest = harness_with_catcher.http.get("/api/notifier/caught").json()["items"][0]["id"]
    assert elsewhere.get(f"/api/notifier/caught/{newest}").status_code == 404


@pytest.mark.feature("NTF-4")
def test_without_the_catcher_there_is_nothing_to_read(harness: Harness) -> None:
    assert harness.http.get("/api/notifier/caught").status_code == 404
