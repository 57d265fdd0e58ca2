"""E-mails about accounts from the directory that has them to a mail server (SEC-3, KEY-7)."""

from collections.abc import Callable, Iterator
from uuid import UUID

import httpx
import pytest
from fastapi.testclient import TestClient
from notifier.fake_smtp import FakeSmtpServer, always, first_then

from services.directory.application.profiles import ProfileRequest
from services.directory.application.registrations import NewPerson
from services.directory.application.structure import NewFramework, NewUnit
from services.directory.main import build, build_parts
from services.notifier.mailer.account_mails import AccountMailer
from services.notifier.mailer.letters import Email, EmailData, Letters
from services.notifier.mailer.mailer import MailServer
from shared.auth import Scope
from shared.database import Database
from shared.events import SYSTEM
from shared.service_client import ServiceClient
from shared.settings import Settings
from shared.store import CommandContext

SECRET = "between services"


class Accounts:
    """A directory with Zoë, who speaks German, and a mailer that reaches it."""

    def __init__(self, database: Database) -> None:
        settings = Settings(database_url=database.conninfo, service_secret=SECRET)
        self.database = database
        self.service = build(settings)
        self.http = TestClient(self.service.app)
        new = NewPerson(
            first_name="Zoë", last_name="Lind", email="zoe@example.org", password="correct horse battery", language="de"
        )
        self.parts = build_parts(settings, database)
        self.parts.registrations.register(CommandContext(SYSTEM), Scope(everything=True), None, new)

    def mailer(self, server: FakeSmtpServer, secret: str = SECRET, letters: Letters | None = None) -> AccountMailer:
        letters = letters or Letters("Rollbook <rollbook@example.org>", "https://rollbook.example")
        services = ServiceClient(self.http, "rollbook-notifier", secret)
        return AccountMailer(services, letters, MailServer("127.0.0.1", server.port), "https://rollbook.example", 0.1)

    def forgot(self) -> None:
        assert self.http.post("/api/directory/password-resets", json={"email": "zoe@example.org"}).status_code == 202

    def register(self) -> None:
        """Somebody new, in an organisation that is open to strangers."""
        everything, structure = Scope(everything=True), self.parts.structure
        new_framework = NewFramework(kind="organisation", name="Legal", external_id="legal")
        framework = structure.create_framework(CommandContext(SYSTEM), new_framework).result
        assert isinstance(framework, dict)
        new = NewUnit(framework_id=UUID(str(framework["framework_id"])), name="Ward", external_id="ward")
        unit = structure.create_unit(CommandContext(SYSTEM), everything, new).result
        assert isinstance(unit, dict)
        profile = ProfileRequest(anonymous_registration=True)
        self.parts.profiles.set(CommandContext(SYSTEM), everything, UUID(str(unit["unit_id"])), profile, None)
        person = {"first_name": "Bo", "last_name": "Ek", "email": "bo@example.org", "country": "SE"}
        asked = {**person, "password": "correct horse battery", "organisation": "ward"}
        assert self.http.post("/api/directory/registrations", json=asked).status_code == 202

    def later(self) -> None:
        with self.database.connection() as conn:
            conn.execute("UPDATE account_mail SET claimed_until = now() - interval '1 second'")


@pytest.fixture
def accounts(database: Callable[..., Database]) -> Iterator[Accounts]:
    made = Accounts(database("services.directory"))
    yield made
    made.service.close()


@pytest.mark.feature("SEC-3")
def test_the_link_in_the_email_sets_a_new_password(accounts: Accounts) -> None:
    accounts.forgot()
    with FakeSmtpServer() as server:
        mailer = accounts.mailer(server)
        assert (mailer.step(), mailer.step()) == (1, 0)
    (letter,) = server.letters
    assert letter["Subject"] == "Neues Passwort wählen"
    assert "zoe@example.org" in letter["To"]
    part = letter.get_body(("plain",))
    assert part is not None
    text = part.get_content()
    assert "Guten Tag Zoë Lind," in text
    assert "15 Minuten" in text
    token = text.split("https://rollbook.example/password/new#")[1].split()[0]
    body = {"token": token, "password": "another long password"}
    assert accounts.http.post("/api/directory/password-resets/confirm", json=body).status_code == 204


@pytest.mark.feature("KEY-7", "SEC-3")
def test_a_registration_is_confirmed_on_its_page_with_a_token_that_no_server_is_sent(accounts: Accounts) -> None:
    accounts.register()
    with FakeSmtpServer() as server:
        assert accounts.mailer(server).step() == 1
    (letter,) = server.letters
    plain, html = (part.get_content() for part in letter.iter_parts())  # type: ignore[attr-defined]
    token = plain.split("https://rollbook.example/join/confirm#")[1].split()[0]
    assert f'href="https://rollbook.example/join/confirm#{token}"' in html
    assert accounts.http.post("/api/directory/registrations/confirm", json={"token": token}).status_code == 201


@pytest.mark.feature("SEC-3")
def test_what_the_mail_server_did_not_take_is_sent_again_and_what_it_refused_is_not(accounts: Accounts) -> None:
    accounts.forgot()
    with FakeSmtpServer(content=first_then("451 later")) as server:
        mailer = accounts.mailer(server)
        assert mailer.step() == 0
        accounts.later()
        assert mailer.step() == 1
        assert len(server.letters) == 1
    accounts.forgot()
    with FakeSmtpServer(content=always("550 no")) as server:
        mailer = accounts.mailer(server)
        assert mailer.step() == 1
        accounts.later()
        assert mailer.step() == 0


@pytest.mark.feature("SEC-3", "SEC-5")
def test_a_mailer_with_another_secret_is_told_nothing(accounts: Accounts) -> None:
    accounts.forgot()
    with FakeSmtpServer() as server, pytest.raises(httpx.HTTPStatusError):
        accounts.mailer(server, "wrong").step()
    assert server.letters == []


class Crashing(Letters):
    """Has a fault in what it makes of one address."""

    def compose(self, about: EmailData) -> Email:
        if about.email == "bo@example.org":
            raise ZeroDivisionError
        return super().compose(about)


@pytest.mark.feature("SEC-3", "OPS-8")
def test_an_email_that_cannot_be_composed_keeps_no_other_one_back(accounts: Accounts) -> None:
    accounts.register()
    accounts.forgot()
    with FakeSmtpServer() as server:
        letters = Crashing("Rollbook <rollbook@example.org>", "https://rollbook.example")
        assert accounts.mailer(server, letters=letters).step() == 1
        assert len(server.letters) == 1
        accounts.later()
        assert accounts.mailer(server).step() == 1
        assert len(server.letters) == 2
