"""Which events lead to an e-mail, and when it waits or is never sent."""

from uuid import uuid4

import pytest
from mailroom import Mailroom, doubled
from postmaster import Postmaster

from services.notifier.mailer import Queue
from shared.contracts import catalog, directory, enrollment


@pytest.mark.feature("NTF-1", "NTF-4")
def test_an_assignment_is_mailed_and_its_row_says_why_when_and_to_whom(mailroom: Mailroom) -> None:
    course, ada = mailroom.course("Fire safety"), mailroom.person("ada@example.org")
    assignment = mailroom.assign(course, ada)
    with Postmaster() as server:
        mailroom.send(server)
    (row,) = mailroom.rows()
    assert (row["template"], row["state"], row["person_id"]) == ("assigned", "sent", str(ada))
    assert (row["offering_id"], row["offering_title"]) == (str(course), "Fire safety")
    assert (row["assignment_id"], row["cause_type"]) == (str(assignment), "enrollment.LearnerAssigned.v1")
    assert row["cause"] == f"{row['enrollment_id']}/1"
    assert row["caused_at"] < row["recorded_at"] <= row["sent_at"]
    assert (row["answer_code"], row["answer"]) == (250, "taken")
    (letter,) = server.letters
    assert letter["To"] == "Ada Lovelace <ada@example.org>"
    assert letter["Message-ID"] == f"<{row['message_id']}@example.org>"


@pytest.mark.feature("NTF-1", "ASG-6")
def test_a_further_assignment_of_a_learner_who_is_enrolled_is_not_mailed(mailroom: Mailroom) -> None:
    course, ada = mailroom.course(), mailroom.person()
    first = mailroom.assign(course, ada)
    mailroom.settle()
    mailroom.assign(course, ada)
    mailroom.settle()
    assert [row["assignment_id"] for row in mailroom.rows()] == [str(first)]


@pytest.mark.feature("ENR-11", "NTF-1")
def test_a_completion_with_a_certificate_is_mailed_with_the_address_to_share(mailroom: Mailroom) -> None:
    course, ada = mailroom.course("First aid"), mailroom.person("ada@example.org", language="de")
    mailroom.assign(course, ada)
    mailroom.certify(course, ada, "ABCD-EFGH")
    with Postmaster() as server:
        mailroom.send(server)
    assert [(row["template"], row["state"]) for row in mailroom.rows()] == [("completed", "sent"), ("assigned", "sent")]
    letter = next(one for one in server.letters if "abgeschlossen" in one["Subject"])
    for part in letter.iter_parts():  # type: ignore[attr-defined]
        assert f"{mailroom.settings.base_url}/verify/ABCD-EFGH" in part.get_content()


@pytest.mark.feature("ENR-13", "ENR-12", "NTF-5")
def test_of_imported_completions_nobody_is_told_and_a_revoked_certificate_is_not_mailed(mailroom: Mailroom) -> None:
    course, ada, bob = mailroom.course("First aid"), mailroom.person(), mailroom.person("bob@example.org")
    mailroom.certify(course, ada, "IMPORTED", reason_code="import")
    mailroom.certify(course, bob, "REVOKED")
    mailroom.settle()
    mailroom.revoke(course, bob, "REVOKED")
    mailroom.settle()
    rows = [(row["person_id"], row["template"], row["state"], row["reason"]) for row in mailroom.rows()]
    assert rows == [(str(bob), "completed", "withdrawn", "reason-gone")]


@pytest.mark.feature("NTF-5", "ASG-15")
def test_what_was_cancelled_before_the_first_email_went_out_is_told_as_a_withdrawal(mailroom: Mailroom) -> None:
    course, ada = mailroom.course(), mailroom.person()
    mailroom.assign(course, ada)
    mailroom.settle()
    mailroom.withdraw(course, ada, kind=enrollment.EnrollmentCancelled)
    with Postmaster() as server:
        mailroom.send(server)
    assert [(row["template"], row["state"]) for row in mailroom.rows()] == [
        ("withdrawn", "sent"),
        ("assigned", "withdrawn"),
    ]


@pytest.mark.feature("NTF-1")
def test_a_withdrawal_is_mailed_and_so_is_the_term_after_it(mailroom: Mailroom) -> None:
    course, ada = mailroom.course(), mailroom.person()
    with Postmaster() as server:
        mailroom.assign(course, ada)
        mailroom.send(server)
        mailroom.withdraw(course, ada)
        mailroom.send(server)
        mailroom.assign(course, ada, term=2)
        mailroom.send(server)
    rows = [(row["template"], row["term"], row["state"]) for row in mailroom.rows()]
    assert rows == [("assigned", 2, "sent"), ("withdrawn", 1, "sent"), ("assigned", 1, "sent")]
    assert [letter["Subject"].split(" ", 3)[3] for letter in server.letters] == [
        "assigned to Fire safety",
        "withdrawn from Fire safety",
        "assigned to Fire safety",
    ]


