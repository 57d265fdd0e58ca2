"""Redeeming a key while signed in: reserved, answered by enrollment, carried out (KEY-4, KEY-6, KEY-9, KEY-12)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from keys.harness import NOW, Keys, problem

from services.keys.application.redemptions import Redemptions
from shared.contracts import catalog, directory, enrollment
from shared.contracts.enrollment import Hold
from shared.contracts.keys import KeyRedeemed, KeyReleased, KeyReserved
from shared.database import Database
from shared.store import CommandContext

TEXT = "WARD-2026-ABCD-EFGH"


def told_later(keys: Keys, answers: Callable[[KeyReserved], object]) -> threading.Thread:
    """Enrollment, which answers while the learner waits."""

    def answering() -> None:
        while not keys.asked():
            threading.Event().wait(0.01)
        answers(keys.asked()[-1])

    thread = threading.Thread(target=answering)
    thread.start()
    return thread


@pytest.mark.feature("KEY-4", "KEY-6")
def test_a_redeemed_key_leads_to_its_assignment_in_the_same_request(keys: Keys) -> None:
    key = keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    enrolled = told_later(keys, keys.admit)
    answer = keys.redeem(learner, "ward 2026 abcd efgh", Prefer="wait=20")
    enrolled.join()
    told = answer.json()
    assert answer.status_code == 201
    (redeemed,) = [e for e in keys.events() if isinstance(e, KeyRedeemed)]
    assert told["assignment_id"] == str(redeemed.assignment_id)
    assert UUID(told["enrollment_id"])
    assert (told["state"], told["held_by"], told["offering_title"]) == ("redeemed", None, "Forklift")
    (asked,) = keys.asked()
    assert (asked.person_id, asked.offering_id, asked.access_days) == (learner, keys.course, 30)
    assert str(asked.redemption_id) == told["id"]
    item = keys.http.get(f"/api/keys/keys/{key}").json()
    assert (item["state"], item["person_name"], item["person_id"]) == ("redeemed", "Ada Lind", str(learner))
    assert item["redeemed_at"] > item["added_at"]


@pytest.mark.feature("KEY-6")
def test_while_enrollment_is_silent_the_learner_gets_an_address_to_ask_at(keys: Keys) -> None:
    key = keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    answer = keys.redeem(learner, TEXT)
    assert (answer.status_code, answer.json()["state"]) == (202, "reserved")
    assert keys.http.get(f"/api/keys/keys/{key}").json()["state"] == "reserved"
    again = keys.redeem(learner, TEXT)
    assert (again.status_code, again.headers["Location"]) == (202, answer.headers["Location"])
    assert len(keys.asked()) == 1
    own = keys.client(learner)
    assert own.get(answer.headers["Location"]).json()["state"] == "reserved"
    assert keys.http.get(answer.headers["Location"]).status_code == 404
    assignment = keys.admit(keys.asked()[0])
    assert own.get(answer.headers["Location"]).json()["assignment_id"] == str(assignment)


@pytest.mark.feature("KEY-6")
def test_of_many_who_wait_for_a_silent_enrollment_only_so_many_hold_the_service_up(keys: Keys) -> None:
    keys.restart(redemption_waiters=1, redemption_wait=30.0)
    pool = keys.pool()
    keys.add(pool, "WARD-2026-0000-0001", "WARD-2026-0000-0002")
    first, second = keys.person(keys.head), keys.person(keys.head)
    keys.settle()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(keys.redeem, first, "WARD-2026-0000-0001")
        while not keys.asked():
            threading.Event().wait(0.01)
        at_once = keys.redeem(second, "WARD-2026-0000-0002")
        assert (at_once.status_code, at_once.json()["state"]) == (202, "reserved")
        assert not waiting.done()
        keys.admit(keys.asked()[0])
        assert waiting.result(60).status_code == 201


@pytest.mark.feature("KEY-6", "KEY-12")
def test_the_own_key_entered_again_leads_to_its_assignment(keys: Keys) -> None:
    keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    keys.redeem(learner, TEXT)
    assignment = keys.admit(keys.asked()[0])
    again = keys.redeem(learner, TEXT.lower())
    assert (again.status_code, again.json()["assignment_id"]) == (200, str(assignment))
    assert len(keys.asked()) == 1


@pytest.mark.feature("KEY-6")
def test_the_same_command_twice_is_one_redemption(keys: Keys) -> None:
    keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    twice = [keys.redeem(learner, TEXT, **{"Idempotency-Key": "tap-1"}).json()["id"] for _ in range(2)]
    assert twice[0] == twice[1]
    other = keys.redeem(learner, "WARD-2026-ABCD-0000", **{"Idempotency-Key": "tap-1"})
    assert problem(other) == "command-id-reused"


@pytest.mark.feature("KEY-6")
def test_a_refused_key_is_unused_and_the_learner_is_told_why(keys: Keys) -> None:
    pool = keys.pool()
    key = keys.key(pool)
    learner = keys.person(keys.head)
    keys.settle()
    refused = told_later(keys, lambda asked: keys.refuse(asked, "still-enrolled", "You have this course until 3 May."))
    answer = keys.redeem(learner, TEXT, Prefer="wait=20", **{"Idempotency-Key": "tap-1"})
    refused.join()
    assert (answer.status_code, problem(answer)) == (409, "still-enrolled")
    assert answer.json()["detail"] == "You have this course until 3 May."
    assert answer.json()["field"] == "key"
    assert keys.http.get(f"/api/keys/keys/{key}").json()["state"] == "free"
    assert keys.http.get(f"/api/keys/pools/{pool}").json()["keys"] == {
        "free": 1,
        "sent": 0,
        "reserved": 0,
        "redeemed": 0,
        "revoked": 0,
    }
    repeated = keys.redeem(learner, TEXT, **{"Idempotency-Key": "tap-1"})
    assert problem(repeated) == "still-enrolled"
    colleague = keys.person(keys.head)
    keys.settle()
    assert keys.redeem(colleague, TEXT).status_code == 202
    keys.admit(keys.asked()[-1])
    assert keys.http.get(f"/api/keys/keys/{key}").json()["person_id"] == str(colleague)


@pytest.mark.feature("KEY-6", "KEY-9")
def test_a_signed_in_learner_is_told_what_is_wrong_with_the_key(keys: Keys) -> None:
    day = timedelta(days=1)
    pools = {
        "expired": keys.pool(starts=NOW - 9 * day, expires=NOW - day),
        "not-yet-valid": keys.pool(starts=NOW + day, expires=NOW + 9 * day),
        "revoked": keys.pool(),
        "used": keys.pool(),
    }
    ids = {kind: keys.key(pool, f"{kind.upper()}-2026-0001") for kind, pool in pools.items()}
    assert keys.http.post(f"/api/keys/keys/{ids['revoked']}/revoke", json={}).status_code == 200
    learner, other, foreign = keys.person(keys.head), keys.person(keys.head), keys.person(keys.unit("Elsewhere"))
    keys.settle()
    keys.redeem(other, "USED-2026-0001")
    for kind in pools:
        answer = keys.redeem(learner, f"{kind.upper()}-2026-0001")
        assert (answer.status_code, problem(answer), answer.json()["field"]) == (409, kind, "key")
        assert problem(keys.redeem(foreign, f"{kind.upper()}-2026-0001")) == "other-organisation"
    wrong = keys.redeem(learner, "NOBODY-HAS-THIS-KEY")
    assert (wrong.status_code, problem(wrong)) == (404, "wrong")
    assert [e.person_id for e in keys.asked()] == [other]


@pytest.mark.feature("KEY-1")
def test_a_shared_pool_is_for_all_levels_below_and_another_only_for_its_own_people(keys: Keys) -> None:
    team = keys.unit("Team", keys.branch)
    below, beside = keys.person(team), keys.person(keys.unit("Elsewhere"))
    nowhere = keys.person(None)
    keys.key(keys.pool(), TEXT)
    keys.add(keys.pool(share_below=True), "SHARED-2026-0001", "SHARED-2026-0002")
    keys.settle()
    assert problem(keys.redeem(below, TEXT)) == "other-organisation"
    assert keys.redeem(below, "SHARED-2026-0001").status_code == 202
    for stranger in (beside, nowhere):
        assert problem(keys.redeem(stranger, "SHARED-2026-0002")) == "other-organisation"
    keys.tell(keys.directory, directory.PersonMoved, beside, home_organisation=keys.head)
    keys.settle()
    assert keys.redeem(beside, "SHARED-2026-0002").status_code == 202


@pytest.mark.feature("KEY-6")
def test_leavers_and_inactive_courses_use_no_key(keys: Keys) -> None:
    key = keys.key(keys.pool())
    learner, leaver = keys.person(keys.head), keys.person(keys.head)
    keys.tell(keys.directory, directory.PersonDeactivated, leaver, why="left")
    keys.tell(keys.catalog, catalog.OfferingDeactivated, keys.course)
    keys.settle()
    assert problem(keys.redeem(leaver, TEXT)) == "inactive-person"
    assert problem(keys.redeem(learner, TEXT)) == "offering-inactive"
    unknown = keys.redeem(uuid4(), TEXT)
    assert (unknown.status_code, problem(unknown)) == (503, "not-yet")
    assert keys.http.get(f"/api/keys/keys/{key}").json()["state"] == "free"
    keys.tell(keys.catalog, catalog.OfferingActivated, keys.course)
    keys.tell(keys.directory, directory.PersonReactivated, leaver)
    keys.settle()
    assert keys.redeem(leaver, TEXT).status_code == 202


@pytest.mark.feature("KEY-2")
def test_what_was_redeemed_stays_when_the_pool_ends_and_what_was_not_can_be_again_when_it_is_extended(
    keys: Keys,
) -> None:
    pool = keys.pool()
    keys.add(pool, "WARD-2026-0000-0001", "WARD-2026-0000-0002")
    learner, later = keys.person(keys.head), keys.person(keys.head)
    keys.settle()
    keys.redeem(learner, "WARD-2026-0000-0001")
    assignment = keys.admit(keys.asked()[0])
    over = keys.terms(expires=NOW - timedelta(hours=1))
    assert keys.http.put(f"/api/keys/pools/{pool}", json=over).status_code == 200
    assert keys.redeem(learner, "WARD-2026-0000-0001").json()["assignment_id"] == str(assignment)
    assert problem(keys.redeem(later, "WARD-2026-0000-0002")) == "expired"
    keys.http.put(f"/api/keys/pools/{pool}", json=keys.terms(access_days=14))
    assert keys.redeem(later, "WARD-2026-0000-0002").status_code == 202
    assert [asked.access_days for asked in keys.asked()] == [30, 14]


@pytest.mark.feature("KEY-6")
def test_what_holds_the_learner_is_told_and_goes_when_it_is_over(keys: Keys) -> None:
    pool = keys.pool()
    keys.add(pool, "WARD-2026-0000-0001", "WARD-2026-0000-0002")
    payer, waiter = keys.person(keys.head), keys.person(keys.head)
    keys.settle()
    places = {p: keys.redeem(p, f"WARD-2026-0000-000{n}").headers["Location"] for n, p in enumerate((payer, waiter), 1)}
    of_payer, of_waiter = keys.asked()
    price = catalog.Price(amount=Decimal(50), currency="EUR")
    keys.admit(of_payer, price=price)
    paying = keys.client(payer).get(places[payer]).json()
    assert (paying["state"], paying["held_by"]) == ("redeemed", "payment")

    assignment = keys.admit(of_waiter, enrolls=False)
    waiting = keys.client(waiter).get(places[waiter]).json()
    assert (waiting["state"], waiting["enrollment_id"]) == ("redeemed", None)
    held, stream = {"person_id": waiter, "offering_id": keys.course}, uuid4()
    holds = (Hold(assignment_id=assignment, since=date(2026, 12, 1), cause="x"),)
    keys.tell(keys.enrollment, enrollment.ExceptionRaised, stream, **held, kinds=("time-allowance",), holds=holds)
    keys.settle()
    waiting = keys.client(waiter).get(places[waiter]).json()
    assert (waiting["held_by"], waiting["enrollment_id"]) == ("exception", str(stream))

    keys.tell(keys.enrollment, enrollment.ExceptionAnswered, stream, **held, resolution="assigned")
    keys.tell(keys.enrollment, enrollment.LearnerAssigned, stream, **held, assignment_id=assignment, term=1)
    enrolled = UUID(paying["enrollment_id"])
    of_term = {"person_id": payer, "offering_id": keys.course, "term": 1}
    keys.tell(keys.enrollment, enrollment.PaymentReceived, enrolled, **of_term, order_id=uuid4(), by="provider")
    keys.settle()
    for person, place in places.items():
        assert keys.client(person).get(place).json()["held_by"] is None

    refunded = {**of_term, "order_id": uuid4()}
    keys.tell(keys.enrollment, enrollment.PaymentRefunded, enrolled, **refunded, reopens=False)
    keys.settle()
    assert keys.client(payer).get(places[payer]).json()["held_by"] is None
    keys.tell(keys.enrollment, enrollment.PaymentRefunded, enrolled, **refunded, reopens=True)
    keys.tell(keys.enrollment, enrollment.ExceptionRaised, stream, **held, kinds=("time-allowance",), holds=holds)
    keys.tell(keys.enrollment, enrollment.ExceptionAnswered, stream, **held, resolution="dismissed")
    keys.settle()
    assert keys.client(payer).get(places[payer]).json()["held_by"] == "payment"
    assert keys.client(waiter).get(places[waiter]).json()["held_by"] == "exception"
    keys.tell(keys.enrollment, enrollment.HoldEnded, stream, **held, assignment_id=assignment)
    keys.settle()
    assert keys.client(waiter).get(places[waiter]).json()["held_by"] is None


def test_the_grant_may_be_heard_of_before_the_assignment(keys: Keys) -> None:
    """Of enrollment's partitions one may be ahead of another."""
    keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    place = keys.redeem(learner, TEXT).headers["Location"]
    (asked,) = keys.asked()
    assignment, stream = uuid4(), uuid4()
    held = {"person_id": learner, "offering_id": keys.course}
    keys.tell(keys.enrollment, enrollment.LearnerAssigned, stream, **held, assignment_id=assignment, term=1)
    keys.settle()
    target = {"type": "key", "target_id": learner, "include_below": False, "origin_id": asked.redemption_id}
    keys.tell(keys.enrollment, enrollment.AssignmentCreated, assignment, offering_id=keys.course, **target)
    keys.settle()
    told = keys.client(learner).get(place).json()
    assert (told["assignment_id"], told["enrollment_id"]) == (str(assignment), str(stream))


