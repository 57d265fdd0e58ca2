"""Administrators are told of new exceptions: one e-mail for each batch, offering and administrator (DUE-7)."""

from uuid import uuid4

import pytest
from mailroom import doubled
from office import Office, OpenOffice, recipients, text_of
from postmaster import LOST, Postmaster, always

from services.notifier.mailer import Queue
from services.notifier.mailer.letters import Letters, Outdated
from shared.contracts import directory


@pytest.mark.feature("DUE-7", "NTF-1", "SEC-2")
def test_each_administrator_of_the_learners_organisation_is_told_and_nobody_else(office: Office) -> None:
    top = office.unit()
    north, south = office.unit(top), office.unit(top)
    course = office.course("Welding")
    office.appoint("all@example.org", None)
    office.appoint("top@example.org", top, south)
    office.appoint("north@example.org", north)
    office.appoint("south@example.org", south)
    office.appoint("manager@example.org", None, role="enrollment-manager")
    gone = office.appoint("gone@example.org", None)
    office.tell("directory", (directory.PersonDeactivated, gone, {"why": "left"}))
    office.revoke_role(office.appoint("was@example.org", north), north)
    ann = office.person("ann@example.org", north)
    batch = uuid4()
    office.hold(course, ann, batch=batch)
    with Postmaster() as server:
        office.send(server)
    assert recipients(server) == ["all@example.org", "north@example.org", "top@example.org"]
    row = office.rows()[0]
    assert (row["template"], row["cause"], row["batch"]) == ("exceptions", f"{batch}/{course}", str(batch))
    assert (row["cause_type"], row["enrollment_id"], row["term"]) == ("enrollment.ExceptionRaised.v1", None, None)
    assert server.letters[0]["Subject"] == "A learner waits for your answer: Welding"
    for letter in server.letters:
        whole = letter.as_string()
        assert "ann@" not in whole
        assert str(ann) not in whole


@pytest.mark.feature("DUE-7", "NTF-4", "SEC-2")
def test_a_batch_is_one_email_with_the_number_of_learners_in_scope_and_their_kinds(office: Office) -> None:
    north, south, course, batch = office.unit(), office.unit(), office.course("Welding"), uuid4()
    office.appoint("all@example.org", None)
    office.appoint("north@example.org", north, language="de")
    people = office.people(30, north) + office.people(20, south)
    office.hold(course, *people[:40], batch=batch)
    office.hold(course, *people[40:], batch=batch, kinds=("time-allowance", "completion-time-unknown"))
    with Postmaster() as server:
        office.send(server)
    assert recipients(server) == ["all@example.org", "north@example.org"]
    texts = {letter["To"].addresses[0].addr_spec: text_of(server, n) for n, letter in enumerate(server.letters)}
    lines = texts["all@example.org"].splitlines()
    assert '50 learners are held back from the course "Welding" and wait for an administrator\'s answer:' in lines
    assert [line for line in lines if line.startswith("- ")] == [
        "- too little time until the due date: 50",
        "- what the due date counts from is not known: 10",
    ]
    address = f"{office.settings.base_url}/api/enrollment/exceptions?offering_id={course}&state=open"
    assert f"The list: {address}" in lines
    assert "30 Personen sind für „Welding“ zurückgehalten" in texts["north@example.org"]
    html = server.letters[0].get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert f'href="{address.replace("&", "&amp;")}"' in html


@pytest.mark.feature("DUE-7", "NTF-4")
def test_what_is_delivered_again_and_read_from_the_beginning_tells_nobody_again(office: Office) -> None:
    course, people, batch = office.course(), office.people(3), uuid4()
    office.appoint("all@example.org", None)
    office.hold(course, *people, batch=batch)
    with Postmaster() as server:
        office.send(server)
        before = office.rows()
        office.appoint("late@example.org", None)
        with office.database.connection() as conn:
            conn.execute("DELETE FROM high_water")
            conn.execute("TRUNCATE enrollment_fact, offering_fact, person_fact, unit_fact, profile, administrator_fact")
        office.send(server)
        assert office.rows() == before
        office.hold(course, office.person("bob@example.org"))
        office.send(server)
    assert recipients(server) == ["all@example.org", "all@example.org", "late@example.org"]
    assert not doubled(server.accepted)