@pytest.mark.feature("NTF-4")
def test_events_taken_again_from_the_beginning_over_emptied_facts_are_not_mailed_again(mailroom: Mailroom) -> None:
    course, people = mailroom.course(), [mailroom.person(f"p{n}@example.org") for n in range(5)]
    mailroom.assign(course, *people)
    mailroom.withdraw(course, people[0])
    with Postmaster() as server:
        mailroom.send(server)
        before = mailroom.rows()
        with mailroom.database.connection() as conn:
            conn.execute("DELETE FROM high_water")
            conn.execute("TRUNCATE enrollment_fact, offering_fact, person_fact, unit_fact, profile")
        mailroom.send(server)
    assert mailroom.rows() == before
    assert len(server.accepted) == 5
    assert not doubled(server.accepted)


@pytest.mark.feature("NTF-4")
def test_an_event_delivered_twice_in_one_batch_gives_one_row(mailroom: Mailroom) -> None:
    mailroom.assign(mailroom.course(), mailroom.person())
    mailroom.settle()
    with mailroom.database.connection() as conn:
        conn.execute("DELETE FROM high_water WHERE source = 'enrollment'")
    mailroom.settle()
    assert len(mailroom.rows()) == 1


@pytest.mark.feature("NTF-4")
def test_an_email_waits_for_the_title_then_the_person_then_the_profile_and_goes_once(mailroom: Mailroom) -> None:
    course, ada = uuid4(), uuid4()
    mailroom.assign(course, ada)
    waited: list[str] = []
    with Postmaster() as server:

        def send() -> None:
            mailroom.send(server)
            waited.extend(row["waiting_for"] for row in mailroom.rows(state="waiting"))

        send()
        known = mailroom.course()
        with mailroom.database.connection() as conn:
            conn.execute("UPDATE offering_fact SET id = %s WHERE id = %s", [course, known])
            conn.execute("UPDATE ledger SET offering_id = %s", [known])
        send()
        mailroom.tell("directory", (directory.PersonRegistered, ada, {"home_organisation": None}))
        send()
        mailroom.profile(ada, "ada@example.org")
        send()
    assert waited == ["offering", "person", "profile"]
    assert mailroom.states() == {"sent": 1}
    assert len(server.accepted) == 1


@pytest.mark.feature("NTF-4")
def test_an_email_goes_to_the_address_of_the_highest_revision(mailroom: Mailroom) -> None:
    course, ada = mailroom.course(), mailroom.person("new@example.org")
    mailroom.profile(ada, "newest@example.org", revision=3)
    mailroom.profile(ada, "late@example.org", revision=2)
    mailroom.assign(course, ada)
    with Postmaster() as server:
        mailroom.send(server)
    assert [letter["To"] for letter in server.letters] == ["Ada Lovelace <newest@example.org>"]


@pytest.mark.feature("ASG-10", "NTF-4")
def test_an_inactive_person_gets_no_email_until_active_again(mailroom: Mailroom) -> None:
    course, ada = mailroom.course(), mailroom.person()
    mailroom.tell("directory", (directory.PersonDeactivated, ada, {"why": "suspended"}))
    mailroom.assign(course, ada)
    with Postmaster() as server:
        mailroom.send(server)
        assert [row["waiting_for"] for row in mailroom.rows()] == ["inactive"]
        mailroom.tell("directory", (directory.PersonReactivated, ada, {}))
        mailroom.send(server)
    assert len(server.accepted) == 1


@pytest.mark.feature("ASG-10", "NTF-4")
def test_a_person_deactivated_while_the_email_was_ready_gets_none(mailroom: Mailroom) -> None:
    course, ada = mailroom.course(), mailroom.person()
    mailroom.assign(course, ada)
    mailroom.settle()
    assert Queue(mailroom.database).release() == 1
    mailroom.tell("directory", (directory.PersonDeactivated, ada, {"why": "left"}))
    with Postmaster() as server:
        mailroom.send(server)
    assert [row["waiting_for"] for row in mailroom.rows()] == ["inactive"]
    assert server.accepted == []


@pytest.mark.feature("CAT-17")
def test_what_is_switched_off_is_never_sent_and_the_row_says_so(mailroom: Mailroom) -> None:
    course, ada = mailroom.course(), mailroom.person()
    mailroom.switch(course, "withdrawn")
    mailroom.assign(course, ada)
    with Postmaster() as server:
        mailroom.send(server)
        mailroom.switch(course, "assigned", "withdrawn")
        mailroom.send(server)
        mailroom.withdraw(course, ada)
        mailroom.send(server)
    rows = [(row["template"], row["state"], row["reason"]) for row in mailroom.rows()]
    assert rows == [("withdrawn", "sent", None), ("assigned", "withdrawn", "switched-off")]
    assert len(server.accepted) == 1


