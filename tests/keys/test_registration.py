"""Registering with a training key: account, redemption and assignment in one step, or nothing (KEY-7, KEY-8)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from keys.gate import ADA, PASSWORD, TEXT, Gate
from keys.harness import NOW, problem
from keys.mailing import Pool, causes, fetched

from services.keys.application.accounts import Accounts
from services.keys.application.registration_ledger import RegistrationLedger
from services.keys.application.registration_worker import RegistrationWorker
from services.keys.application.registrations import Registrations
from shared.contracts import catalog
from shared.contracts.keys import KeyHeld, KeyRedeemed, KeyReleased, KeyReserved
from shared.store import RetentionWorker


def told_later(gate: Gate, answers: Callable[[KeyReserved], object]) -> threading.Thread:
    """Enrollment, which answers while the learner waits."""

    def answering() -> None:
        while not gate.asked():
            threading.Event().wait(0.01)
        answers(gate.asked()[-1])

    thread = threading.Thread(target=answering)
    thread.start()
    return thread


def of_the_key(gate: Gate) -> list[str]:
    """What happened to the key, in order."""
    return [type(event).__name__ for event in gate.events() if type(event).__name__.startswith("Key")]


@pytest.mark.feature("KEY-7", "DIR-2")
def test_a_stranger_with_a_key_has_an_account_and_the_course_in_one_request(gate: Gate) -> None:
    key = gate.key(gate.pool())
    gate.settle()
    enrolled = told_later(gate, gate.admit)
    answer = gate.stranger().post(
        "/api/keys/registrations", json={**ADA, "key": "ward 2026 abcd efgh"}, headers={"Prefer": "wait=20"}
    )
    enrolled.join()
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["state"], told["user_name"]) == ("redeemed", ADA["email"])
    (person,) = gate.known()
    assert told["person_id"] == person["id"]
    (redeemed,) = [e for e in gate.events() if isinstance(e, KeyRedeemed)]
    assert told["redemption"]["assignment_id"] == str(redeemed.assignment_id)
    assert UUID(told["redemption"]["enrollment_id"])
    assert (told["redemption"]["held_by"], told["redemption"]["offering_title"]) == (None, "Forklift")
    assert gate.sign_in() == 200
    full = gate.administrator.get(f"/api/directory/people/{person['id']}").json()
    assert (full["country"], full["home_organisation"]) == ("SE", str(gate.head))
    gate.settle()
    assert (gate.state(key), gate.begun()) == ("redeemed", [("redeemed", None)])
    assert of_the_key(gate) == ["KeyAdded", "KeyHeld", "KeyReserved", "KeyRedeemed"]
    (asked,) = gate.asked()
    assert (str(asked.person_id), asked.offering_id, asked.access_days) == (person["id"], gate.course, 30)


@pytest.mark.feature("KEY-7")
def test_while_enrollment_is_silent_the_stranger_gets_an_address_to_ask_at(gate: Gate) -> None:
    gate.key(gate.pool())
    answer = gate.register()
    assert (answer.status_code, answer.json().get("state")) == (202, "reserved"), answer.text
    assignment = gate.admit(gate.asked()[0])
    told = gate.stranger().get(answer.headers["Location"]).json()
    assert (told["state"], told["redemption"]["assignment_id"]) == ("redeemed", str(assignment))
    assert "example.org" not in str(told)
    assert gate.stranger().get(f"/api/keys/registrations/{uuid4()}").status_code == 404


@pytest.mark.feature("KEY-7", "KEY-1", "DIR-7")
def test_the_code_of_an_organisation_below_is_taken_where_the_pool_is_shared(gate: Gate) -> None:
    gate.key(gate.pool(), "ONLY-HEAD-2026-01")
    gate.add(gate.pool(share_below=True), "SHARED-2026-0001", "SHARED-2026-0002", "SHARED-2026-0003")
    refused = gate.register("ONLY-HEAD-2026-01", organisation="Branch")
    assert problem(refused) == "key-not-accepted"
    for number, named in enumerate(("Branch", str(gate.branch), None), 1):
        email = f"ada{number}@example.org"
        answer = gate.register(f"SHARED-2026-000{number}", email=email, organisation=named)
        assert answer.status_code == 202, answer.text
        (person,) = gate.known(email)
        full = gate.administrator.get(f"/api/directory/people/{person['id']}").json()
        assert full["home_organisation"] == str(gate.branch if named else gate.head)


@pytest.mark.feature("KEY-7", "DIR-7")
@pytest.mark.parametrize("closed", ["anonymous_registration", "key_field"])
def test_both_settings_of_the_organisation_are_needed_its_own_or_from_above(gate: Gate, closed: str) -> None:
    gate.add(gate.pool(share_below=True), "SHARED-2026-0001", "SHARED-2026-0002")
    allowed = {"anonymous_registration": True, "key_field": True}
    gate.profile(gate.branch, **{**allowed, closed: False})
    assert problem(gate.register("SHARED-2026-0001", organisation="Branch")) == "key-not-accepted"
    gate.profile(gate.branch)
    assert gate.register("SHARED-2026-0001", organisation="Branch").status_code == 202
    gate.profile(gate.head, **{**allowed, closed: False})
    assert problem(gate.register("SHARED-2026-0002", email="b@example.org")) == "key-not-accepted"


@pytest.mark.feature("KEY-8", "KEY-7")
def test_a_known_email_is_told_to_sign_in_and_the_key_stays_unused(gate: Gate) -> None:
    first, second = gate.pool(), gate.pool()
    gate.key(first, "FIRST-2026-0000-01")
    key = gate.key(second)
    assert gate.register("FIRST-2026-0000-01").status_code == 202
    gate.admit(gate.asked()[0])
    for email in (ADA["email"], ADA["email"].upper()):
        refused = gate.register(email=email, password="another long password")
        assert (refused.status_code, problem(refused), refused.json()["field"]) == (409, "email-known", "email")
        assert "Have an account? Sign in first" in refused.json()["detail"]
    assert (gate.state(key), len(gate.known())) == ("free", 1)
    assert (gate.sign_in(), gate.sign_in("another long password")) == (200, 401)
    assert problem(gate.register("NO-SUCH-KEY-2026")) == "key-not-accepted", "a stranger without a key is not told"


@pytest.mark.feature("KEY-7", "DIR-2")
def test_a_mistake_in_a_field_leaves_the_key_unused(gate: Gate) -> None:
    key = gate.key(gate.pool())
    for field in ("first_name", "last_name", "email", "password", "country"):
        answer = gate.register(**{field: None})
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    for field, value in {"password": "short", "email": "ada@nodot"}.items():
        answer = gate.register(**{field: value})
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert (gate.state(key), gate.asked(), gate.known()) == ("free", [], [])
    assert gate.register().status_code == 202


@pytest.mark.feature("KEY-7")
def test_where_enrollment_refuses_there_is_no_account_and_the_key_is_unused(gate: Gate) -> None:
    key = gate.key(gate.pool())
    answer = gate.register()
    place = answer.headers["Location"]
    gate.refuse(gate.asked()[0], "offering-inactive", "'Forklift' is not active.")
    assert gate.stranger().get(place).json()["state"] == "undone"
    assert (gate.state(key), gate.known(), gate.sign_in()) == ("free", [], 401)
    assert gate.begun() == [("undone", "offering-inactive")]
    assert gate.register(command="later").status_code == 202


@pytest.mark.feature("KEY-7")
def test_who_waits_for_enrollment_is_told_that_it_refused(gate: Gate) -> None:
    gate.key(gate.pool())
    refused = told_later(gate, lambda asked: gate.refuse(asked, "offering-inactive", "'Forklift' is not active."))
    answer = gate.stranger().post("/api/keys/registrations", json={**ADA, "key": TEXT}, headers={"Prefer": "wait=20"})
    refused.join()
    assert (answer.status_code, problem(answer)) == (409, "offering-inactive")


@pytest.mark.feature("KEY-7")
def test_the_same_request_twice_is_one_registration(gate: Gate) -> None:
    gate.key(gate.pool())
    twice = [gate.register(command="tap-1") for _ in range(2)]
    assert [answer.status_code for answer in twice] == [202, 202]
    assert twice[0].json()["id"] == twice[1].json()["id"]
    other = gate.register(command="tap-1", email="other@example.org")
    assert problem(other) == "command-id-reused"
    assert problem(gate.register(command="tap-2")) == "key-not-accepted"
    assert len(gate.asked()) == 1
    assert gate.register(command="no good key").status_code == 422


@pytest.mark.feature("KEY-4", "KEY-7")
def test_of_twenty_who_register_with_one_key_at_one_moment_one_has_an_account(gate: Gate) -> None:
    gate.restart(registrations_at_once=20, database_pool=12, attempts_per_address=1000)
    key = gate.key(gate.pool())
    together = threading.Barrier(20)

    def register(number: int) -> str:
        together.wait(30)
        answer = gate.register(email=f"ada{number}@example.org")
        return "registered" if answer.status_code == 202 else problem(answer)

    with ThreadPoolExecutor(20) as threads:
        outcomes = list(threads.map(register, range(20)))
    assert sorted(outcomes) == ["key-not-accepted"] * 19 + ["registered"]
    assert len([e for e in gate.events() if isinstance(e, KeyHeld)]) == 1
    assert len([n for n in range(20) if gate.known(f"ada{n}@example.org")]) == 1
    gate.admit(gate.asked()[0])
    assert gate.state(key) == "redeemed"


@pytest.mark.feature("KEY-4", "KEY-7")
def test_a_key_that_is_held_for_a_stranger_is_nobody_elses(gate: Gate) -> None:
    key = gate.key(gate.pool())
    learner = gate.person(gate.head)
    gate.settle()
    dies(gate, Accounts, "make", "before")
    assert gate.register().status_code == 500
    assert gate.state(key) == "reserved"
    assert problem(gate.redeem(learner, TEXT)) == "used"
    assert problem(gate.http.post(f"/api/keys/keys/{key}/revoke", json={})) == "being-redeemed"
    gate.restart()
    gate.later()
    gate.settle()
    assert gate.redeem(learner, TEXT).status_code == 202


class Died(Exception):
    """The process is gone at this moment."""


def dies(gate: Gate, of: type, what: str, when: str) -> None:
    """Whoever does this in the service that runs now dies before, or after it."""

    def dead(original: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **more: object) -> object:
            if when == "after":
                original(*arguments, **more)
            raise Died

        return run

    for one in (gate.registrations, gate.registering):
        for part in (one, one._records, one._accounts):
            if isinstance(part, of):
                setattr(part, what, dead(getattr(part, what)))
    aside: Any = gate.registering._aside
    aside.put = dead(lambda *_: None)  # nor does it set anything aside


POINTS: list[tuple[type, str, str]] = [
    (Registrations, "_hold", "before"),
    (Registrations, "_hold", "after"),
    (Accounts, "make", "before"),
    (Accounts, "make", "after"),
    (RegistrationLedger, "reserve", "before"),
    (RegistrationLedger, "reserve", "after"),
]


@pytest.mark.feature("KEY-7")
@pytest.mark.parametrize(("of", "what", "when"), POINTS)
def test_a_request_that_dies_at_any_point_ends_with_everything_or_nothing(
    gate: Gate, of: type, what: str, when: str
) -> None:
    key = gate.key(gate.pool())
    dies(gate, of, what, when)
    assert gate.register().status_code == 500
    gate.restart()
    gate.later()
    gate.settle()
    if (what, when) == ("reserve", "after"):
        gate.admit(gate.asked()[0])
        assert (gate.state(key), len(gate.known()), gate.sign_in()) == ("redeemed", 1, 200)
        assert gate.begun() == [("redeemed", None)]
        return
    assert (gate.state(key), gate.known(), gate.sign_in(), gate.asked()) == ("free", [], 401, [])
    assert gate.begun() in ([], [("undone", "registration-given-up")])
    assert gate.register(command="once-more").status_code == 202
    gate.admit(gate.asked()[0])
    assert (gate.state(key), gate.sign_in()) == ("redeemed", 200)


UNDOING: list[tuple[type, str, str]] = [
    (RegistrationLedger, "move", "before"),
    (RegistrationLedger, "move", "after"),
    (Accounts, "undo", "before"),
    (Accounts, "undo", "after"),
    (RegistrationLedger, "free", "before"),
    (RegistrationLedger, "free", "after"),
]


@pytest.mark.feature("KEY-7")
@pytest.mark.parametrize("refused", [True, False])
@pytest.mark.parametrize(("of", "what", "when"), UNDOING)
def test_a_worker_that_dies_while_it_takes_back_leaves_nothing_in_the_end(
    gate: Gate, of: type, what: str, when: str, *, refused: bool
) -> None:
    key = gate.key(gate.pool())
    if refused:
        gate.register()
    else:
        dies(gate, Accounts, "make", "after")
        gate.register()
        gate.restart()
        gate.later()
    dies(gate, of, what, when)
    with pytest.raises(Died):
        gate.refuse(gate.asked()[0]) if refused else gate.settle()
    gate.restart()
    gate.settle()
    assert (gate.state(key), gate.known(), gate.sign_in()) == ("free", [], 401)
    assert [state for state, _ in gate.begun()] == ["undone"]
    assert of_the_key(gate).count("KeyReleased") == 1
    assert gate.register(command="once-more").status_code == 202


class Slow(httpx.BaseTransport):
    """The directory on a bad line: what is sent arrives only when `arrive` is called, and nobody hears the answer."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.down = True
        self._waiting: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        if not self.down:
            return self._passed(request)
        if request.method == "POST" and request.url.path.endswith("registrations"):
            self._waiting.append(request)
        raise httpx.ReadTimeout("no answer", request=request)

    def _passed(self, request: httpx.Request) -> httpx.Response:
        answer = self._gate.reaching().request(
            request.method, request.url.path, content=request.content, headers=request.headers
        )
        return httpx.Response(answer.status_code, content=answer.content, headers={"Content-Type": "application/json"})

    def arrive(self) -> list[int]:
        return [self._passed(request).status_code for request in self._waiting]