@pytest.mark.feature("KEY-4")
def test_of_200_who_redeem_one_key_at_the_same_instant_one_gets_it(
    database: Callable[..., Database], feed_conninfo: Callable[[Database], str]
) -> None:
    keys = Keys(database, feed_conninfo, database_pool=16)
    try:
        keys.key(keys.pool())
        learners = [keys.person(keys.head) for _ in range(200)]
        keys.settle()
        redemptions: Redemptions = keys.service.app.state.services[Redemptions]
        together = threading.Barrier(32)

        def redeem(number: int) -> str:
            if number < 32:
                together.wait(30)
            try:
                redemptions.reserve(CommandContext(learners[number]), TEXT)
            except Exception as refused:
                return getattr(refused, "kind", repr(refused))
            return "reserved"

        with ThreadPoolExecutor(32) as threads:
            outcomes = list(threads.map(redeem, range(200)))
        assert sorted(outcomes) == ["reserved"] + ["used"] * 199
        assert len(keys.asked()) == 1
        with keys.database.connection() as conn:
            assert conn.execute("SELECT count(*) FROM redemption").fetchone() == (1,)
    finally:
        keys.close()


@pytest.mark.feature("KEY-4", "KEY-6")
def test_a_learner_who_enters_the_key_in_several_windows_at_once_has_one_redemption(keys: Keys) -> None:
    keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    redemptions: Redemptions = keys.service.app.state.services[Redemptions]
    together = threading.Barrier(8)

    def redeem(_: int) -> UUID:
        together.wait(30)
        return redemptions.reserve(CommandContext(learner), TEXT).redemption

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(redeem, range(8)))
    assert found == {asked.redemption_id for asked in keys.asked()}
    assert len(found) == 1


