"""Keys by e-mail, from the keys service that has them to a mail server (KEY-11, NTF-4, NTF-5)."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import profiles
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi.testclient import TestClient
from keys.harness import Keys
from keys.mailing import Pool, notifier
from keys.searching import everything, traces
from notifier.fake_smtp import LOST, FakeSmtpServer, always, first_then
from notifier.harness import Harness, doubled

from services.notifier.catcher import parse
from services.notifier.mailer.key_mails import KeyMails
from shared.database import Database
from shared.profiles import Profile
from shared.service_client import ServiceClient
from shared.store import Store


class Office:
    """A pool of three keys, and a notifier that follows the keys service and can ask it."""

    def __init__(self, fresh: Callable[..., Database], conninfo: Callable[[Database], str]) -> None:
        self.keys = Keys(fresh, conninfo)
        own = Store(self.keys.database)
        theirs = {"catalog": self.keys.catalog, "directory": self.keys.directory, "enrollment": self.keys.enrollment}
        self.mail = Harness(fresh, conninfo, {**theirs, "approvals": self.keys.enrollment, "keys": own})
        self.asks(notifier(self.keys))
        self.pool = Pool(self.keys)

    def asks(self, client: TestClient) -> None:
        services = ServiceClient(client, "rollbook-notifier", "")
        services._token = client.headers["Authorization"].removeprefix("Bearer ")
        self.mail.key_mails = KeyMails(self.mail.database, services, 0.1)

    def person(self, first: str, language: str | None = None) -> UUID:
        id = self.keys.person(self.keys.head, first, "Lind")
        email = f"{first.lower()}@example.org"
        profile = Profile(first_name=first, last_name="Lind", email=email, user_name=email, language=language)
        profiles.save(self.keys.directory.database, id, profile)
        self.keys.settle()
        return id

    def send(self, server: FakeSmtpServer, until: Callable[[], bool] | None = None) -> None:
        """What waits, and the keys service is told."""
        self.mail.send(server, until=until)
        assert self.mail.key_mails
        self.mail.key_mails.step()

    def listed(self) -> list[tuple[str, str]]:
        """State of key and e-mail, in the order of sending."""
        return [(one["key_state"], one["mail_state"]) for one in reversed(self.pool.listed())]

    def secrets(self) -> list[str]:
        return sorted(self.pool.texts())

    def close(self) -> None:
        self.mail.close()
        self.keys.close()


@pytest.fixture
def office(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Office]:
    made = Office(database, feed_conninfo)
    yield made
    made.close()


def plain(letter: Any) -> str:
    return str(letter.get_body(("plain",)).get_content()).replace("\r\n", "\n")


@pytest.mark.feature("KEY-11", "NTF-1", "NTF-4")
def test_each_recipient_is_sent_one_email_with_a_key_that_opens_the_course(office: Office) -> None:
    ada = office.person("Ada", "de-CH")
    office.pool.outcomes(ada, "b@example.org")
    with FakeSmtpServer() as server:
        office.send(server)
        office.send(server)
    assert doubled(server.accepted) == set()
    by_address = {str(letter["To"]): letter for letter in server.letters}
    assert set(by_address) == {"Ada Lind <ada@example.org>", "b@example.org"}
    first, second = (by_address[to] for to in sorted(by_address))
    assert first["Subject"] == "Ihr Schlüssel für Forklift"
    assert second["Subject"] == "Your key for Forklift"
    assert plain(first).startswith("Guten Tag Ada Lind,\n\nHead office hat")
    (own,) = [secret for secret in office.secrets() if secret in plain(first)]
    (other,) = [secret for secret in office.secrets() if secret in plain(second)]
    assert own != other
    html = str(first.get_body(("html",)).get_content())
    assert f"<p>{own}</p>" in html
    assert office.listed() == [("sent", "sent"), ("sent", "sent")]
    assert office.keys.redeem(ada, own).status_code == 202


@pytest.mark.feature("KEY-11", "NTF-4")
def test_an_email_of_unknown_fate_is_not_repeated_without_a_persons_word(office: Office) -> None:
    office.pool.outcomes("b@example.org")
    with FakeSmtpServer(content=first_then(LOST)) as server:
        office.send(server)
        office.send(server)
        assert (len(server.letters), office.listed()) == (1, [("sent", "unknown")])
        (row,) = office.mail.rows()
        path = f"/api/notifier/messages/{row['message_id']}/resend"
        assert office.mail.http.post(path).status_code == 200
        office.send(server)
        assert (len(server.letters), office.listed()) == (2, [("sent", "sent")])


@pytest.mark.feature("KEY-11", "NTF-7")
def test_a_keys_service_that_does_not_answer_is_asked_again(office: Office) -> None:
    office.pool.outcomes("b@example.org")
    down = TestClient(office.keys.service.app, headers={"Authorization": "Bearer wrong"})
    office.asks(down)
    with FakeSmtpServer() as server:
        office.mail.send(server, until=lambda: office.mail.rows()[0]["attempts"] > 1)
        assert server.letters == []
        office.asks(notifier(office.keys))
        office.send(server)
        assert len(server.letters) == 1


@pytest.mark.feature("KEY-11", "NTF-5")
def test_an_email_that_waits_is_withdrawn_when_its_key_is_taken_back_and_the_key_goes_to_another(
    office: Office,
) -> None:
    office.pool.outcomes("a@example.org", "b@example.org", "c@example.org")
    office.mail.settle()
    ids = {one["email"]: one["id"] for one in office.pool.listed()}
    assert office.pool.take_back(ids["a@example.org"]) == [{"outcome": "free", "may_be_known": False}]
    assert office.pool.take_back(ids["b@example.org"], then="revoke")[0]["outcome"] == "revoked"
    office.pool.outcomes("d@example.org")
    with FakeSmtpServer() as server:
        office.send(server)
    assert sorted(str(letter["To"]) for letter in server.letters) == ["c@example.org", "d@example.org"]
    assert sorted(row["state"] for row in office.mail.rows()) == ["sent", "sent", "withdrawn", "withdrawn"]
    states = {one["email"]: (one["mail_state"], one["ended_at"] is not None) for one in office.pool.listed()}
    assert states["d@example.org"] == ("sent", False)
    assert states["b@example.org"] == ("withdrawn", True)


@pytest.mark.feature("KEY-11", "NTF-5")
def test_what_is_taken_back_before_the_notifier_hears_of_it_is_not_sent(office: Office) -> None:
    """The keys service says so itself when it is asked: the mailer holds the message by then."""
    office.pool.outcomes("a@example.org")
    office.mail.settle()
    (one,) = office.pool.listed()
    asked = office.mail.key_mails
    assert asked

    class Late(KeyMails):
        def ask(self, about: Any) -> Any:
            if office.pool.counts.get("sent"):
                office.pool.take_back(one["id"])
            return asked.ask(about)

    office.mail.key_mails = Late(office.mail.database, asked._services, 0.1)
    with FakeSmtpServer() as server:
        office.mail.send(server, until=lambda: office.mail.rows()[0]["attempts"] > 0)
        office.send(server)
    assert server.letters == []
    assert [row["state"] for row in office.mail.rows()] == ["withdrawn"]


@pytest.mark.feature("KEY-11")
def test_a_reminder_is_another_email_with_the_same_key_and_replaces_one_that_waits(office: Office) -> None:
    office.keys.restart(key_reminder_days=0)
    office.asks(notifier(office.keys))
    office.pool.outcomes("a@example.org")
    office.mail.settle()
    (one,) = office.pool.listed()
    assert office.pool.remind(one["id"]) == {one["id"]: "reminded"}
    with FakeSmtpServer() as server:
        office.send(server)
        assert len(server.letters) == 1
        assert sorted(row["state"] for row in office.mail.rows()) == ["sent", "withdrawn"]
        office.pool.remind(one["id"])
        office.send(server)
    first, second = server.letters
    assert first["Message-ID"] != second["Message-ID"]
    assert plain(first) == plain(second)


class Repeating(FakeSmtpServer):
    """Refuses to take what goes to some, with the address and the key in its answer; loses the connection to others."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__()
        self._secrets = secrets

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        (recipient,) = envelope.rcpt_tos
        if recipient == "other@example.org":
            self.content = always(LOST)
            return await super().handle_DATA(server, session, envelope)
        text = plain(parse(bytes(envelope.content or b"")))  # type: ignore[arg-type]
        (key,) = [secret for secret in self._secrets if secret in text]
        return f"550 {recipient} must not get {key} nor {key.lower()}"