@pytest.mark.feature("NTF-5")
def test_an_email_that_still_waits_is_withdrawn_when_the_learner_is_withdrawn(mailroom: Mailroom) -> None:
    course, (ada,) = mailroom.course(), mailroom.people(1)
    mailroom.assign(course, ada)
    mailroom.settle()
    mailroom.withdraw(course, ada)
    mailroom.settle()
    rows = [(row["template"], row["state"], row["reason"]) for row in mailroom.rows()]
    assert rows == [("withdrawn", "waiting", None), ("assigned", "withdrawn", "reason-gone")]


@pytest.mark.feature("NTF-5")
def test_a_withdrawal_that_still_waits_is_withdrawn_when_the_learner_comes_back(mailroom: Mailroom) -> None:
    course, (ada,) = mailroom.course(), mailroom.people(1)
    mailroom.assign(course, ada)
    mailroom.withdraw(course, ada)
    mailroom.assign(course, ada, term=2)
    mailroom.settle()
    rows = [(row["template"], row["term"], row["state"]) for row in mailroom.rows()]
    assert rows == [("assigned", 2, "waiting"), ("withdrawn", 1, "withdrawn"), ("assigned", 1, "withdrawn")]


@pytest.mark.feature("NTF-4")
def test_after_a_restore_what_may_have_been_sent_is_unknown_and_is_not_sent(mailroom: Mailroom) -> None:
    course, ada, bea = mailroom.course(), mailroom.person("ada@example.org"), mailroom.person("bea@example.org")
    mailroom.assign(course, ada)
    mailroom.settle()
    mailroom.assign(course, bea)
    assert mailroom.http.post("/api/notifier/restored").status_code == 200
    with Postmaster() as server:
        mailroom.send(server)
        assert [(row["state"], row["reason"]) for row in mailroom.rows()] == [("unknown", "before-restore")] * 2
        mailroom.assign(course, mailroom.person("cy@example.org"))
        mailroom.send(server)
    assert [letter["To"].addresses[0].addr_spec for letter in server.letters] == ["cy@example.org"]


@pytest.mark.feature("NTF-1")
def test_ten_thousand_assignments_give_ten_thousand_rows(mailroom: Mailroom) -> None:
    mailroom.assign(mailroom.course(), *mailroom.people(10_000))
    mailroom.settle()
    assert mailroom.states() == {"waiting": 10_000}


@pytest.mark.feature("CAT-9", "NTF-1")
def test_an_e_mail_names_a_qualification_as_one(mailroom: Mailroom) -> None:
    fitter, ada = uuid4(), mailroom.person("ada@example.org")
    fields = {"code": "F", "title": "Fitter", "description": "", "items": (uuid4(),)}
    fields |= dict.fromkeys(("certificate", "badge", "price"))
    mailroom.tell("catalog", (catalog.QualificationDescribed, fitter, fields))
    mailroom.assign(fitter, ada)
    with Postmaster() as server:
        mailroom.send(server)
    (letter,) = server.letters
    text = letter.get_body(("plain",)).get_content()
    assert 'you have been assigned to the qualification "Fitter"' in text


@pytest.mark.feature("NTF-5")
@pytest.mark.parametrize("seen", ["as it happens", "all at once", "the withdrawal first"])
def test_whoever_was_suspended_and_is_back_hears_of_the_new_assignment_only(mailroom: Mailroom, seen: str) -> None:
    course, ada = mailroom.course(), mailroom.person()
    mailroom.assign(course, ada)
    with Postmaster() as server:
        mailroom.send(server)
        mailroom.tell("directory", (directory.PersonDeactivated, ada, {"why": "suspended"}))
        if seen == "as it happens":
            mailroom.settle()
        mailroom.withdraw(course, ada)
        if seen == "the withdrawal first":
            for consumer in mailroom.consumers:
                if consumer.source == "enrollment":
                    consumer.step()
        if seen != "all at once":
            mailroom.settle()
        mailroom.tell("directory", (directory.PersonReactivated, ada, {}))
        mailroom.send(server)
        mailroom.assign(course, ada, term=2)
        mailroom.send(server)
    assert [(row["template"], row["state"], row["reason"]) for row in reversed(mailroom.rows())] == [
        ("assigned", "sent", None),
        ("withdrawn", "withdrawn", "reason-gone"),
        ("assigned", "sent", None),
    ]
    assert [letter["Subject"] for letter in server.letters] == ["You have been assigned to Fire safety"] * 2


@pytest.mark.feature("NTF-1")
def test_whoever_is_withdrawn_after_coming_back_hears_of_it(mailroom: Mailroom) -> None:
    course, ada = mailroom.course(), mailroom.person()
    mailroom.tell("directory", (directory.PersonDeactivated, ada, {"why": "suspended"}))
    mailroom.tell("directory", (directory.PersonReactivated, ada, {}))
    mailroom.assign(course, ada)
    with Postmaster() as server:
        mailroom.send(server)
        mailroom.withdraw(course, ada)
        mailroom.send(server)
    assert mailroom.states() == {"sent": 2}
