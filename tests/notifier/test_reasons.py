"""Which events lead to an e-mail, and when it waits or is never sent."""

from uuid import uuid4

import pytest
from notifier.fake_smtp import FakeSmtpServer
from notifier.harness import Harness, doubled

from services.notifier.mailer import Queue
from shared.contracts import catalog, directory, enrollment


@pytest.mark.feature("NTF-1", "NTF-4")
def test_an_assignment_is_mailed_and_its_row_says_why_when_and_to_whom(harness: Harness) -> None:
    course, ada = harness.course("Fire safety"), harness.person("ada@example.org")
    assignment = harness.assign(course, ada)
    with FakeSmtpServer() as server:
        harness.send(server)
    (row,) = harness.rows()
    assert (row["template"], row["state"], row["person_id"]) == ("assigned", "sent", str(ada))
    assert (row["offering_id"], row["offering_title"]) == (str(course), "Fire safety")
    assert (row["assignment_id"], row["cause_type"]) == (str(assignment), "enrollment.LearnerAssigned.v1")
    assert row["cause"] == f"{row['enrollment_id']}/1"
    assert row["caused_at"] < row["recorded_at"] <= row["sent_at"]
    assert (row["answer_code"], row["answer"]) == (250, "taken")
    (letter,) = server.letters
    assert letter["To"] == "Ada Lovelace <ada@example.org>"
    assert letter["Message-ID"] == f"<{row['message_id']}@example.org>"
    page = f"{harness.settings.base_url}/offerings/{course}"
    plain, html = (part.get_content() for part in letter.iter_parts())  # type: ignore[attr-defined]
    assert f": {page}\n" in plain.replace("\r", "")
    assert f'href="{page}"' in html


@pytest.mark.feature("NTF-1", "ASG-6")
def test_a_further_assignment_of_a_learner_who_is_enrolled_is_not_mailed(harness: Harness) -> None:
    course, ada = harness.course(), harness.person()
    first = harness.assign(course, ada)
    harness.settle()
    harness.assign(course, ada)
    harness.settle()
    assert [row["assignment_id"] for row in harness.rows()] == [str(first)]


@pytest.mark.feature("ENR-11", "NTF-1")
def test_a_completion_with_a_certificate_is_mailed_with_the_address_to_share(harness: Harness) -> None:
    course, ada = harness.course("First aid"), harness.person("ada@example.org", language="de")
    harness.assign(course, ada)
    harness.certify(course, ada, "ABCD-EFGH")
    with FakeSmtpServer() as server:
        harness.send(server)
    assert [(row["template"], row["state"]) for row in harness.rows()] == [("completed", "sent"), ("assigned", "sent")]
    letter = next(one for one in server.letters if "abgeschlossen" in one["Subject"])
    parts = list(letter.iter_parts())  # type: ignore[attr-defined]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    for part in parts:
        assert f"{harness.settings.base_url}/verify/ABCD-EFGH" in part.get_content()


@pytest.mark.feature("ENR-13", "ENR-12", "NTF-5")
def test_of_imported_completions_nobody_is_told_and_a_revoked_certificate_is_not_mailed(harness: Harness) -> None:
    course, ada, bob = harness.course("First aid"), harness.person(), harness.person("bob@example.org")
    harness.certify(course, ada, "IMPORTED", reason_code="import")
    harness.certify(course, bob, "REVOKED")
    harness.settle()
    harness.revoke(course, bob, "REVOKED")
    harness.settle()
    rows = [(row["person_id"], row["template"], row["state"], row["reason"]) for row in harness.rows()]
    assert rows == [(str(bob), "completed", "withdrawn", "reason-gone")]


@pytest.mark.feature("NTF-5", "ASG-15")
def test_what_was_cancelled_before_the_first_email_went_out_is_told_as_a_withdrawal(harness: Harness) -> None:
    course, ada = harness.course(), harness.person()
    harness.assign(course, ada)
    harness.settle()
    harness.withdraw(course, ada, kind=enrollment.EnrollmentCancelled)
    with FakeSmtpServer() as server:
        harness.send(server)
    assert [(row["template"], row["state"]) for row in harness.rows()] == [
        ("withdrawn", "sent"),
        ("assigned", "withdrawn"),
    ]


@pytest.mark.feature("NTF-1")
def test_a_withdrawal_is_mailed_and_so_is_the_term_after_it(harness: Harness) -> None:
    course, ada = harness.course(), harness.person()
    with FakeSmtpServer() as server:
        harness.assign(course, ada)
        harness.send(server)
        harness.withdraw(course, ada)
        harness.send(server)
        harness.assign(course, ada, term=2)
        harness.send(server)
    rows = [(row["template"], row["term"], row["state"]) for row in harness.rows()]
    assert rows == [("assigned", 2, "sent"), ("withdrawn", 1, "sent"), ("assigned", 1, "sent")]
    assert [letter["Subject"].split(" ", 3)[3] for letter in server.letters] == [
        "assigned to Fire safety",
        "withdrawn from Fire safety",
        "assigned to Fire safety",
    ]