@pytest.mark.feature("KEY-7")
@pytest.mark.parametrize("late", [True, False])
def test_what_the_directory_does_after_nobody_waits_any_more_leaves_nothing(gate: Gate, *, late: bool) -> None:
    """The account is taken back before it comes, and then it does not come."""
    key = gate.key(gate.pool())
    gate.services._sign_in()
    line = Slow(gate)
    gate.services.client = httpx.Client(transport=line, base_url="http://directory")
    answer = gate.register()
    assert (answer.status_code, problem(answer)) == (503, "busy")
    gate.settle()
    assert (gate.state(key), gate.begun()) == ("reserved", [("undoing", "directory-silent")])
    if not late:
        assert line.arrive() == [201]
        assert len(gate.known()) == 1
    line.down = False
    gate.later()
    gate.settle()
    assert (gate.state(key), gate.begun()) == ("free", [("undone", "directory-silent")])
    if late:
        assert line.arrive() == [409]
    assert (gate.known(), gate.sign_in()) == ([], 401)


@pytest.mark.feature("KEY-7")
def test_a_request_that_comes_back_when_the_worker_took_over_makes_nothing(gate: Gate) -> None:
    key = gate.key(gate.pool())
    accounts: Any = gate.accounts
    make = accounts.make

    def slowly(*arguments: object) -> object:
        made = make(*arguments)
        gate.later()
        gate.settle()
        return made

    accounts.make = slowly
    answer = gate.register()
    assert (answer.status_code, problem(answer)) == (503, "busy")
    gate.settle()
    assert (gate.state(key), gate.known(), gate.asked()) == ("free", [], [])


