"""Administrators are told of new exceptions: one e-mail for each batch, offering and administrator (DUE-7)."""

from uuid import uuid4

import pytest
from notifier.fake_smtp import LOST, FakeSmtpServer, always, recipients, text_of
from notifier.harness import Harness, OpenHarness, doubled

from services.notifier.mailer import Queue
from services.notifier.mailer.letters import Letters, Outdated
from shared.contracts import directory


@pytest.mark.feature("DUE-7", "NTF-1", "SEC-2")
def test_each_administrator_of_the_learners_organisation_is_told_and_nobody_else(harness: Harness) -> None:
    top = harness.unit()
    north, south = harness.unit(top), harness.unit(top)
    course = harness.course("Welding")
    harness.appoint("all@example.org", None)
    harness.appoint("top@example.org", top, south)
    harness.appoint("north@example.org", north)
    harness.appoint("south@example.org", south)
    harness.appoint("manager@example.org", None, role="enrollment-manager")
    gone = harness.appoint("gone@example.org", None)
    harness.tell("directory", (directory.PersonDeactivated, gone, {"why": "left"}))
    harness.revoke_role(harness.appoint("was@example.org", north), north)
    ann = harness.person("ann@example.org", north)
    batch = uuid4()
    harness.hold(course, ann, batch=batch)
    with FakeSmtpServer() as server:
        harness.send(server)
    assert recipients(server) == ["all@example.org", "north@example.org", "top@example.org"]
    row = harness.rows()[0]
    assert (row["template"], row["cause"], row["batch"]) == ("exceptions", f"{batch}/{course}", str(batch))
    assert (row["cause_type"], row["enrollment_id"], row["term"]) == ("enrollment.ExceptionRaised.v1", None, None)
    assert server.letters[0]["Subject"] == "A learner is waiting for your decision: Welding"
    for letter in server.letters:
        whole = letter.as_string()
        assert "ann@" not in whole
        assert str(ann) not in whole


@pytest.mark.feature("DUE-7", "NTF-4", "SEC-2")
def test_a_batch_is_one_email_with_the_number_of_learners_in_scope_and_their_kinds(harness: Harness) -> None:
    north, south, course, batch = harness.unit(), harness.unit(), harness.course("Welding"), uuid4()
    harness.appoint("all@example.org", None)
    harness.appoint("north@example.org", north, language="de")
    people = harness.people(30, north) + harness.people(20, south)
    harness.hold(course, *people[:40], batch=batch)
    harness.hold(course, *people[40:], batch=batch, kinds=("time-allowance", "completion-time-unknown"))
    with FakeSmtpServer() as server:
        harness.send(server)
    assert recipients(server) == ["all@example.org", "north@example.org"]
    texts = {letter["To"].addresses[0].addr_spec: text_of(server, n) for n, letter in enumerate(server.letters)}
    lines = texts["all@example.org"].splitlines()
    assert (
        '50 learners are held back from the course "Welding" and are waiting for an administrator\'s decision:' in lines
    )
    assert [line for line in lines if line.startswith("- ")] == [
        "- too little time until the due date: 50",
        "- the date that the due date is based on is unknown: 10",
    ]
    address = f"{harness.settings.base_url}/admin/exceptions?offering_id={course}&state=open"
    assert f"Review the list: {address}" in lines
    assert "30 Personen sind für „Welding“ zurückgehalten" in texts["north@example.org"]
    html = server.letters[0].get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert f'href="{address.replace("&", "&amp;")}"' in html


@pytest.mark.feature("DUE-7", "NTF-4")
def test_what_is_delivered_again_and_read_from_the_beginning_tells_nobody_again(harness: Harness) -> None:
    course, people, batch = harness.course(), harness.people(3), uuid4()
    harness.appoint("all@example.org", None)
    harness.hold(course, *people, batch=batch)
    with FakeSmtpServer() as server:
        harness.send(server)
        before = harness.rows()
        harness.appoint("late@example.org", None)
        with harness.database.connection() as conn:
            conn.execute("DELETE FROM high_water")
            conn.execute("TRUNCATE enrollment_fact, offering_fact, person_fact, unit_fact, profile, administrator_fact")
        harness.send(server)
        assert harness.rows() == before
        harness.hold(course, harness.person("bob@example.org"))
        harness.send(server)
    assert recipients(server) == ["all@example.org", "all@example.org", "late@example.org"]
    assert not doubled(server.accepted)