@pytest.mark.feature("NTF-4")
def test_events_taken_again_from_the_beginning_over_emptied_facts_are_not_mailed_again(harness: Harness) -> None:
    course, people = harness.course(), [harness.person(f"p{n}@example.org") for n in range(5)]
    harness.assign(course, *people)
    harness.withdraw(course, people[0])
    with FakeSmtpServer() as server:
        harness.send(server)
        before = harness.rows()
        with harness.database.connection() as conn:
            conn.execute("DELETE FROM high_water")
            conn.execute("TRUNCATE enrollment_fact, offering_fact, person_fact, unit_fact, profile")
        harness.send(server)
    assert harness.rows() == before
    assert len(server.accepted) == 5
    assert not doubled(server.accepted)


@pytest.mark.feature("NTF-4")
def test_an_event_delivered_twice_in_one_batch_gives_one_row(harness: Harness) -> None:
    harness.assign(harness.course(), harness.person())
    harness.settle()
    with harness.database.connection() as conn:
        conn.execute("DELETE FROM high_water WHERE source = 'enrollment'")
    harness.settle()
    assert len(harness.rows()) == 1


@pytest.mark.feature("NTF-4")
def test_an_email_waits_for_the_title_then_the_person_then_the_profile_and_goes_once(harness: Harness) -> None:
    course, ada = uuid4(), uuid4()
    harness.assign(course, ada)
    waited: list[str] = []
    with FakeSmtpServer() as server:

        def send() -> None:
            harness.send(server)
            waited.extend(row["waiting_for"] for row in harness.rows(state="waiting"))

        send()
        known = harness.course()
        with harness.database.connection() as conn:
            conn.execute("UPDATE offering_fact SET id = %s WHERE id = %s", [course, known])
            conn.execute("UPDATE ledger SET offering_id = %s", [known])
        send()
        harness.tell("directory", (directory.PersonRegistered, ada, {"home_organisation": None}))
        send()
        harness.profile(ada, "ada@example.org")
        send()
    assert waited == ["offering", "person", "profile"]
    assert harness.states() == {"sent": 1}
    assert len(server.accepted) == 1


@pytest.mark.feature("NTF-4")
def test_an_email_goes_to_the_address_of_the_highest_revision(harness: Harness) -> None:
    course, ada = harness.course(), harness.person("new@example.org")
    harness.profile(ada, "newest@example.org", revision=3)
    harness.profile(ada, "late@example.org", revision=2)
    harness.assign(course, ada)
    with FakeSmtpServer() as server:
        harness.send(server)
    assert [letter["To"] for letter in server.letters] == ["Ada Lovelace <newest@example.org>"]


@pytest.mark.feature("ASG-10", "NTF-4")
def test_an_inactive_person_gets_no_email_until_active_again(harness: Harness) -> None:
    course, ada = harness.course(), harness.person()
    harness.tell("directory", (directory.PersonDeactivated, ada, {"why": "suspended"}))
    harness.assign(course, ada)
    with FakeSmtpServer() as server:
        harness.send(server)
        assert [row["waiting_for"] for row in harness.rows()] == ["inactive"]
        harness.tell("directory", (directory.PersonReactivated, ada, {}))
        harness.send(server)
    assert len(server.accepted) == 1


@pytest.mark.feature("ASG-10", "NTF-4")
def test_a_person_deactivated_while_the_email_was_ready_gets_none(harness: Harness) -> None:
    course, ada = harness.course(), harness.person()
    harness.assign(course, ada)
    harness.settle()
    assert Queue(harness.database).release() == 1
    harness.tell("directory", (directory.PersonDeactivated, ada, {"why": "left"}))
    with FakeSmtpServer() as server:
        harness.send(server)
    assert [row["waiting_for"] for row in harness.rows()] == ["inactive"]
    assert server.accepted == []


@pytest.mark.feature("CAT-17")
def test_what_is_switched_off_is_never_sent_and_the_row_says_so(harness: Harness) -> None:
    course, ada = harness.course(), harness.person()
    harness.switch(course, "withdrawn")
    harness.assign(course, ada)
    with FakeSmtpServer() as server:
        harness.send(server)
        harness.switch(course, "assigned", "withdrawn")
        harness.send(server)
        harness.withdraw(course, ada)
        harness.send(server)
    rows = [(row["template"], row["state"], row["reason"]) for row in harness.rows()]
    assert rows == [("withdrawn", "sent", None), ("assigned", "withdrawn", "switched-off")]
    assert len(server.accepted) == 1


