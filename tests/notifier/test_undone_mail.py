"""E-mail about a batch that the enrollment service has undone (ASG-20, NTF-5)."""

from collections.abc import Callable, Iterator
from datetime import date
from uuid import UUID

import profiles
import pytest
from enrollment.harness import Harness as Enrollment
from notifier.fake_smtp import FakeSmtpServer, recipients, text_of
from notifier.harness import Harness as Notifier

from services.notifier.mailer import Queue
from shared.contracts import directory
from shared.database import Database
from shared.profiles import Profile
from shared.store import Store


class Both:
    """The real enrollment service, and a notifier that follows it."""

    def __init__(self, fresh: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> None:
        self.enrollment = Enrollment(fresh, feed_conninfo)
        sources = {
            "approvals": Store(fresh()),
            "keys": Store(fresh()),
            "catalog": self.enrollment.catalog,
            "directory": self.enrollment.directory,
            "enrollment": Store(self.enrollment.database),
        }
        self.notifier = Notifier(fresh, feed_conninfo, sources)

    def close(self) -> None:
        self.notifier.close()
        self.enrollment.close()

    def confirmed(self, **body: object) -> str:
        """A preview, confirmed and carried to everybody. Returns the batch."""
        self.settle()
        preview = self.enrollment.http.post("/api/enrollment/previews", json=body)
        assert preview.status_code == 201, preview.text
        receipt = self.enrollment.http.post(f"/api/enrollment/previews/{preview.json()['id']}/confirm").json()
        self.settle()
        return str(receipt["batch"])

    def assign(self, offering: UUID, audience: UUID, **more: object) -> str:
        target = {"type": "audience", "target_id": str(audience)}
        return self.confirmed(action="assign", offering_id=str(offering), targets=[target], **more)

    def undo(self, batch: str) -> None:
        assert self.enrollment.http.post(f"/api/enrollment/batches/{batch}/undo").status_code == 202
        self.settle()

    def settle(self) -> None:
        self.enrollment.settle()
        self.notifier.settle()

    def introduce(self, person: UUID, email: str) -> None:
        """The address of somebody whose e-mail could not go for want of one."""
        profile = Profile(first_name="Bob", last_name="Bell", email=email, user_name=email)
        profiles.save(self.enrollment.directory.database, person, profile)

    def told(self, person: UUID) -> list[tuple[str, str, str | None]]:
        """All reasons for e-mail to this person, in order, with what became of each."""
        rows = self.notifier.rows(person_id=str(person))
        return [(row["template"], row["state"], row["reason"] or row["waiting_for"]) for row in reversed(rows)]


@pytest.fixture
def both(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Both]:
    one = Both(database, feed_conninfo)
    yield one
    one.close()


@pytest.mark.feature("ASG-20", "NTF-5", "NTF-1")
def test_an_undo_withdraws_what_is_unsent_and_what_was_sent_is_followed_by_a_withdrawal(both: Both) -> None:
    course, bob = both.enrollment.course("Welding"), both.enrollment.person()
    ann, cid = (
        both.enrollment.named("Ann", "A", "ann@example.org"),
        both.enrollment.named("Cid", "C", "cid@example.org"),
    )
    batch = both.assign(course, both.enrollment.audience(ann, bob, cid))
    with FakeSmtpServer() as server:
        both.notifier.send(server)
        assert recipients(server) == ["ann@example.org", "cid@example.org"]
        assert both.told(bob) == [("assigned", "waiting", "profile")]
        both.enrollment.begin(cid, course)
        both.undo(batch)
        assert both.told(bob) == [("assigned", "withdrawn", "reason-gone"), ("withdrawn", "waiting", "profile")]
        both.introduce(bob, "bob@example.org")
        both.notifier.send(server)
    assert both.told(ann) == [("assigned", "sent", None), ("withdrawn", "sent", None)]
    assert both.told(bob) == [("assigned", "withdrawn", "reason-gone"), ("withdrawn", "sent", None)]
    assert both.told(cid) == [("assigned", "sent", None)]
    subjects = sorted((letter["To"].addresses[0].addr_spec, str(letter["Subject"])) for letter in server.letters[2:])
    assert subjects == [
        ("ann@example.org", "You have been withdrawn from Welding"),
        ("bob@example.org", "You have been withdrawn from Welding"),
    ]


@pytest.mark.feature("ASG-20", "NTF-5")
def test_an_undo_withdraws_what_only_waits_for_the_mail_server(both: Both) -> None:
    course, ann = both.enrollment.course(), both.enrollment.named("Ann", "A", "ann@example.org")
    batch = both.assign(course, both.enrollment.audience(ann))
    assert Queue(both.notifier.database).release() == 1
    assert both.told(ann) == [("assigned", "waiting", "mailer")]
    both.undo(batch)
    assert both.told(ann)[0] == ("assigned", "withdrawn", "reason-gone")


@pytest.mark.feature("ASG-20", "NTF-5")
def test_an_undone_removal_withdraws_the_unsent_word_of_it(both: Both) -> None:
    course, ann = both.enrollment.course(), both.enrollment.named("Ann", "A", "ann@example.org")
    with FakeSmtpServer() as server:
        both.assign(course, both.enrollment.audience(ann))
        both.notifier.send(server)
        (assignment,) = both.enrollment.http.get("/api/enrollment/assignments").json()["items"]
        removal = both.confirmed(action="remove", assignment_ids=[assignment["id"]])
        assert both.told(ann)[1:] == [("withdrawn", "waiting", "ready")]
        both.undo(removal)
        both.notifier.send(server)
    assert both.told(ann) == [
        ("assigned", "sent", None),
        ("withdrawn", "withdrawn", "reason-gone"),
        ("assigned", "sent", None),
    ]


@pytest.mark.feature("ASG-20", "NTF-5", "DUE-7")
def test_an_undo_withdraws_the_unsent_word_of_its_exceptions(both: Both) -> None:
    enrollment, course = both.enrollment, both.enrollment.course("Welding", minimum_minutes=7 * 24 * 60)
    enrollment.on(date(2027, 3, 1))
    administrator = enrollment.named("Site", "Admin", "admin@example.org")
    fields = {"role": "site-administrator", "organisation": None}
    enrollment.tell(enrollment.directory, directory.PermissionRoleGranted, administrator, **fields)
    soon = {"kind": "fixed", "on": "2027-03-03"}
    sent = both.assign(course, enrollment.audience(*enrollment.people(7)), due=soon)
    with FakeSmtpServer() as server:
        both.notifier.send(server)
        assert "7 learners are held back" in text_of(server)
        undone = both.assign(course, enrollment.audience(*enrollment.people(3), name="Others"), due=soon)
        both.notifier.settle()
        assert both.told(administrator) == [("exceptions", "sent", None), ("exceptions", "waiting", "ready")]
        both.undo(undone)
        both.undo(sent)
        both.notifier.send(server)
    assert both.told(administrator) == [("exceptions", "sent", None), ("exceptions", "withdrawn", "reason-gone")]
    assert len(server.accepted) == 1
