"""Every further occasion of an e-mail, its switches and its copies to managers (NTF-1), through events and a real mail server."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from notifier.builders import enrollment_of
from notifier.fake_smtp import FakeSmtpServer
from notifier.harness import Harness, OpenHarness, doubled

from shared.contracts import catalog, directory, enrollment

pytestmark = pytest.mark.feature("NTF-1")
SILENT = {"off": (), "copied": (), "due_reminders": None, "certificate_reminders": None, "access_reminders": None}


def in_days(days: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)


def configure(harness: Harness, course: UUID, **given: Any) -> None:
    harness.tell("catalog", (catalog.MailConfigured, course, {**SILENT, **given}))


def about(harness: Harness, course: UUID, ada: UUID, kind: Any, **more: Any) -> None:
    fields = {"person_id": ada, "offering_id": course, "term": 1, **more}
    harness.tell("enrollment", (kind, enrollment_of(ada, course), fields))


def long_ago(harness: Harness) -> None:
    """All that happened so far happened a month ago, and such e-mails were there before."""
    with harness.sources["enrollment"].database.connection() as conn:
        conn.execute("UPDATE events SET recorded_at = recorded_at - interval '30 days'")
    with harness.database.connection() as conn:
        conn.execute("UPDATE ledger_start SET reminders_since = '-infinity', occasions_since = '-infinity'")


def completed(harness: Harness, course: UUID, ada: UUID, until: date | None = None, **more: Any) -> None:
    fields = {"version": None, "completed_at": datetime(2026, 1, 1, tzinfo=UTC), "valid_until": until}
    about(harness, course, ada, enrollment.EnrollmentCompleted, **fields, **more)


def told(harness: Harness, *templates: str) -> list[tuple[str, str]]:
    harness.settle()
    rows = [row for row in harness.rows() if not templates or row["template"] in templates]
    return [(row["template"], row["state"]) for row in reversed(rows)]


def sent(harness: Harness) -> dict[str, str]:
    """What goes out now: the text of each e-mail by its subject."""
    with FakeSmtpServer() as server:
        harness.send(server)
        assert doubled(server.accepted) == set()
    parts = {letter["Subject"]: list(letter.iter_parts()) for letter in server.letters}  # type: ignore[attr-defined]
    return {subject: plain.get_content() + html.get_content() for subject, (plain, html) in parts.items()}


def leads(harness: Harness, manager: UUID, *people: UUID, **more: Any) -> None:
    for person in people:
        job = directory.Job(id=uuid4(), manager_job=uuid4(), manager=manager, **more)
        harness.tell("directory", (directory.JobAssigned, person, {"job": job}))


def with_badge(harness: Harness, **given: Any) -> UUID:
    id = harness.course("First aid")
    fields = {"code": "C1", "title": "First aid", "description": "", "activities": (), "minimum_minutes": 0}
    fields |= dict.fromkeys(("access_days", "certificate", "badge", "price"))
    harness.tell("catalog", (catalog.CourseDescribed, id, {**fields, **given}))
    return id


@pytest.mark.feature("ENR-11")
@pytest.mark.parametrize(("language", "said"), [("en", "earned the badge"), ("de", "das Abzeichen")])
def test_one_email_tells_of_a_completion_with_its_certificate_and_its_badge(
    harness: Harness, language: str, said: str
) -> None:
    course, ada = with_badge(harness, badge="Life saver"), harness.person(language=language)
    completed(harness, course, ada)
    harness.certify(course, ada, "ABCD-EFGH")
    ((_, text),) = sent(harness).items()
    assert (said in text, text.count("Life saver"), "/verify/ABCD-EFGH" in text) == (True, 2, True)


def test_a_completion_without_a_certificate_is_mailed_and_an_imported_one_is_not(harness: Harness) -> None:
    course, ada, bob = harness.course("First aid"), harness.person(), harness.person("bob@example.org")
    completed(harness, course, ada)
    completed(harness, course, bob, recorded="imported")
    ((subject, text),) = sent(harness).items()
    assert subject == "You have completed First aid"
    assert ("badge" in text, "verify" in text) == (False, False)


def test_a_certificate_that_comes_with_the_next_delivery_is_still_one_email(harness: Harness) -> None:
    course, ada = with_badge(harness, certificate="c"), harness.person()
    completed(harness, course, ada)
    harness.settle()
    harness.certify(course, ada, "ABCD-EFGH")
    assert len(sent(harness)) == 1
    assert told(harness) == [("completed", "withdrawn"), ("completed", "sent")]


def test_a_job_role_is_mailed_by_its_name_once_and_not_once_it_is_gone(harness: Harness) -> None:
    role, ada, bob = uuid4(), harness.person(), harness.person("bob@example.org")
    described = {"code": "N", "name": "Nurse", "description": "", "qualifications": ()}
    by_hand, by_trigger, of_bob = uuid4(), uuid4(), uuid4()
    given = {"person_id": ada, "job_role_id": role}
    fired = {**given, "trigger_id": uuid4(), "offering_id": None}
    harness.tell("enrollment", (enrollment.JobRoleAssigned, by_hand, given))
    harness.tell("enrollment", (enrollment.TriggerFired, by_trigger, fired))
    harness.tell("enrollment", (enrollment.JobRoleAssigned, of_bob, {**given, "person_id": bob}))
    harness.settle()
    assert {row["waiting_for"] for row in harness.rows()} == {"job-role"}
    harness.tell("catalog", (catalog.JobRoleDescribed, role, described))
    harness.tell("enrollment", (enrollment.JobRoleUnassigned, of_bob, {**given, "person_id": bob}))
    ((subject, text),) = sent(harness).items()
    assert subject == "You have been given the job role Nurse"
    assert f"{harness.settings.base_url}/qualifications" in text
    rows = sorted((row["person_id"] == str(ada), row["state"], row["job_role_id"]) for row in harness.rows())
    assert rows == [(False, "withdrawn", str(role)), (True, "sent", str(role))]


def test_a_completion_that_expires_is_told_before_and_after_and_renewed_it_is_not(harness: Harness) -> None:
    course, people = harness.course("Welding"), [harness.person(f"p{n}@example.org") for n in range(3)]
    for ada, days in zip(people, (29, -2, 29), strict=True):
        completed(harness, course, ada, in_days(days))
    long_ago(harness)
    completed(harness, course, people[2], in_days(400))
    harness.switch(course)
    soon, late = in_days(29), in_days(-2)
    assert set(sent(harness)) == {
        f"Welding counts until {soon.day} {soon:%B %Y}",
        f"Welding counted until {late.day} {late:%B %Y}",
    }
    completed(harness, course, people[0], in_days(800))
    assert told(harness, "certificate-expiring") == [("certificate-expiring", "sent")]


@pytest.mark.parametrize("gone", ["renewed", "taken back", "longer", "completed"])
def test_what_expires_no_more_withdraws_what_waits(harness: Harness, gone: str) -> None:
    """Nobody has a profile here, so nothing goes before its reason does."""
    course, (ada,) = harness.course(), harness.people(1)
    if gone in ("renewed", "taken back"):
        completed(harness, course, ada, in_days(29))
    else:
        about(harness, course, ada, enrollment.LearnerAssigned, assignment_id=uuid4(), access_until=in_days(6))
    long_ago(harness)
    harness.switch(course)
    before = told(harness, "certificate-expiring", "access-expiring")
    assert [state for _, state in before] == ["waiting"]
    if gone == "renewed":
        completed(harness, course, ada, in_days(800))
    elif gone == "taken back":
        reason = {"id": uuid4(), "digest": "0" * 64}
        about(harness, course, ada, enrollment.CompletionTakenBack, steps=(), reason=reason)
    elif gone == "longer":
        about(harness, course, ada, enrollment.LearnerAssigned, assignment_id=uuid4(), access_until=in_days(90))
    else:
        completed(harness, course, ada)
    sent(harness)
    assert told(harness, before[0][0]) == [(before[0][0], "withdrawn")]


def test_access_is_told_before_it_ends_and_when_it_has_ended(harness: Harness) -> None:
    course, ada = harness.course("Welding"), harness.person()
    about(harness, course, ada, enrollment.LearnerAssigned, assignment_id=uuid4(), access_until=in_days(6))
    long_ago(harness)
    day = in_days(6)
    assert f"Your access to Welding ends on {day.day} {day:%B %Y}" in sent(harness)
    about(harness, course, ada, enrollment.AccessExpired)
    assert set(sent(harness)) == {"Your access to Welding has ended"}


def test_an_offering_has_its_own_days_of_reminding(open_harness: OpenHarness) -> None:
    harness = open_harness(reminder_days=(-7, 1), certificate_reminder_days=())
    usual, own, never = (harness.course(title) for title in ("usual", "own", "never"))
    configure(harness, own, due_reminders=(-14, -7, 2))
    configure(harness, never, due_reminders=())
    for course in (usual, own, never):
        harness.switch(course)
        for n, days in enumerate((13, 6, -3)):
            ada = harness.person(f"{course.hex[:6]}{n}@example.org")
            about(harness, course, ada, enrollment.LearnerAssigned, assignment_id=uuid4(), due_on=in_days(days))
    long_ago(harness)
    harness.settle()
    found = [(row["offering_title"], row["template"]) for row in harness.rows() if row["template"] != "assigned"]
    assert sorted(found) == [
        ("own", "due-soon"),
        ("own", "due-soon"),
        ("own", "overdue"),
        ("usual", "due-soon"),
        ("usual", "overdue"),
    ]


@pytest.mark.feature("CAT-17")
def test_what_an_offering_switches_off_is_not_sent(harness: Harness) -> None:
    loud, quiet = harness.course("Loud"), harness.course("Quiet")
    configure(harness, quiet, off=("access-expired", "overdue"))
    for course in (loud, quiet):
        ada = harness.person(f"{course.hex[:6]}@example.org")
        about(harness, course, ada, enrollment.LearnerAssigned, assignment_id=uuid4())
        about(harness, course, ada, enrollment.AccessExpired)
    assert set(sent(harness)) == {"Your access to Loud has ended"}
    rows = {(row["offering_title"], row["reason"]) for row in harness.rows(template="access-expired")}
    assert rows == {("Loud", None), ("Quiet", "switched-off")}


def test_managers_get_a_copy_with_a_text_of_its_own_once_the_learner_was_told(harness: Harness) -> None:
    copied, other = harness.course("Welding"), harness.course("Painting")
    configure(harness, copied, copied=("assigned",))
    ada, boss = harness.person(), harness.person("boss@example.org", first_name="Max")
    former, gone = harness.person("former@example.org"), harness.person("gone@example.org")
    leads(harness, boss, ada)
    leads(harness, former, ada, ends=in_days(-3))
    leads(harness, gone, ada)
    harness.tell("directory", (directory.PersonDeactivated, gone, {"why": "left"}))
    harness.assign(copied, ada)
    harness.assign(other, ada)
    harness.settle()
    assert told(harness) == [("assigned", "waiting")] * 2
    texts = sent(harness) | sent(harness)
    assert set(texts) == {
        "You have been assigned to Welding",
        "You have been assigned to Painting",
        "Ada Lovelace has been assigned to Welding",
    }
    assert "You get this copy as Ada Lovelace" in texts["Ada Lovelace has been assigned to Welding"]
    (copy,) = harness.rows(template="assigned-copy")
    assert (copy["person_id"], copy["learner_id"], copy["state"]) == (str(boss), str(ada), "sent")
    assert sent(harness) == {}


def test_a_temporary_manager_gets_copies_until_the_last_day(harness: Harness) -> None:
    course, ada = harness.course("Welding"), harness.person()
    configure(harness, course, copied=("assigned",))
    acting, former = harness.person("acting@example.org"), harness.person("former@example.org")
    for manager, days in ((acting, 1), (former, -2)):
        job = directory.Job(id=uuid4(), temporary_manager=manager, temporary_until=in_days(days))
        harness.tell("directory", (directory.JobAssigned, ada, {"job": job}))
    harness.assign(course, ada)
    sent(harness)
    sent(harness)
    assert [row["person_id"] for row in harness.rows(template="assigned-copy")] == [str(acting)]


@pytest.mark.feature("NTF-4")
def test_a_history_that_is_read_again_tells_nobody_of_what_was_before_there_was_such_an_email(harness: Harness) -> None:
    course, ada = harness.course(), harness.person()
    completed(harness, course, ada)
    with harness.database.connection() as conn:
        conn.execute("UPDATE ledger_start SET occasions_since = now() + interval '1 hour'")
    assert told(harness) == []


@pytest.mark.feature("NTF-4")
def test_everything_read_again_over_emptied_facts_sends_nothing_again(harness: Harness) -> None:
    course, ada, boss = harness.course("Welding"), harness.person(), harness.person("boss@example.org")
    configure(harness, course, copied=("assigned", "completed"))
    leads(harness, boss, ada)
    harness.assign(course, ada)
    completed(harness, course, ada)
    assert (len(sent(harness)), len(sent(harness))) == (2, 2)
    before = harness.rows()
    assert len(before) == 4
    with harness.database.connection() as conn:
        conn.execute("DELETE FROM high_water")
        conn.execute(
            "TRUNCATE enrollment_fact, offering_fact, person_fact, unit_fact, profile, expiry_fact, manager_fact, "
            "job_role_fact, job_role_holding"
        )
    assert sent(harness) == {}
    assert harness.rows() == before