@pytest.mark.feature("DUE-7", "NTF-4")
def test_what_was_answered_is_not_new_when_it_is_read_again_event_by_event(opening: OpenOffice) -> None:
    office = opening(consumer_batch=1)
    course, (ann,) = office.course(), office.people(1)
    office.hold(course, ann)
    office.answer(course, ann)
    office.settle()
    office.appoint("late@example.org", None)
    office.settle()
    with office.database.connection() as conn:
        conn.execute("DELETE FROM high_water WHERE source = 'enrollment'")
    office.settle()
    assert office.rows() == []


@pytest.mark.feature("DUE-7", "NTF-4")
def test_exceptions_from_before_the_notifier_told_of_them_are_not_new(office: Office) -> None:
    office.hold(office.course(), *office.people(2))
    office.appoint("all@example.org", None)
    with office.database.connection() as conn:
        conn.execute("UPDATE ledger_start SET exceptions_since = clock_timestamp()")
    office.settle()
    assert office.rows() == []


@pytest.mark.feature("DUE-7", "NTF-5")
@pytest.mark.parametrize("way", ["answered", "set-aside", "ended", "assigned"])
def test_when_nothing_waits_any_more_before_it_is_sent_it_is_withdrawn(office: Office, way: str) -> None:
    course, (ann, bob) = office.course(), office.people(2)
    administrator = office.appoint("all@example.org", None)
    assignment = office.hold(course, ann, bob)
    office.settle()
    assert Queue(office.database).release() == 1
    assert office.notices() == [(str(administrator), "waiting", "mailer")]
    for person in (ann, bob):
        match way:
            case "answered":
                office.answer(course, person)
            case "set-aside":
                office.answer(course, person, resolution="dismissed")
            case "ended":
                office.end(course, person, assignment)
            case _:
                office.assign(course, person, assignment=assignment)
        office.settle()
        expected = ("waiting", "mailer") if person == ann else ("withdrawn", "reason-gone")
        assert office.notices() == [(str(administrator), *expected)]


@pytest.mark.feature("DUE-7", "NTF-5")
def test_the_number_is_that_of_the_moment_of_sending(office: Office) -> None:
    north, course, people = office.unit(), office.course(), office.people(5)
    office.appoint("all@example.org", None)
    ann = office.person("ann@example.org", north)
    only = office.appoint("north@example.org", north)
    office.hold(course, ann, *people)
    office.settle()
    office.answer(course, ann, people[0])
    with Postmaster() as server:
        office.send(server)
    assert "4 learners are held back" in text_of(server)
    assert recipients(server) == ["all@example.org"]
    assert (str(only), "withdrawn", "reason-gone") in office.notices()


@pytest.mark.feature("DUE-7")
def test_it_waits_until_no_further_exception_of_the_batch_came_for_a_while(opening: OpenOffice) -> None:
    office = opening(exception_notice_delay=3600)
    course, batch, north = office.course(), uuid4(), office.unit()
    office.appoint("all@example.org", None)

    def later() -> None:
        with office.database.connection() as conn:
            conn.execute("UPDATE exception_notice SET due_at = due_at - interval '40 minutes'")

    with Postmaster() as server:
        office.hold(course, *office.people(2), batch=batch)
        office.send(server)
        later()
        office.hold(course, *office.people(3), batch=batch)
        office.send(server)
        later()
        office.send(server)
        assert office.rows() == []
        later()
        office.send(server)
        assert "5 learners" in text_of(server)
        office.appoint("north@example.org", north)
        office.hold(course, *office.people(4, north), batch=batch)
        office.settle()
        later()
        later()
        office.send(server)
    assert recipients(server) == ["all@example.org", "north@example.org"]
    assert "4 learners" in text_of(server)