class Died(Exception):
    """The process is gone at this moment."""


def dies_at(keys: Keys, moment: str) -> None:
    """The worker's next step ends there."""
    settlement: Any = keys.settlement

    def dead(*_: object, **__: object) -> None:
        raise Died

    def recorded_and_dead(*arguments: object) -> None:
        type(settlement)._record(settlement, *arguments)
        raise Died

    settlement._record = recorded_and_dead if moment == "after the append" else dead
    settlement._aside.put = dead  # nor does it set anything aside


@pytest.mark.feature("KEY-4")
@pytest.mark.parametrize("moment", ["before the append", "after the append"])
@pytest.mark.parametrize("refuses", [True, False])
def test_a_worker_that_dies_leaves_an_answer_that_is_carried_out_once(keys: Keys, moment: str, refuses: bool) -> None:
    key = keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    keys.redeem(learner, TEXT)
    dies_at(keys, moment)
    with pytest.raises(Died):
        (keys.refuse if refuses else keys.admit)(keys.asked()[0])  # type: ignore[operator]
    keys.restart()
    keys.settle()
    ends = [e for e in keys.events() if isinstance(e, KeyRedeemed | KeyReleased)]
    assert [type(e) for e in ends] == [KeyReleased if refuses else KeyRedeemed]
    assert keys.http.get(f"/api/keys/keys/{key}").json()["state"] == ("free" if refuses else "redeemed")
    with keys.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM unsettled").fetchone() == (0,)


