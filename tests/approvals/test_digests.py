"""Approvers are told once a day what still waits for them (NTF-1)."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from approvals.harness import MANAGER, Desk, people

from services.approvals.application.digests import Digests
from shared.contracts import directory
from shared.contracts.approvals import DecisionsWaited
from shared.errors import ConflictLost
from shared.events import decode

DAY = datetime(2027, 3, 1, tzinfo=UTC)


def look(desk: Desk, hour: float, days: int = 0) -> None:
    """At this hour in UTC, so many days later."""
    worker = next(one for one in desk.service.workers if isinstance(one, Digests))
    worker.step(DAY + timedelta(days=days, hours=hour))


def told(desk: Desk) -> list[tuple[UUID, date, int]]:
    """Whom, on which day, how many requests."""
    query = "SELECT type, stream, version, body FROM events WHERE type = %s ORDER BY position"
    with desk.database.connection() as conn:
        rows = conn.execute(query, [DecisionsWaited.TOPIC]).fetchall()
    events = [decode(str(type), UUID(str(stream)), version, bytes(body)) for type, stream, version, body in rows]  # type: ignore[arg-type, call-overload]
    return [(e.person_id, e.day, e.requests) for e in events if isinstance(e, DecisionsWaited)]


def zone(desk: Desk, unit: UUID, name: str) -> None:
    own = {"access_days": None, "anonymous_registration": None, "key_field": None, "time_zone": name}
    desk.enrollment.tell(desk.enrollment.directory, directory.OrganisationProfiled, unit, **own)
    desk.settle()


@pytest.mark.feature("NTF-1", "APR-1")
def test_an_approver_is_told_once_a_day_as_long_as_something_waits(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER)
    look(desk, 9, days=-1)
    other = desk.enrollment.course("Crane")
    desk.configure(other, MANAGER)
    first, second = desk.ask(desk.ada), desk.ask(desk.ada, other)
    desk.settle()
    look(desk, 7.9)
    assert told(desk) == []
    look(desk, 8)
    look(desk, 8.1)
    look(desk, 23)
    assert told(desk) == [(desk.max, date(2027, 3, 1), 2)]
    desk.decided(desk.max, first, "deny", "Not now.")
    look(desk, 9, days=1)
    assert told(desk)[1:] == [(desk.max, date(2027, 3, 2), 1)]
    desk.decided(desk.max, second, "deny", "Not now.")
    look(desk, 9, days=2)
    assert len(told(desk)) == 2


@pytest.mark.feature("NTF-1", "APR-4", "APR-5")
def test_whoever_has_decided_is_not_told_and_whoever_stands_in_is(desk: Desk) -> None:
    rita, joan = desk.named("Rita", "Reed"), desk.named("Joan", "Clarke")
    desk.configure(desk.course, people(desk.max, rita, needs="all"))
    request = desk.ask(desk.ada)
    desk.decided(desk.max, request)
    body = {"to": str(joan), "starts": str(date.today()), "ends": str(date.today() + timedelta(days=9))}
    assert desk.client(rita).put("/api/approvals/delegation", json=body).status_code == 200
    look(desk, 9)
    assert {person for person, _, _ in told(desk)} == {rita, joan}


@pytest.mark.feature("NTF-1", "DUE-1")
def test_the_hour_is_that_of_the_approvers_own_zone_or_of_the_organisation(desk: Desk) -> None:
    desk.configure(desk.course, people(desk.max, desk.site, needs="any"))
    zone(desk, desk.branch, "Asia/Tokyo")
    look(desk, 9, days=-1)
    desk.ask(desk.ada)
    look(desk, -1.5)  # half past seven in Tokyo
    assert told(desk) == []
    look(desk, -1)
    assert told(desk) == [(desk.max, date(2027, 3, 1), 1)]
    look(desk, 8)
    assert told(desk)[1:] == [(desk.site, date(2027, 3, 1), 1)]
    zone(desk, desk.branch, "Europe/Berlin")  # Max is there on the same day again
    look(desk, 9)
    assert len(told(desk)) == 2


@pytest.mark.feature("NTF-1")
def test_two_workers_tell_once(desk: Desk) -> None:
    desk.configure(desk.course, MANAGER)
    desk.ask(desk.ada)
    barrier = Barrier(4)

    def run() -> None:
        barrier.wait()
        with suppress(ConflictLost):
            look(desk, 9)

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told(desk) == [(desk.max, date(2027, 3, 1), 1)]


@pytest.mark.feature("NTF-1", "OPS-8")
def test_an_approver_whose_digest_crashes_is_set_aside_alone(desk: Desk) -> None:
    desk.configure(desk.course, people(desk.max, desk.site, needs="any"))
    rita = desk.named("Rita", "Reed")
    other = desk.enrollment.course("Crane")
    desk.configure(other, people(rita, desk.max, needs="any"))
    zone(desk, desk.branch, "Asia/Tokyo")
    desk.ask(desk.ada)
    desk.ask(desk.ada, other)
    desk.settle()
    with desk.database.connection() as conn:
        conn.execute(f"ALTER TABLE approver_digest ADD CONSTRAINT poison CHECK (person <> '{desk.max}')".encode())
    look(desk, 9)
    look(desk, 10)
    assert {person for person, _, _ in told(desk)} == {desk.site, rita}
    address, operator = "/api/approvals/letters", desk.client(desk.site, ("site-administrator", None))
    (letter,) = operator.get(address).json()["items"]
    assert (letter["source"], letter["type"], letter["key"]) == ("approvals digests", "person", str(desk.max))
    retry = f"{address}/approvals digests/{desk.max}/retry"
    assert operator.post(retry).json()["type"].endswith("crashed-again")
    with desk.database.connection() as conn:
        conn.execute("ALTER TABLE approver_digest DROP CONSTRAINT poison")
    assert operator.post(retry).json() == {"entries": 1}
    assert told(desk)[-1] == (desk.max, date(2027, 3, 1), 2)
    look(desk, 9, days=1)
    assert len(told(desk)) == 6
    assert operator.get(address).json()["items"] == []