@pytest.mark.feature("KEY-7")
def test_who_has_signed_in_before_enrollment_refused_keeps_the_account(gate: Gate) -> None:
    """The key is free for the dashboard."""
    key = gate.key(gate.pool())
    gate.register()
    assert gate.sign_in() == 200
    gate.refuse(gate.asked()[0], "offering-inactive")
    assert (gate.state(key), len(gate.known()), gate.sign_in()) == ("free", 1, 200)
    assert gate.begun() == [("undone", "offering-inactive")]


@pytest.mark.feature("KEY-7", "OPS-8")
def test_a_registration_that_crashes_the_worker_is_set_aside_and_carried_on_when_a_person_says_so(gate: Gate) -> None:
    key = gate.key(gate.pool())
    dies(gate, Accounts, "make", "after")
    gate.register()
    gate.restart()
    gate.later()
    accounts: Any = gate.accounts

    def crashes(*_: object) -> None:
        raise ValueError("a fault of this program")

    accounts.undo = crashes
    gate.settle()
    administrator = gate.client(uuid4(), ("site-administrator", None))
    (letter,) = administrator.get("/api/keys/letters").json()["items"]
    assert (letter["type"], gate.state(key)) == ("registration", "reserved")
    del accounts.undo
    assert administrator.post(f"/api/keys/letters/{letter['source']}/{letter['key']}/retry").status_code == 200
    assert (gate.state(key), gate.known()) == ("free", [])