@pytest.mark.feature("DUE-7")
def test_an_exception_that_changes_while_it_is_open_is_not_a_new_one_but_one_set_aside_is_when_raised_again(
    office: Office,
) -> None:
    course, (ann,) = office.course(), office.people(1)
    office.appoint("all@example.org", None)
    with Postmaster() as server:
        office.hold(course, ann)
        office.send(server)
        office.hold(course, ann, kinds=("already-assigned",))
        office.send(server)
        assert len(server.accepted) == 1
        office.answer(course, ann, resolution="dismissed")
        office.hold(course, ann, kinds=("completion-time-unknown",))
        office.send(server)
    assert len(server.accepted) == 2
    assert "- what the due date counts from is not known: 1" in text_of(server).splitlines()


@pytest.mark.feature("DUE-7", "NTF-4")
def test_nobody_is_left_out_because_a_learner_is_not_known_yet(office: Office) -> None:
    course, ann = office.course(), uuid4()
    office.appoint("all@example.org", None)
    office.hold(course, ann)
    with Postmaster() as server:
        office.send(server)
        assert office.rows() == []
        office.tell("directory", (directory.PersonRegistered, ann, {"home_organisation": None}))
        office.send(server)
    assert recipients(server) == ["all@example.org"]


@pytest.mark.feature("DUE-7", "SEC-2")
def test_one_whose_permission_role_is_gone_before_it_is_sent_gets_none(office: Office) -> None:
    course, (ann,) = office.course(), office.people(1)
    was = office.appoint("was@example.org", None)
    office.hold(course, ann)
    office.settle()
    office.revoke_role(was, None)
    with Postmaster() as server:
        office.send(server)
        assert office.notices() == [(str(was), "waiting", "scope")]
        office.answer(course, ann)
        office.send(server)
    assert office.notices() == [(str(was), "withdrawn", "reason-gone")]
    assert server.accepted == []


@pytest.mark.feature("DUE-7", "NTF-4")
def test_a_notice_whose_fate_is_unknown_is_not_repeated_and_after_a_restore_none_is(office: Office) -> None:
    course = office.course()
    administrator = office.appoint("all@example.org", None)
    office.hold(course, *office.people(1))
    with Postmaster(content=always(LOST)) as server:
        office.send(server)
    assert office.notices() == [(str(administrator), "unknown", "no-answer")]
    office.hold(course, *office.people(1))
    assert office.http.post("/api/notifier/restored").status_code == 200
    with Postmaster() as server:
        office.send(server)
    assert office.notices()[0] == (str(administrator), "unknown", "before-restore")
    assert server.accepted == []


@pytest.mark.feature("DUE-7", "NTF-2")
def test_the_notices_can_be_switched_off_for_the_whole_system(opening: OpenOffice) -> None:
    office = opening(exception_notices=False)
    office.appoint("all@example.org", None)
    office.hold(office.course(), *office.people(2))
    office.settle()
    assert office.rows() == []


@pytest.mark.feature("DUE-7", "NTF-5")
def test_a_letter_about_nobody_is_not_composed(office: Office) -> None:
    course, (ann,) = office.course(), office.people(1)
    office.appoint("all@example.org", None)
    office.hold(course, ann)
    office.settle()
    queue = Queue(office.database)
    queue.release()
    with office.database.transaction() as conn:
        (task,) = queue.claim(conn, 1, 1)
    office.answer(course, ann)
    office.settle()
    with office.database.transaction() as conn:
        (late,) = queue.tasks(conn, [task.id])
    with pytest.raises(Outdated):
        Letters("Rollbook <rollbook@example.org>", "http://127.0.0.1:8000").compose(late.about)


@pytest.mark.feature("DUE-7", "NTF-4")
def test_ten_thousand_exceptions_of_a_batch_are_one_email_for_each_administrator(office: Office) -> None:
    course, batch = office.course(), uuid4()
    office.appoint("one@example.org", None)
    office.appoint("two@example.org", None)
    office.hold(course, *office.people(10_000), batch=batch)
    with Postmaster() as server:
        office.send(server)
    assert recipients(server) == ["one@example.org", "two@example.org"]
    assert "10000 learners are held back" in text_of(server)