@pytest.mark.feature("KEY-4")
def test_an_answer_that_comes_twice_is_carried_out_once_and_the_first_one_counts(keys: Keys) -> None:
    key = keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    keys.redeem(learner, TEXT)
    (asked,) = keys.asked()
    assignment = keys.admit(asked)
    keys.refuse(asked)
    keys.admit(asked)
    item = keys.http.get(f"/api/keys/keys/{key}").json()
    assert (item["state"], item["assignment_id"]) == ("redeemed", str(assignment))
    assert len([e for e in keys.events() if isinstance(e, KeyRedeemed | KeyReleased)]) == 1


def test_what_follows_from_an_answer_names_its_cause_and_keeps_its_batch(keys: Keys) -> None:
    keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    keys.redeem(learner, TEXT)
    assignment = keys.admit(keys.asked()[0])
    with keys.enrollment.database.connection() as conn:
        (batch,) = conn.execute(
            "SELECT meta::jsonb->>'correlation' FROM events WHERE stream = %s", [assignment]
        ).fetchone() or (None,)
    with keys.database.connection() as conn:
        found = conn.execute(
            "SELECT meta::jsonb->>'correlation', meta::jsonb->>'causation', meta::jsonb->>'reason_code' "
            "FROM events WHERE type = %s",
            [KeyRedeemed.TOPIC],
        ).fetchone()
    assert found == (batch, f"enrollment/{assignment}/1", "enrollment")