@pytest.mark.feature("NTF-5")
def test_an_email_that_still_waits_is_withdrawn_when_the_learner_is_withdrawn(harness: Harness) -> None:
    course, (ada,) = harness.course(), harness.people(1)
    harness.assign(course, ada)
    harness.settle()
    harness.withdraw(course, ada)
    harness.settle()
    rows = [(row["template"], row["state"], row["reason"]) for row in harness.rows()]
    assert rows == [("withdrawn", "waiting", None), ("assigned", "withdrawn", "reason-gone")]


@pytest.mark.feature("NTF-5")
def test_a_withdrawal_that_still_waits_is_withdrawn_when_the_learner_comes_back(harness: Harness) -> None:
    course, (ada,) = harness.course(), harness.people(1)
    harness.assign(course, ada)
    harness.withdraw(course, ada)
    harness.assign(course, ada, term=2)
    harness.settle()
    rows = [(row["template"], row["term"], row["state"]) for row in harness.rows()]
    assert rows == [("assigned", 2, "waiting"), ("withdrawn", 1, "withdrawn"), ("assigned", 1, "withdrawn")]


@pytest.mark.feature("NTF-4")
def test_after_a_restore_what_may_have_been_sent_is_unknown_and_is_not_sent(harness: Harness) -> None:
    course, ada, bea = harness.course(), harness.person("ada@example.org"), harness.person("bea@example.org")
    harness.assign(course, ada)
    harness.settle()
    harness.assign(course, bea)
    assert harness.http.post("/api/notifier/restored").status_code == 200
    with FakeSmtpServer() as server:
        harness.send(server)
        assert [(row["state"], row["reason"]) for row in harness.rows()] == [("unknown", "before-restore")] * 2
        harness.assign(course, harness.person("cy@example.org"))
        harness.send(server)
    assert [letter["To"].addresses[0].addr_spec for letter in server.letters] == ["cy@example.org"]


@pytest.mark.feature("NTF-1")
def test_ten_thousand_assignments_give_ten_thousand_rows(harness: Harness) -> None:
    harness.assign(harness.course(), *harness.people(10_000))
    harness.settle()
    assert harness.states() == {"waiting": 10_000}


@pytest.mark.feature("CAT-9", "NTF-1")
def test_an_e_mail_names_a_qualification_as_one(harness: Harness) -> None:
    fitter, ada = uuid4(), harness.person("ada@example.org")
    fields = {"code": "F", "title": "Fitter", "description": "", "items": (uuid4(),)}
    fields |= dict.fromkeys(("certificate", "badge", "price"))
    harness.tell("catalog", (catalog.QualificationDescribed, fitter, fields))
    harness.assign(fitter, ada)
    with FakeSmtpServer() as server:
        harness.send(server)
    (letter,) = server.letters
    text = letter.get_body(("plain",)).get_content()
    assert 'You have been assigned to the qualification "Fitter"' in text


@pytest.mark.feature("NTF-5")
@pytest.mark.parametrize("seen", ["as it happens", "all at once", "the withdrawal first"])
def test_whoever_was_suspended_and_is_back_hears_of_the_new_assignment_only(harness: Harness, seen: str) -> None:
    course, ada = harness.course(), harness.person()
    harness.assign(course, ada)
    with FakeSmtpServer() as server:
        harness.send(server)
        harness.tell("directory", (directory.PersonDeactivated, ada, {"why": "suspended"}))
        if seen == "as it happens":
            harness.settle()
        harness.withdraw(course, ada)
        if seen == "the withdrawal first":
            for consumer in harness.consumers:
                if consumer.source == "enrollment":
                    consumer.step()
        if seen != "all at once":
            harness.settle()
        harness.tell("directory", (directory.PersonReactivated, ada, {}))
        harness.send(server)
        harness.assign(course, ada, term=2)
        harness.send(server)
    assert [(row["template"], row["state"], row["reason"]) for row in reversed(harness.rows())] == [
        ("assigned", "sent", None),
        ("withdrawn", "withdrawn", "reason-gone"),
        ("assigned", "sent", None),
    ]
    assert [letter["Subject"] for letter in server.letters] == ["You have been assigned to Fire safety"] * 2


@pytest.mark.feature("NTF-1")
def test_whoever_is_withdrawn_after_coming_back_hears_of_it(harness: Harness) -> None:
    course, ada = harness.course(), harness.person()
    harness.tell("directory", (directory.PersonDeactivated, ada, {"why": "suspended"}))
    harness.tell("directory", (directory.PersonReactivated, ada, {}))
    harness.assign(course, ada)
    with FakeSmtpServer() as server:
        harness.send(server)
        harness.withdraw(course, ada)
        harness.send(server)
    assert harness.states() == {"sent": 2}
