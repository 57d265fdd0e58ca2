"""Whatever is typed: the same headers, one recipient, and the typed text for its reader (NTF-1, NTF-4)."""

import re
from datetime import UTC, datetime
from email import policy
from email.header import decode_header
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from notifier.fake_smtp import FakeSmtpServer
from notifier.harness import Harness

from services.notifier.mailer import headers
from services.notifier.mailer.about import EmailData
from services.notifier.mailer.letters import PERSON_HEADER, Letters, Unmailable
from shared.addresses import read_address
from shared.errors import Invalid

NAMES = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", PERSON_HEADER, "MIME-Version", "Content-Type"]
BCC = "=?utf-8?q?Eve=0D=0ABcc=3A_boss=40example=2Enet?="
DUTCH = "van der Hagen-Wolfeschlegelsteinhausen, the Younger"
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
PIECES = [
    BCC,
    "=?utf-8?b?RXZlDQpCY2M6IGJvc3NAZXhhbXBsZS5uZXQ=?=",
    "=?",
    "?=",
    "<boss@example.net>,",
    ", ",
    "  ",
    '"',
    "\\",
    "(",
    ")",
    ";",
    ":",
    "\r\nBcc: boss@example.net",
    "\r\n\r\n",
    "\n",
    "\x00",
    "\u2028",
    "e\u0301",
    "👩‍👩‍👧‍👦",
    "ß",
    "漢字",
    "नमस्ते",
    "\u202e",
    "\u00a0",
    "Maria Antonia",
    "x" * 300,
    "ö" * 120,
]
TYPED = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(max_size=40),
    st.text(st.characters(blacklist_categories=()), max_size=400),
)


def letters() -> Letters:
    return Letters("Rollbook, the <rollbook@example.org>", "http://127.0.0.1:8000")


def about(first: str, last: str, title: str, email: str = "ada@example.org") -> EmailData:
    return EmailData(
        UUID(int=1),
        UUID(int=2),
        "assigned",
        first,
        last,
        email,
        "en",
        title,
        "course",
        datetime(2026, 11, 28, tzinfo=UTC),
    )


def unfolded(head: bytes) -> list[tuple[str, str]]:
    """Names and undecoded values, by the rules of RFC 5322 alone."""
    lines = re.sub(rb"\r\n(?=[ \t])", b"", head).decode("ascii").split("\r\n")
    return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]


def decoded(value: str) -> str:
    parts = decode_header(value)
    return "".join(part if isinstance(part, str) else part.decode(charset or "ascii") for part, charset in parts)


