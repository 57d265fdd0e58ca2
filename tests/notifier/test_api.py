"""The ledger over HTTP: pages, filters, permissions, and a person's word given once."""

from uuid import UUID, uuid4

import pytest
from mailroom import Mailroom
from postmaster import LOST, Postmaster, always

from shared.contracts import directory


def unit(mailroom: Mailroom, parent: UUID | None = None) -> UUID:
    id = uuid4()
    fields = {"kind": "organisation", "framework": uuid4(), "parent": parent, "name": "Unit", "external_id": str(id)}
    mailroom.tell("directory", (directory.UnitCreated, id, fields))
    return id


def unknown(mailroom: Mailroom, home: UUID | None = None) -> str:
    """The address of an e-mail whose fate is unknown."""
    mailroom.assign(mailroom.course(), mailroom.person(home=home))
    with Postmaster(content=always(LOST)) as server:
        mailroom.send(server)
    (row,) = mailroom.rows(state="unknown")
    return f"/api/notifier/messages/{row['message_id']}"


@pytest.mark.feature("NTF-4")
def test_the_ledger_comes_in_pages_newest_first(mailroom: Mailroom) -> None:
    mailroom.assign(mailroom.course(), *mailroom.people(5))
    mailroom.settle()
    whole = [row["number"] for row in mailroom.rows()]
    paged: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = mailroom.http.get(
            "/api/notifier/ledger", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        )
        paged += [row["number"] for row in answer.json()["items"]]
        cursor = answer.json()["next"]
    assert paged == whole == sorted(whole, reverse=True)
    assert len(whole) == 5


@pytest.mark.feature("NTF-4")
def test_the_ledger_is_filtered_by_state_person_offering_and_template(mailroom: Mailroom) -> None:
    first, second = mailroom.course(), mailroom.course()
    ada, bea = mailroom.people(2)
    mailroom.assign(first, ada, bea)
    mailroom.assign(second, ada)
    mailroom.withdraw(second, ada)
    mailroom.settle()

    def found(**wanted: object) -> list[tuple[str, str, str]]:
        return [(row["person_id"], row["offering_id"], row["template"]) for row in mailroom.rows(**wanted)]

    assert found(person_id=bea) == [(str(bea), str(first), "assigned")]
    assert found(offering_id=second, template="withdrawn") == [(str(ada), str(second), "withdrawn")]
    assert found(state="withdrawn") == [(str(ada), str(second), "assigned")]
    assert found(state="waiting", template="assigned", person_id=ada) == [(str(ada), str(first), "assigned")]


@pytest.mark.feature("NTF-4")
def test_an_answer_is_at_least_as_new_as_asked_for(mailroom: Mailroom) -> None:
    course, (ada,) = mailroom.course(), mailroom.people(1)
    mailroom.assign(course, ada)
    mailroom.settle()
    assert len(mailroom.rows(at_least="enrollment:1")) == 1
    late = mailroom.http.get("/api/notifier/ledger", params={"at_least": "enrollment:2"}, headers={"Prefer": "wait=1"})
    assert (late.status_code, late.json()["field"]) == (503, "at_least")


@pytest.mark.feature("SEC-2", "NTF-4")
def test_a_reader_sees_the_mail_of_their_organisation_and_below_only(mailroom: Mailroom) -> None:
    top = unit(mailroom)
    below, other = unit(mailroom, top), unit(mailroom)
    seen = [*mailroom.people(1, top), *mailroom.people(1, below)]
    (hidden,) = mailroom.people(1, other)
    mailroom.assign(mailroom.course(), *seen, hidden)
    mailroom.settle()
    auditor = mailroom.client(("auditor", top))
    rows = auditor.get("/api/notifier/ledger").json()["items"]
    assert {row["person_id"] for row in rows} == {str(person) for person in seen}
    assert auditor.get("/api/notifier/counts").json()["waiting"] == 2
    assert auditor.get("/api/notifier/ledger", params={"person_id": str(hidden)}).json()["items"] == []
    (foreign,) = mailroom.rows(person_id=hidden)
    assert auditor.get(f"/api/notifier/messages/{foreign['message_id']}").status_code == 404