@pytest.mark.feature("KEY-7")
def test_without_the_secret_between_services_nobody_registers_and_the_key_is_not_touched(gate: Gate) -> None:
    key = gate.key(gate.pool())
    gate.restart(service_secret="")
    answers = [gate.register(), gate.register("NO-SUCH-KEY-2026")]
    assert {(answer.status_code, problem(answer)) for answer in answers} == {(503, "registration-not-set-up")}
    gate.restart(service_secret="a wrong one")
    assert gate.register().status_code == 503
    gate.restart()
    gate.later()
    gate.settle()
    assert gate.state(key) == "free"


@pytest.mark.feature("KEY-7")
def test_only_so_many_register_at_once_and_what_is_over_is_forgotten(gate: Gate) -> None:
    gate.restart(registrations_at_once=1)
    gate.add(gate.pool(), "WARD-2026-0000-0001", "WARD-2026-0000-0002")
    with gate.registrations._place():
        assert problem(gate.register("WARD-2026-0000-0001")) == "busy"
    gate.register("WARD-2026-0000-0001")
    gate.admit(gate.asked()[0])
    with gate.database.connection() as conn:
        conn.execute("UPDATE registration SET at = at - interval '31 days'")
    gate.register("WARD-2026-0000-0002", email="b@example.org")
    forgetting = next(w for w in gate.service.workers if isinstance(w, RetentionWorker))
    assert forgetting.step()["registrations"] == 1
    assert len(gate.begun()) == 1