@pytest.mark.feature("DUE-7", "NTF-4")
def test_what_was_answered_is_not_new_when_it_is_read_again_event_by_event(open_harness: OpenHarness) -> None:
    harness = open_harness(consumer_batch=1)
    course, (ann,) = harness.course(), harness.people(1)
    harness.hold(course, ann)
    harness.answer(course, ann)
    harness.settle()
    harness.appoint("late@example.org", None)
    harness.settle()
    with harness.database.connection() as conn:
        conn.execute("DELETE FROM high_water WHERE source = 'enrollment'")
    harness.settle()
    assert harness.rows() == []


@pytest.mark.feature("DUE-7", "NTF-4")
def test_exceptions_from_before_the_notifier_told_of_them_are_not_new(harness: Harness) -> None:
    harness.hold(harness.course(), *harness.people(2))
    harness.appoint("all@example.org", None)
    with harness.database.connection() as conn:
        conn.execute("UPDATE ledger_start SET exceptions_since = clock_timestamp()")
    harness.settle()
    assert harness.rows() == []


@pytest.mark.feature("DUE-7", "NTF-5")
@pytest.mark.parametrize("way", ["answered", "set-aside", "ended", "assigned"])
def test_when_nothing_waits_any_more_before_it_is_sent_it_is_withdrawn(harness: Harness, way: str) -> None:
    course, (ann, bob) = harness.course(), harness.people(2)
    administrator = harness.appoint("all@example.org", None)
    assignment = harness.hold(course, ann, bob)
    harness.settle()
    assert Queue(harness.database).release() == 1
    assert harness.notices() == [(str(administrator), "waiting", "mailer")]
    for person in (ann, bob):
        match way:
            case "answered":
                harness.answer(course, person)
            case "set-aside":
                harness.answer(course, person, resolution="dismissed")
            case "ended":
                harness.end(course, person, assignment)
            case _:
                harness.assign(course, person, assignment=assignment)
        harness.settle()
        expected = ("waiting", "mailer") if person == ann else ("withdrawn", "reason-gone")
        assert harness.notices() == [(str(administrator), *expected)]


@pytest.mark.feature("DUE-7", "NTF-5")
def test_the_number_is_that_of_the_moment_of_sending(harness: Harness) -> None:
    north, course, people = harness.unit(), harness.course(), harness.people(5)
    harness.appoint("all@example.org", None)
    ann = harness.person("ann@example.org", north)
    only = harness.appoint("north@example.org", north)
    harness.hold(course, ann, *people)
    harness.settle()
    harness.answer(course, ann, people[0])
    with FakeSmtpServer() as server:
        harness.send(server)
    assert "4 learners are held back" in text_of(server)
    assert recipients(server) == ["all@example.org"]
    assert (str(only), "withdrawn", "reason-gone") in harness.notices()


@pytest.mark.feature("DUE-7")
def test_it_waits_until_no_further_exception_of_the_batch_came_for_a_while(open_harness: OpenHarness) -> None:
    harness = open_harness(exception_notice_delay=3600)
    course, batch, north = harness.course(), uuid4(), harness.unit()
    harness.appoint("all@example.org", None)

    def later() -> None:
        with harness.database.connection() as conn:
            conn.execute("UPDATE exception_notice SET due_at = due_at - interval '40 minutes'")

    with FakeSmtpServer() as server:
        harness.hold(course, *harness.people(2), batch=batch)
        harness.send(server)
        later()
        harness.hold(course, *harness.people(3), batch=batch)
        harness.send(server)
        later()
        harness.send(server)
        assert harness.rows() == []
        later()
        harness.send(server)
        assert "5 learners" in text_of(server)
        harness.appoint("north@example.org", north)
        harness.hold(course, *harness.people(4, north), batch=batch)
        harness.settle()
        later()
        later()
        harness.send(server)
    assert recipients(server) == ["all@example.org", "north@example.org"]
    assert "4 learners" in text_of(server)