@pytest.mark.feature("OPS-8")
def test_an_answer_to_what_is_not_known_is_set_aside_and_the_rest_goes_on(keys: Keys) -> None:
    keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    keys.redeem(learner, TEXT)
    (asked,) = keys.asked()
    lost = asked.model_copy(update={"redemption_id": uuid4()})
    keys.refuse(lost)
    keys.admit(asked)
    administrator = keys.client(uuid4(), ("site-administrator", None))
    (letter,) = administrator.get("/api/keys/letters").json()["items"]
    assert (letter["type"], letter["key"]) == ("redemption", str(lost.redemption_id))
    assert keys.redeem(learner, TEXT).status_code == 200
    address = f"/api/keys/letters/{letter['source']}/{letter['key']}"
    assert administrator.post(f"{address}/retry").status_code == 409
    assert administrator.post(f"{address}/drop", json={"position": 0}).status_code == 200
    assert administrator.get("/api/keys/letters").json()["items"] == []
    with keys.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM unsettled").fetchone() == (0,)


@pytest.mark.feature("OPS-8", "KEY-4")
def test_an_answer_that_crashed_is_carried_out_when_a_person_says_so(keys: Keys) -> None:
    key = keys.key(keys.pool())
    learner = keys.person(keys.head)
    keys.settle()
    keys.redeem(learner, TEXT)
    settlement: Any = keys.settlement

    def crashes(*_: object) -> None:
        raise ValueError("a fault of this program")

    settlement._record = crashes
    keys.admit(keys.asked()[0])
    assert keys.http.get(f"/api/keys/keys/{key}").json()["state"] == "reserved"
    del settlement._record
    keys.settle()
    assert keys.http.get(f"/api/keys/keys/{key}").json()["state"] == "reserved"
    administrator = keys.client(uuid4(), ("site-administrator", None))
    (letter,) = administrator.get("/api/keys/letters").json()["items"]
    assert administrator.post(f"/api/keys/letters/{letter['source']}/{letter['key']}/retry").status_code == 200
    assert keys.http.get(f"/api/keys/keys/{key}").json()["state"] == "redeemed"
    assert administrator.get("/api/keys/letters").json()["items"] == []


@pytest.mark.feature("KEY-9")
def test_guesses_at_keys_are_limited_and_whoever_has_a_right_one_elsewhere_redeems_it(keys: Keys) -> None:
    keys.restart(attempts_window=90_000)
    keys.key(keys.pool())
    guesser, learner = keys.person(keys.head), keys.person(keys.head)
    keys.settle()

    def at(address: str, person: UUID) -> TestClient:
        headers = keys.issuer.headers(person)
        return TestClient(keys.service.app, headers=headers, client=(address, 1))

    attacker = at("203.0.113.7", guesser)
    guesses = [attacker.post("/api/keys/redemptions", json={"key": f"GUESS-2026-{n:08}"}) for n in range(30)]
    assert [answer.status_code for answer in guesses] == [404] * 10 + [429] * 20
    assert problem(guesses[-1]) == "too-many-attempts"
    assert int(guesses[-1].headers["Retry-After"]) > 0
    assert attacker.post("/api/keys/redemptions", json={"key": TEXT}).status_code == 429
    beside = at("203.0.113.7", learner)
    assert beside.post("/api/keys/redemptions", json={"key": TEXT}).status_code == 202
    used = [at("198.51.100.9", guesser).post("/api/keys/redemptions", json={"key": TEXT}) for _ in range(15)]
    assert {problem(answer) for answer in used} == {"used"}, "a key that there is, is no guess"
