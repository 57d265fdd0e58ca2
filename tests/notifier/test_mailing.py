"""What each behaviour of the mail server makes of an e-mail: never two, and no failure stops the others."""

import asyncio
from uuid import UUID

import pytest
from notifier.fake_smtp import LOST, OK, Answer, FakeSmtpServer, always, first_then
from notifier.harness import Harness, doubled, eventually, running

from services.notifier.domain import Outcome
from services.notifier.mailer.letters import Email
from services.notifier.mailer.smtp import ServerDown, SmtpConnection

EVERYBODY = ("ada@example.org", "bea@example.org", "cy@example.org")


def only(address: str, answer: Answer) -> Answer:
    return lambda recipient, before: answer(recipient, before) if recipient == address else OK


@pytest.mark.feature("NTF-7")
@pytest.mark.parametrize(
    "faults",
    [
        {"rcpt": first_then("450 greylisted")},
        {"rcpt": first_then("421 closing")},
        {"rcpt": first_then(LOST)},
        {"data": first_then("451 later", "354")},
        {"data": first_then(LOST, "354")},
        {"content": first_then("452 no space")},
    ],
    ids=["4xx to the recipient", "421", "lost before DATA", "4xx to DATA", "lost at DATA", "4xx to the message"],
)
def test_what_was_provably_not_accepted_is_tried_again_and_arrives_once(
    harness: Harness, faults: dict[str, Answer]
) -> None:
    harness.newcomers(*EVERYBODY)
    with FakeSmtpServer(**faults) as server:
        harness.send(server)
    assert [(row["state"], row["attempts"]) for row in harness.rows()] == [("sent", 2)] * 3
    assert len(server.accepted) == 3
    assert not doubled(server.accepted)


@pytest.mark.feature("NTF-7")
def test_a_temporary_failure_ends_as_a_failure_after_the_set_number_of_attempts(harness: Harness) -> None:
    harness.newcomers("ada@example.org")
    with FakeSmtpServer(content=always("451 never today")) as server:
        harness.send(server)
    (row,) = harness.rows()
    assert (row["state"], row["reason"], row["attempts"]) == ("failed", "tried-too-often", 5)
    assert (row["answer_code"], row["answer"]) == (451, "never today")


@pytest.mark.feature("NTF-7")
@pytest.mark.parametrize("stage", ["rcpt", "data", "content"])
def test_a_permanent_failure_of_one_address_is_shown_and_the_others_get_their_email(
    harness: Harness, stage: str
) -> None:
    harness.newcomers(*EVERYBODY)
    bounce = always("550 bea@example.org: there is no bea here")

    def answer(recipient: str, before: int) -> str:
        good = "354" if stage == "data" else OK
        return bounce(recipient, before) if recipient == "bea@example.org" else good

    with FakeSmtpServer(**{stage: answer}) as server:
        harness.send(server)
        assert server.attempts(stage, "bea@example.org") == 1
    assert harness.states() == {"failed": 1, "sent": 2}
    (row,) = harness.rows(state="failed")
    assert (row["reason"], row["answer_code"]) == ("refused", 550)
    assert row["answer"] == "(address): there is no (address) here"


@pytest.mark.feature("NTF-7")
def test_a_failed_email_is_sent_when_a_person_says_try_again(harness: Harness) -> None:
    harness.newcomers("ada@example.org")
    with FakeSmtpServer(content=first_then("550 not now, not ever")) as server:
        harness.send(server)
        (row,) = harness.rows(state="failed")
        assert harness.http.post(f"/api/notifier/messages/{row['message_id']}/retry").status_code == 200
        harness.send(server)
    assert harness.states() == {"sent": 1}
    assert len(server.accepted) == 1


@pytest.mark.feature("NTF-4")
def test_a_message_handed_over_without_an_answer_is_unknown_and_never_repeated(harness: Harness) -> None:
    harness.newcomers(*EVERYBODY)
    with FakeSmtpServer(content=only("bea@example.org", first_then(LOST))) as server:
        harness.send(server)
        harness.send(server)
    assert harness.states() == {"sent": 2, "unknown": 1}
    (row,) = harness.rows(state="unknown")
    assert (row["reason"], row["answer"]) == ("no-answer", "after the message was handed over: SMTPServerDisconnected")
    assert len(server.accepted) == 3
    assert not doubled(server.accepted)