@pytest.mark.feature("KEY-7")
def test_everything_of_a_registration_is_one_batch(gate: Gate) -> None:
    gate.key(gate.pool())
    answer = gate.register()
    with gate.database.connection() as conn:
        found = conn.execute(
            "SELECT DISTINCT meta::jsonb->>'correlation', meta::jsonb->>'reason_code', meta::jsonb->>'actor' FROM events "
            "WHERE type = ANY(%s)",
            [[KeyHeld.TOPIC, KeyReserved.TOPIC]],
        ).fetchall()
    assert found == [(answer.headers["X-Correlation-ID"], "registration", answer.json()["person_id"])]


def test_a_pool_that_ended_or_a_course_that_was_switched_off_meanwhile_is_no_reason_to_stop(gate: Gate) -> None:
    """Whether somebody may register is decided when the key is held; enrollment decides about the course."""
    pool = gate.pool()
    gate.key(pool)
    accounts: Any = gate.accounts
    make = accounts.make

    def meanwhile(*arguments: object) -> object:
        made = make(*arguments)
        gate.http.put(f"/api/keys/pools/{pool}", json=gate.terms(expires=NOW - timedelta(hours=1)))
        gate.tell(gate.catalog, catalog.OfferingDeactivated, gate.course)
        gate.settle()
        return made

    accounts.make = meanwhile
    assert gate.register().status_code == 202
    assert [type(e) for e in gate.events() if isinstance(e, KeyReleased)] == []
    assert isinstance(gate.registering, RegistrationWorker)
    assert gate.sign_in(PASSWORD) == 200


@pytest.mark.feature("KEY-11", "KEY-7")
def test_whoever_was_sent_a_key_registers_with_it_and_it_is_sent_again_where_that_fails(gate: Gate) -> None:
    pool = Pool(gate, 1)
    pool.outcomes("ada@example.org")
    secret = fetched(gate, causes(gate)[0]).json()["key"]
    assert gate.register(secret).status_code == 202
    gate.refuse(gate.asked()[0])
    gate.settle()
    assert pool.counts == {"sent": 1}
    assert pool.listed()[0]["key_state"] == "sent"
    assert gate.register(secret, email="another@example.org").status_code == 202
    gate.admit(gate.asked()[1])
    assert pool.counts == {"redeemed": 1}
