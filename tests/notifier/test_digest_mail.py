"""The daily e-mail about what waits for an approver (NTF-1)."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from notifier.fake_smtp import FakeSmtpServer
from notifier.harness import Harness

from shared.contracts.approvals import DecisionsWaited


def wait(harness: Harness, requests: int, language: str | None = None) -> None:
    person = harness.person("max@example.org", language=language)
    told = {"person_id": person, "day": date(2027, 3, 1), "requests": requests, "oldest": date(2027, 2, 22)}
    harness.tell("approvals", (DecisionsWaited, uuid4(), told))
    harness.settle()


@pytest.mark.feature("NTF-1", "APR-1")
@pytest.mark.parametrize(
    ("requests", "language", "subject", "said"),
    [
        (3, "en", "3 requests are waiting for your decision", "The oldest has been waiting since 22 February 2027."),
        (1, "de", "1 Anfrage wartet auf Ihre Entscheidung", "1 Anfrage wartet seit 22.02.2027 auf Ihre Entscheidung."),
    ],
)
def test_an_approver_is_told_how_much_waits_and_since_when(
    harness: Harness, requests: int, language: str, subject: str, said: str
) -> None:
    wait(harness, requests, language)
    with FakeSmtpServer() as server:
        harness.send(server)
        harness.send(server)
    (letter,) = server.letters
    assert letter["Subject"] == subject
    plain, html = (part.get_content() for part in letter.iter_parts())  # type: ignore[attr-defined]
    for text in (plain, html):
        assert said in text
        assert "http://127.0.0.1:8000/approvals" in text


@pytest.mark.feature("NTF-1", "NTF-5")
def test_a_digest_of_yesterday_is_not_sent(harness: Harness) -> None:
    wait(harness, 3)
    with harness.database.connection() as conn:
        conn.execute("UPDATE ledger SET caused_at = caused_at - interval '25 hours'")
    with FakeSmtpServer() as server:
        harness.send(server)
    assert server.letters == []
    rows: list[dict[str, Any]] = harness.rows()
    assert [(row["state"], row["reason"]) for row in rows] == [("withdrawn", "reason-gone")]