@pytest.mark.feature("NTF-4")
def test_an_unknown_email_is_sent_again_on_a_persons_word_which_is_kept(harness: Harness) -> None:
    harness.newcomers("ada@example.org")
    with FakeSmtpServer(content=first_then(LOST)) as server:
        harness.send(server)
        (row,) = harness.rows()
        address = f"/api/notifier/messages/{row['message_id']}"
        assert harness.http.post(f"{address}/resend").status_code == 200
        harness.send(server)
    assert server.accepted == [f"<{row['message_id']}@example.org>"] * 2
    message = harness.http.get(address).json()
    assert message["state"] == "sent"
    assert [(d["action"], d["actor"]) for d in message["decisions"]] == [("resend", str(harness.administrator))]


@pytest.mark.feature("NTF-4")
@pytest.mark.parametrize("outcome", ["sent", "failed"])
def test_an_unknown_email_is_settled_without_sending(harness: Harness, outcome: str) -> None:
    harness.newcomers("ada@example.org")
    with FakeSmtpServer(content=always(LOST)) as server:
        harness.send(server)
        (row,) = harness.rows()
        answer = harness.http.post(f"/api/notifier/messages/{row['message_id']}/settle", json={"outcome": outcome})
        assert answer.status_code == 200
        harness.send(server)
    assert harness.states() == {outcome: 1}
    assert len(server.accepted) == 1


@pytest.mark.feature("NTF-7")
def test_while_the_mail_server_is_down_nothing_counts_as_an_attempt(harness: Harness) -> None:
    server = FakeSmtpServer()
    with server:
        pass
    harness.newcomers(*EVERYBODY)
    harness.settle()
    with running(harness.mailer(server)):
        eventually(lambda: all(row["waiting_for"] == "mailer" for row in harness.rows()))
        with server:
            eventually(lambda: harness.states() == {"sent": 3})
    assert [row["attempts"] for row in harness.rows()] == [1, 1, 1]
    assert not doubled(server.accepted)


@pytest.mark.feature("NTF-7")
def test_a_mail_server_that_knows_the_oldest_greeting_only_is_hung_up_on() -> None:
    async def meet() -> None:
        hung_up = asyncio.Event()

        async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 here\r\n")
            while line := await reader.readline():
                writer.write(b"250 well then\r\n" if line.startswith(b"HELO") else b"554 not like this\r\n")
            hung_up.set()
            writer.close()

        async with await asyncio.start_server(old, "127.0.0.1", 0) as server:
            line = SmtpConnection("127.0.0.1", server.sockets[0].getsockname()[1], "localhost", 20)
            with pytest.raises(ServerDown, match="answer 554"):
                await line.open()
            await asyncio.wait_for(hung_up.wait(), 20)

    asyncio.run(meet())


@pytest.mark.feature("NTF-4")
def test_no_name_title_or_address_can_add_a_header_or_a_recipient(harness: Harness) -> None:
    course = harness.course("Fire\r\nBcc: everybody@example.org\r\n\r\nsafety <b>")
    ada = harness.person("ada@example.org", first_name="Ada\r\nBcc: x@example.org", last_name='"<script>')
    eve = harness.person("eve@example.org>\r\nRCPT TO:<x@example.org")
    harness.assign(course, ada, eve)
    with FakeSmtpServer() as server:
        harness.send(server)
    (letter,) = server.letters
    assert letter["Bcc"] is None
    assert [a.addr_spec for a in letter["To"].addresses] == ["ada@example.org"]
    assert letter["Subject"] == "You have been assigned to Fire Bcc: everybody@example.org safety <b>"
    html = letter.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "safety &lt;b&gt;" in html.get_content()
    (row,) = harness.rows(person_id=str(eve))
    assert (row["state"], row["reason"]) == ("failed", "refused")
    assert "eve@" not in row["answer"]


@pytest.mark.feature("NTF-4")
def test_lines_that_begin_with_a_dot_arrive_as_they_are() -> None:
    letter = Email("r@example.org", "ada@example.org", b"Message-ID: <1@x>\r\n\r\n.\r\n.one\r\n..two\r\n")

    async def deliver(port: int) -> Outcome:
        line = SmtpConnection("127.0.0.1", port, "localhost", 20)
        await line.open()
        outcome = await line.deliver(letter)
        await line.close()
        return outcome

    with FakeSmtpServer() as server:
        assert asyncio.run(deliver(server.port)) == Outcome.answered(250, "taken")
    assert server.letters[0].get_payload() == ".\r\n.one\r\n..two\r\n"


@pytest.mark.feature("NTF-4")
def test_message_ids_are_the_same_in_every_run(harness: Harness) -> None:
    harness.newcomers("ada@example.org")
    harness.settle()
    (before,) = harness.rows()
    with harness.database.connection() as conn:
        conn.execute("TRUNCATE ledger, message, enrollment_fact, high_water")
    harness.settle()
    (after,) = harness.rows()
    assert after["message_id"] == before["message_id"]
    assert UUID(after["message_id"]).version == 5