@pytest.mark.feature("NTF-1", "NTF-4")
@settings(deadline=None)
@given(TYPED, TYPED, TYPED)
@example(BCC, "Example", "Fire safety")
@example("Eve", "Example", BCC)
@example("Maria Antonia Josepha Johanna", DUTCH, "Fire safety")
@example("Eve", "<boss@example.net>, Example", "Fire safety")
@example("Eve", "x" * 300, "Fire safety")
@example("Eve", "x " * 500, "ö" * 1000)
@example("Eve", "Example", "Fire  safety   for all ")
@example("", "", "")
def test_whatever_is_typed_there_is_one_recipient_and_every_header_once(first: str, last: str, title: str) -> None:
    head = letters().compose(about(first, last, title)).content.partition(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")
    assert all(0 < len(line) <= 78 and b"\r" not in line and b"\n" not in line for line in lines)
    assert all(len(word) <= 75 for line in lines for word in line.split(b" ") if b"=?" in word)
    found = unfolded(head)
    assert [name for name, _ in found] == NAMES
    name = CONTROLS.sub(" ", f"{first} {last}")
    ((shown, address),) = getaddresses([found[1][1]])
    assert (decoded(shown), address) == (name, "ada@example.org")
    assert decoded(found[2][1]) == "You have been assigned to " + CONTROLS.sub(" ", title)
    assert getaddresses([found[0][1]]) != []
    parsed = BytesHeaderParser(policy=policy.default).parsebytes(head + b"\r\n\r\n")
    assert list(parsed.keys()) == NAMES
    assert [one.addr_spec for one in parsed["To"].addresses] == ["ada@example.org"]
    assert [one.addr_spec for one in parsed["From"].addresses] == ["rollbook@example.org"]


@pytest.mark.feature("NTF-1")
def test_what_every_reader_takes_for_itself_is_not_encoded() -> None:
    head = letters().compose(about("Ada", "Lovelace", "Fire safety")).content
    assert b"\r\nTo: Ada Lovelace <ada@example.org>\r\nSubject: You have been assigned to Fire safety\r\n" in head
    assert head.startswith(b"From: =?utf-8?q?Rollbook=2C?= the <rollbook@example.org>\r\n")


@pytest.mark.feature("NTF-1", "NTF-4")
def test_names_and_titles_of_any_kind_arrive_at_their_one_recipient(harness: Harness) -> None:
    course = harness.course(f"{BCC}  for all")
    people = [
        harness.person("eve@example.org", first_name=BCC, last_name="Example"),
        harness.person("maria@example.org", first_name="Maria Antonia Josepha Johanna", last_name=DUTCH),
        harness.person("ida@example.org", first_name="Ida", last_name="<boss@example.net>, Lind"),
        harness.person("lea@example.org", first_name="Lea", last_name="x" * 300),
    ]
    harness.assign(course, *people)
    with FakeSmtpServer() as server:
        harness.send(server)
    assert harness.states() == {"sent": 4}
    to = {letter["To"].addresses[0].addr_spec: letter for letter in server.letters}
    assert set(to) == {"eve@example.org", "maria@example.org", "ida@example.org", "lea@example.org"}
    for letter in server.letters:
        assert list(letter.keys()) == NAMES
        assert len(letter["To"].addresses) == 1
        assert letter["Subject"] == f"You have been assigned to {BCC}  for all"
    shown = {address: letter["To"].addresses[0].display_name for address, letter in to.items()}
    assert shown["ida@example.org"] == "Ida <boss@example.net>, Lind"
    assert shown["maria@example.org"] == f"Maria Antonia Josepha Johanna {DUTCH}"
    assert shown["eve@example.org"].replace(" ", "") == f"{BCC}Example"
    assert shown["lea@example.org"].replace(" ", "") == "Lea" + "x" * 300


@pytest.mark.feature("NTF-1")
@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("ana@straße.example", "ana@xn--strae-oqa.example"),
        ("ana@βόλος.example", "ana@xn--nxasmm1c.example"),
        ("grüße@straße.example", "grüße@xn--strae-oqa.example"),
        ("o'brien+x@Example.org", "o'brien+x@Example.org"),
    ],
)
def test_an_email_goes_to_the_domain_that_was_typed(harness: Harness, typed: str, sent: str) -> None:
    harness.newcomers(typed)
    with FakeSmtpServer() as server:
        harness.send(server)
        assert server.attempts("rcpt", sent) == 1
    (letter,) = server.letters
    assert letter["To"].addresses[0].domain == sent.partition("@")[2]
    assert f"<{sent}>" in letter["To"].encode("utf-8", "surrogateescape").decode()


@pytest.mark.feature("NTF-7")
@pytest.mark.parametrize(
    "typed", ["a(b)@x.example", "a@x.example\n", '"a b"@x.example', "a@b@x.example", "a@x..example"]
)
def test_an_address_that_is_none_fails_for_good_and_the_others_get_their_email(harness: Harness, typed: str) -> None:
    harness.newcomers(typed, "ada@example.org")
    with FakeSmtpServer() as server:
        harness.send(server)
    assert harness.states() == {"failed": 1, "sent": 1}
    (row,) = harness.rows(state="failed")
    assert (row["reason"], row["attempts"]) == ("refused", 1)
    assert row["answer"].startswith("the address is not valid: it")
    assert [letter["To"].addresses[0].addr_spec for letter in server.letters] == ["ada@example.org"]


