"""The ledger over HTTP: pages, filters, permissions, and a person's word given once."""

from uuid import UUID, uuid4

import pytest
from notifier.fake_smtp import LOST, FakeSmtpServer, always
from notifier.harness import Harness

from shared.contracts import directory


def unit(harness: Harness, parent: UUID | None = None) -> UUID:
    id = uuid4()
    fields = {"kind": "organisation", "framework": uuid4(), "parent": parent, "name": "Unit", "external_id": str(id)}
    harness.tell("directory", (directory.UnitCreated, id, fields))
    return id


def unknown(harness: Harness, home: UUID | None = None) -> str:
    """The address of an e-mail whose fate is unknown."""
    harness.assign(harness.course(), harness.person(home=home))
    with FakeSmtpServer(content=always(LOST)) as server:
        harness.send(server)
    (row,) = harness.rows(state="unknown")
    return f"/api/notifier/messages/{row['message_id']}"


@pytest.mark.feature("NTF-4")
def test_the_ledger_comes_in_pages_newest_first(harness: Harness) -> None:
    harness.assign(harness.course(), *harness.people(5))
    harness.settle()
    whole = [row["number"] for row in harness.rows()]
    paged: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = harness.http.get("/api/notifier/ledger", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        paged += [row["number"] for row in answer.json()["items"]]
        cursor = answer.json()["next"]
    assert paged == whole == sorted(whole, reverse=True)
    assert len(whole) == 5


@pytest.mark.feature("NTF-4")
def test_the_ledger_is_filtered_by_state_person_offering_and_template(harness: Harness) -> None:
    first, second = harness.course(), harness.course()
    ada, bea = harness.people(2)
    harness.assign(first, ada, bea)
    harness.assign(second, ada)
    harness.withdraw(second, ada)
    harness.settle()

    def found(**wanted: object) -> list[tuple[str, str, str]]:
        return [(row["person_id"], row["offering_id"], row["template"]) for row in harness.rows(**wanted)]

    assert found(person_id=bea) == [(str(bea), str(first), "assigned")]
    assert found(offering_id=second, template="withdrawn") == [(str(ada), str(second), "withdrawn")]
    assert found(state="withdrawn") == [(str(ada), str(second), "assigned")]
    assert found(state="waiting", template="assigned", person_id=ada) == [(str(ada), str(first), "assigned")]


@pytest.mark.feature("NTF-4")
def test_an_answer_is_at_least_as_new_as_asked_for(harness: Harness) -> None:
    course, (ada,) = harness.course(), harness.people(1)
    harness.assign(course, ada)
    harness.settle()
    assert len(harness.rows(at_least="enrollment:1")) == 1
    late = harness.http.get("/api/notifier/ledger", params={"at_least": "enrollment:2"}, headers={"Prefer": "wait=1"})
    assert (late.status_code, late.json()["field"]) == (503, "at_least")


@pytest.mark.feature("SEC-2", "NTF-4")
def test_a_reader_sees_the_mail_of_their_organisation_and_below_only(harness: Harness) -> None:
    top = unit(harness)
    below, other = unit(harness, top), unit(harness)
    seen = [*harness.people(1, top), *harness.people(1, below)]
    (hidden,) = harness.people(1, other)
    harness.assign(harness.course(), *seen, hidden)
    harness.settle()
    auditor = harness.client(("auditor", top))
    rows = auditor.get("/api/notifier/ledger").json()["items"]
    assert {row["person_id"] for row in rows} == {str(person) for person in seen}
    assert auditor.get("/api/notifier/counts").json()["waiting"] == 2
    assert auditor.get("/api/notifier/ledger", params={"person_id": str(hidden)}).json()["items"] == []
    (foreign,) = harness.rows(person_id=hidden)
    assert auditor.get(f"/api/notifier/messages/{foreign['message_id']}").status_code == 404


@pytest.mark.feature("SEC-2", "SEC-4", "NTF-4")
def test_only_who_may_settle_mail_decides_and_only_within_their_organisations(harness: Harness) -> None:
    home, other = unit(harness), unit(harness)
    address = unknown(harness, home)
    refused = harness.client(("auditor", None)).post(f"{address}/resend")
    assert (refused.status_code, refused.json()["permission"]) == (403, "settle-mail")
    assert harness.client(("site-administrator", other)).post(f"{address}/resend").status_code == 404
    assert harness.client(("site-administrator", other)).post("/api/notifier/restored").status_code == 403
    assert harness.http.get(address).json()["state"] == "unknown"
    assert harness.client(("site-administrator", home)).post(f"{address}/resend").status_code == 200


@pytest.mark.feature("SEC-4")
@pytest.mark.parametrize("path", ["ledger", "counts", f"messages/{UUID(int=1)}"])
def test_a_learner_reads_no_mail(harness: Harness, path: str) -> None:
    answer = harness.client(("learner", None)).get(f"/api/notifier/{path}")
    assert (answer.status_code, answer.json()["permission"]) == (403, "read-mail")


@pytest.mark.feature("NTF-4")
def test_a_persons_word_sent_twice_counts_once_and_another_under_its_key_is_refused(harness: Harness) -> None:
    address = unknown(harness)
    key = {"Idempotency-Key": "once"}
    first = harness.http.post(f"{address}/settle", json={"outcome": "sent"}, headers=key)
    again = harness.http.post(f"{address}/settle", json={"outcome": "sent"}, headers=key)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert len(harness.http.get(address).json()["decisions"]) == 1
    other = harness.http.post(f"{address}/settle", json={"outcome": "failed"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (409, "urn:rollbook:problem:command-id-reused")


@pytest.mark.feature("NTF-4")
def test_a_word_on_an_email_that_changed_meanwhile_or_is_not_unknown_is_refused(harness: Harness) -> None:
    address = unknown(harness)
    version = harness.http.get(address).headers["ETag"]
    settled = harness.http.post(f"{address}/settle", json={"outcome": "sent"}, headers={"If-Match": version})
    assert settled.status_code == 200
    stale = harness.http.post(f"{address}/resend", headers={"If-Match": version})
    assert (stale.status_code, stale.json()["field"]) == (412, "If-Match")
    refused = harness.http.post(f"{address}/resend")
    assert (refused.status_code, refused.json()["state"]) == (409, "sent")


@pytest.mark.feature("NTF-4")
@pytest.mark.parametrize("cursor", ["nonsense", "WyJ4Il0", "WyIxIiwiMiJd"])
def test_a_foreign_cursor_is_refused_by_name(harness: Harness, cursor: str) -> None:
    answer = harness.http.get("/api/notifier/ledger", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")


@pytest.mark.feature("DIR-12")
def test_no_address_and_no_name_is_in_the_ledger(harness: Harness) -> None:
    harness.assign(harness.course(), harness.person("ada@example.org"))
    with FakeSmtpServer(content=always("550 <ada@example.org> Ada@EXAMPLE.org no")) as server:
        harness.send(server)
    with harness.database.connection() as conn:
        kept = conn.execute("SELECT string_agg(m::text || l::text, ' ') FROM message m, ledger l").fetchone()
    ledger = harness.http.get("/api/notifier/ledger")
    assert len(ledger.json()["items"]) == 1
    assert kept is not None
    assert "550" in str(kept[0])
    for text in (ledger.text, str(kept)):
        assert "example.org" not in text.lower()
        assert "lovelace" not in text.lower()


@pytest.mark.feature("LRN-8", "SEC-2")
def test_everybody_sees_the_emails_to_themselves_and_nothing_of_how_they_were_sent(harness: Harness) -> None:
    course = harness.course("Fire safety")
    ada, bea = harness.person("ada@example.org"), harness.person("bea@example.org")
    assignment = harness.assign(course, ada, bea)
    harness.assign(harness.course("Other"), ada)
    with FakeSmtpServer() as server:
        harness.send(server)
    own = harness.client(person=ada)
    assert own.get("/api/notifier/ledger").status_code == 403
    (other, entry) = own.get("/api/notifier/ledger/mine").json()["items"]
    assert (entry["offering_title"], other["offering_title"]) == ("Fire safety", "Other")
    assert (entry["template"], entry["state"], entry["assignment_id"]) == ("assigned", "sent", str(assignment))
    assert entry["caused_at"] <= entry["sent_at"]
    assert not {"answer", "cause", "batch", "attempts", "person_id"} & entry.keys()
    asked = {"enrollment_id": entry["enrollment_id"], "limit": 1}
    page = own.get("/api/notifier/ledger/mine", params=asked).json()
    assert (page["items"], page["next"]) == ([entry], None)
    (of_bea,) = harness.client(person=bea).get("/api/notifier/ledger/mine").json()["items"]
    assert of_bea["enrollment_id"] != entry["enrollment_id"]
    assert own.get("/api/notifier/ledger/mine", params={"enrollment_id": of_bea["enrollment_id"]}).json()["items"] == []
    assert len(harness.rows(enrollment_id=of_bea["enrollment_id"])) == 1