@pytest.mark.feature("DUE-7")
def test_an_exception_that_changes_while_it_is_open_is_not_a_new_one_but_one_set_aside_is_when_raised_again(
    harness: Harness,
) -> None:
    course, (ann,) = harness.course(), harness.people(1)
    harness.appoint("all@example.org", None)
    with FakeSmtpServer() as server:
        harness.hold(course, ann)
        harness.send(server)
        harness.hold(course, ann, kinds=("already-assigned",))
        harness.send(server)
        assert len(server.accepted) == 1
        harness.answer(course, ann, resolution="dismissed")
        harness.hold(course, ann, kinds=("completion-time-unknown",))
        harness.send(server)
    assert len(server.accepted) == 2
    assert "- the date that the due date is based on is unknown: 1" in text_of(server).splitlines()


@pytest.mark.feature("DUE-7", "NTF-4")
def test_nobody_is_left_out_because_a_learner_is_not_known_yet(harness: Harness) -> None:
    course, ann = harness.course(), uuid4()
    harness.appoint("all@example.org", None)
    harness.hold(course, ann)
    with FakeSmtpServer() as server:
        harness.send(server)
        assert harness.rows() == []
        harness.tell("directory", (directory.PersonRegistered, ann, {"home_organisation": None}))
        harness.send(server)
    assert recipients(server) == ["all@example.org"]


@pytest.mark.feature("DUE-7", "SEC-2")
def test_one_whose_permission_role_is_gone_before_it_is_sent_gets_none(harness: Harness) -> None:
    course, (ann,) = harness.course(), harness.people(1)
    was = harness.appoint("was@example.org", None)
    harness.hold(course, ann)
    harness.settle()
    harness.revoke_role(was, None)
    with FakeSmtpServer() as server:
        harness.send(server)
        assert harness.notices() == [(str(was), "waiting", "scope")]
        harness.answer(course, ann)
        harness.send(server)
    assert harness.notices() == [(str(was), "withdrawn", "reason-gone")]
    assert server.accepted == []


@pytest.mark.feature("DUE-7", "NTF-4")
def test_a_notice_whose_fate_is_unknown_is_not_repeated_and_after_a_restore_none_is(harness: Harness) -> None:
    course = harness.course()
    administrator = harness.appoint("all@example.org", None)
    harness.hold(course, *harness.people(1))
    with FakeSmtpServer(content=always(LOST)) as server:
        harness.send(server)
    assert harness.notices() == [(str(administrator), "unknown", "no-answer")]
    harness.hold(course, *harness.people(1))
    assert harness.http.post("/api/notifier/restored").status_code == 200
    with FakeSmtpServer() as server:
        harness.send(server)
    assert harness.notices()[0] == (str(administrator), "unknown", "before-restore")
    assert server.accepted == []


@pytest.mark.feature("DUE-7", "NTF-2")
def test_the_notices_can_be_switched_off_for_the_whole_system(open_harness: OpenHarness) -> None:
    harness = open_harness(exception_notices=False)
    harness.appoint("all@example.org", None)
    harness.hold(harness.course(), *harness.people(2))
    harness.settle()
    assert harness.rows() == []


@pytest.mark.feature("DUE-7", "NTF-5")
def test_a_letter_about_nobody_is_not_composed(harness: Harness) -> None:
    course, (ann,) = harness.course(), harness.people(1)
    harness.appoint("all@example.org", None)
    harness.hold(course, ann)
    harness.settle()
    queue = Queue(harness.database)
    queue.release()
    with harness.database.transaction() as conn:
        (task,) = queue.claim(conn, 1, 1)
    harness.answer(course, ann)
    harness.settle()
    with harness.database.transaction() as conn:
        (late,) = queue.tasks(conn, [task.id])
    with pytest.raises(Outdated):
        Letters("Rollbook <rollbook@example.org>", "http://127.0.0.1:8000").compose(late.about)


@pytest.mark.feature("DUE-7", "NTF-4")
def test_ten_thousand_exceptions_of_a_batch_are_one_email_for_each_administrator(harness: Harness) -> None:
    course, batch = harness.course(), uuid4()
    harness.appoint("one@example.org", None)
    harness.appoint("two@example.org", None)
    harness.hold(course, *harness.people(10_000), batch=batch)
    with FakeSmtpServer() as server:
        harness.send(server)
    assert recipients(server) == ["one@example.org", "two@example.org"]
    assert "10000 learners are held back" in text_of(server)