@pytest.mark.feature("SEC-2", "SEC-4", "NTF-4")
def test_only_who_may_settle_mail_decides_and_only_within_their_organisations(mailroom: Mailroom) -> None:
    home, other = unit(mailroom), unit(mailroom)
    address = unknown(mailroom, home)
    refused = mailroom.client(("auditor", None)).post(f"{address}/resend")
    assert (refused.status_code, refused.json()["permission"]) == (403, "settle-mail")
    assert mailroom.client(("site-administrator", other)).post(f"{address}/resend").status_code == 404
    assert mailroom.client(("site-administrator", other)).post("/api/notifier/restored").status_code == 403
    assert mailroom.http.get(address).json()["state"] == "unknown"
    assert mailroom.client(("site-administrator", home)).post(f"{address}/resend").status_code == 200


@pytest.mark.feature("SEC-4")
@pytest.mark.parametrize("path", ["ledger", "counts", f"messages/{UUID(int=1)}"])
def test_a_learner_reads_no_mail(mailroom: Mailroom, path: str) -> None:
    answer = mailroom.client(("learner", None)).get(f"/api/notifier/{path}")
    assert (answer.status_code, answer.json()["permission"]) == (403, "read-mail")


@pytest.mark.feature("NTF-4")
def test_a_persons_word_sent_twice_counts_once_and_another_under_its_key_is_refused(mailroom: Mailroom) -> None:
    address = unknown(mailroom)
    key = {"Idempotency-Key": "once"}
    first = mailroom.http.post(f"{address}/settle", json={"outcome": "sent"}, headers=key)
    again = mailroom.http.post(f"{address}/settle", json={"outcome": "sent"}, headers=key)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert len(mailroom.http.get(address).json()["decisions"]) == 1
    other = mailroom.http.post(f"{address}/settle", json={"outcome": "failed"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (409, "urn:rollbook:problem:command-id-reused")


@pytest.mark.feature("NTF-4")
def test_a_word_on_an_email_that_changed_meanwhile_or_is_not_unknown_is_refused(mailroom: Mailroom) -> None:
    address = unknown(mailroom)
    version = mailroom.http.get(address).headers["ETag"]
    settled = mailroom.http.post(f"{address}/settle", json={"outcome": "sent"}, headers={"If-Match": version})
    assert settled.status_code == 200
    stale = mailroom.http.post(f"{address}/resend", headers={"If-Match": version})
    assert (stale.status_code, stale.json()["field"]) == (412, "If-Match")
    refused = mailroom.http.post(f"{address}/resend")
    assert (refused.status_code, refused.json()["state"]) == (409, "sent")


@pytest.mark.feature("NTF-4")
@pytest.mark.parametrize("cursor", ["nonsense", "WyJ4Il0", "WyIxIiwiMiJd"])
def test_a_foreign_cursor_is_refused_by_name(mailroom: Mailroom, cursor: str) -> None:
    answer = mailroom.http.get("/api/notifier/ledger", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")


@pytest.mark.feature("DIR-12")
def test_no_address_and_no_name_is_in_the_ledger(mailroom: Mailroom) -> None:
    mailroom.assign(mailroom.course(), mailroom.person("ada@example.org"))
    with Postmaster(content=always("550 <ada@example.org> Ada@EXAMPLE.org no")) as server:
        mailroom.send(server)
    with mailroom.database.connection() as conn:
        kept = conn.execute("SELECT string_agg(m::text || l::text, ' ') FROM message m, ledger l").fetchone()
    ledger = mailroom.http.get("/api/notifier/ledger")
    assert len(ledger.json()["items"]) == 1
    assert kept is not None
    assert "550" in str(kept[0])
    for text in (ledger.text, str(kept)):
        assert "example.org" not in text.lower()
        assert "lovelace" not in text.lower()