@pytest.mark.feature("NTF-7")
def test_a_server_without_the_extension_for_a_name_beyond_ascii_is_not_tried_and_the_ledger_says_so(
    harness: Harness,
) -> None:
    harness.newcomers("grüße@example.org", "ada@example.org")
    with FakeSmtpServer(international=False) as server:
        harness.send(server)
    assert harness.states() == {"failed": 1, "sent": 1}
    (row,) = harness.rows(state="failed")
    assert row["reason"] == "refused"
    assert row["answer"] == "not handed over: the address needs SMTPUTF8, which the mail server does not offer"


@pytest.mark.feature("NTF-4", "NTF-7")
def test_a_head_that_is_not_as_it_should_be_does_not_leave_and_the_others_do(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seeded bug: names go out as they were typed."""
    monkeypatch.setattr(headers, "_phrase", lambda text, _: [text])
    course = harness.course()
    eve = harness.person("eve@example.org", first_name="Eve <boss@example.net>,", last_name="Example")
    harness.assign(course, eve, harness.person("ada@example.org"))
    with FakeSmtpServer() as server:
        harness.send(server)
    assert harness.states() == {"failed": 1, "sent": 1}
    (row,) = harness.rows(state="failed")
    assert (row["person_id"], row["reason"]) == (str(eve), "refused")
    assert row["answer"] == "the finished head names another recipient than it should"


HEAD = b"From: <r@example.org>\r\nTo: Ada <ada@example.org>\r\nSubject: Hello\r\n"


@pytest.mark.feature("NTF-4")
def test_a_finished_head_is_let_through() -> None:
    headers.check(HEAD, ["From", "To", "Subject"], read_address("ada@example.org"))


@pytest.mark.feature("NTF-4")
@pytest.mark.parametrize(
    "broken",
    [
        HEAD + b"Bcc: boss@example.net\r\n",
        HEAD.replace(b"Subject: Hello\r\n", b""),
        HEAD.replace(b"Subject", b"Subjects"),
        HEAD.replace(b"Hello", b"Hello\nBcc: boss@example.net"),
        HEAD.replace(b"Hello", b"Hello\rBcc: boss@example.net"),
        HEAD.replace(b"Hello", b"Hello\r\n\r\nbody"),
        HEAD.replace(b"Hello", b"Hello\r\n \r\n more"),
        HEAD.replace(b"Hello", b"x" * 999),
        HEAD.replace(b"Ada <", b"Ada <boss@example.net>, <"),
        HEAD.replace(b"Ada <", b"Ada, <"),
        HEAD.replace(b"Ada <", b"boss@example.net <"),
        HEAD.replace(b"Ada <", b"=?utf-8?q?A_=0D=0A B?= <"),
        HEAD.replace(b"ada@", b"boss@"),
        HEAD.removesuffix(b"\r\n"),
        b" folded\r\n" + HEAD,
        b"",
    ],
)
def test_a_finished_head_that_says_anything_else_is_not_let_through(broken: bytes) -> None:
    with pytest.raises(headers.Malformed):
        headers.check(broken, ["From", "To", "Subject"], read_address("ada@example.org"))


@pytest.mark.feature("NTF-1")
@pytest.mark.parametrize("wrong", ["Rollbook", "Rollbook <a(b)@x>", "", "Rollbook <r@x> <s@x>"])
def test_a_sender_that_has_no_address_is_refused_by_the_name_of_its_setting(wrong: str) -> None:
    with pytest.raises(Invalid, match="ROLLBOOK_MAIL_FROM"):
        Letters(wrong, "http://127.0.0.1:8000")


@pytest.mark.feature("NTF-7")
def test_an_unmailable_address_is_not_in_what_is_said_of_it() -> None:
    with pytest.raises(Unmailable) as refused:
        letters().compose(about("Ada", "Lovelace", "Fire safety", "secret(b)@x.example"))
    assert "secret" not in str(refused.value)