@pytest.mark.feature("KEY-11", "KEY-10")
def test_no_database_answer_or_log_has_a_key_or_a_typed_address(
    office: Office, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Not even where the mail server repeats both; keys are encrypted in the keys service alone, which has the addresses."""
    office.person("Ada")
    office.pool.outcomes("typed@example.org", "other@example.org", "third@example.org")
    with Repeating(office.secrets()) as server:
        office.send(server)
    assert office.listed().count(("sent", "failed")) == 2
    assert "550" in str(office.mail.rows())
    assert "must not get (key) nor (key)" in str(office.mail.rows())
    kept = {"keys": everything(office.keys.database), "notifier": everything(office.mail.database)}
    for store in (office.keys.directory, office.keys.catalog, office.keys.enrollment):
        kept["others"] = kept.get("others", b"") + everything(store.database)
    said = "".join(capfd.readouterr()) + caplog.text
    said += str(office.mail.rows()) + office.mail.http.get("/api/notifier/metrics").text
    said += str(office.pool.listed()).replace("typed@", "").replace("other@", "").replace("third@", "")
    for secret in office.secrets():
        for trace in traces(secret):
            assert not [name for name, text in kept.items() if trace in text], secret
            assert trace.decode() not in said
    assert b"typed@example.org" in kept["keys"]
    for name in ("typed@example.org", "third@"):
        assert name.encode() not in kept["notifier"] + kept["others"]
        assert name not in said
    with office.keys.database.connection() as conn:
        for table in ("events", "command", "job"):
            query = f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%@example.org%'"
            assert conn.execute(query.encode()).fetchone() == (0,)
