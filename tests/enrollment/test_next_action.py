"""The next action is what works: whoever does what it says succeeds, and where it says nothing, nothing works (ENR-1)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import NamedTuple

import pytest
from enrollment.harness import Harness, OpenHarness
from httpx import Response
from test_payments import PRICE, SECRET, Provider

from shared.contracts import catalog, directory

OUTSIDE = {"not-enrolled", "withdrawn", "cancelled", "access-expired", "certification-expired"}
LATER = date.today() + timedelta(days=400)
TOO_SOON = {"due": {"kind": "fixed", "on": str(date.today())}}


class Situation(NamedTuple):
    """What an offering allows at the moment when the learner looks."""

    access: str
    group: str
    window: str
    active: bool = True


GROUP_AND_WINDOW = (("open", "open"), ("open", "over"), ("shut", "open"), ("no-enrol", "over"))
SITUATIONS = [
    *(Situation(access, *both) for access, both in product(("self-enrollment", "request", "hidden"), GROUP_AND_WINDOW)),
    Situation("self-enrollment", "open", "open", active=False),
    Situation("request", "open", "open", active=False),
]


class One:
    """A learner and a course of one exercise and one exam, which allows everything until it is in its situation."""

    def __init__(self, harness: Harness, situation: Situation, n: int, **more: object) -> None:
        self.harness, self.situation = harness, situation
        self.course = harness.course(f"Course {n}", 2, "content", ("exam", 80), **more)
        harness.tell(harness.catalog, catalog.LearnerAccessChosen, self.course, access="self-enrollment")
        self.person = harness.named("Ann", "Lind", f"ann{n}@example.org")
        self.learner = harness.client(self.person)

    def open(self) -> None:
        self.body = {"name": "Morning", "allow_enrol": True, "allow_withdraw": True}
        made = self.harness.http.post(f"/api/enrollment/offerings/{self.course}/groups", json=self.body)
        self.group = str(made.json()["result"]["assignment_id"])

    def become(self) -> None:
        """The situation comes to be."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        harness, now = self.harness, self.situation
        harness.tell(harness.catalog, catalog.LearnerAccessChosen, self.course, access=now.access)
        closes = yesterday if now.window == "over" else None
        harness.tell(harness.catalog, catalog.EnrolmentWindowSet, self.course, opens=None, closes=closes)
        if not now.active:
            harness.tell(harness.catalog, catalog.OfferingDeactivated, self.course)
        told = {"allow_enrol": now.group != "no-enrol", "closes": str(yesterday) if now.group == "shut" else None}
        assert harness.http.put(f"/api/enrollment/groups/{self.group}", json={**self.body, **told}).status_code == 200

    def post(self, path: str, body: object = None) -> Response:
        return self.learner.post(f"/api/enrollment/{path}", json=body)

    def manage(self, method: str, path: str, body: object = None, status: int = 200) -> Response:
        answer = self.harness.http.request(method, f"/api/enrollment/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer

    def enrol(self) -> str:
        answer = self.post(f"offerings/{self.course}/enrol")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["result"]["assignment_id"])

    def join(self) -> str:
        assert self.post(f"groups/{self.group}/join", {"confirm": True}).status_code == 200
        return self.group

    def assigned(self, **more: object) -> str:
        self.harness.enroll(self.person, self.course, **more)
        listed = {"offering_id": str(self.course), "type": "individual"}
        return str(self.harness.http.get("/api/enrollment/assignments", params=listed).json()["items"][0]["id"])

    @property
    def id(self) -> str:
        return str(self.harness.enrollments(person_id=self.person, offering_id=self.course)[0]["id"])

    def standing(self) -> dict[str, object] | None:
        """By the address of the offering; or of the enrollment, where there is one and the learner does not see the offering."""
        answer = self.learner.get(f"/api/enrollment/offerings/{self.course}/standing")
        if answer.status_code == 404:
            enrolled = self.harness.enrollments(person_id=self.person, offering_id=self.course)
            return self.harness.show(str(enrolled[0]["id"]), self.learner) if enrolled else None
        found: dict[str, object] = answer.json()
        return found

    def exclude(self, assignment: str) -> None:
        self.manage("POST", f"assignments/{assignment}/exclusions", {"person_id": str(self.person)}, 201)

    def complete(self, **more: object) -> None:
        told = {"person_id": str(self.person), "offering_id": str(self.course), "completed_on": "2020-01-01"}
        self.manage("POST", "completions", {**told, **more}, 201)


def never(_: One) -> None:
    """Nothing was ever so."""


def taken_out_of_the_own(one: One) -> None:
    one.exclude(one.enrol())


def taken_out_of_the_own_and_left(one: One) -> None:
    own = one.enrol()
    one.exclude(own)
    assert one.post(f"assignments/{own}/leave", {"confirm": True}).status_code == 200


def allowed_again(one: One) -> None:
    own = one.enrol()
    one.exclude(own)
    one.manage("DELETE", f"assignments/{own}/exclusions/{one.person}")


def own_removed_by_hand(one: One) -> None:
    one.manage("DELETE", f"assignments/{one.enrol()}", status=202)


def taken_out_of_the_group(one: One) -> None:
    one.manage("DELETE", f"groups/{one.join()}/members/{one.person}")


def excluded_from_the_group(one: One) -> None:
    one.exclude(one.join())


def excluded_from_an_assignment(one: One) -> None:
    one.exclude(one.assigned())


def left_the_group(one: One) -> None:
    assert one.post(f"assignments/{one.join()}/leave", {"confirm": True}).status_code == 200


def left_the_own(one: One) -> None:
    assert one.post(f"assignments/{one.enrol()}/leave", {"confirm": True}).status_code == 200


def cancelled(one: One) -> None:
    own = one.enrol()
    one.manage("POST", f"enrollments/{one.id}/assignments/{own}/cancel")


def own_has_expired(one: One) -> None:
    one.enrol()


def group_has_expired(one: One) -> None:
    one.join()


def assignment_has_expired(one: One) -> None:
    one.assigned()


def own_completion_has_expired(one: One) -> None:
    one.enrol()
    one.complete(valid_until="2021-01-01")


def completion_of_an_assignment_has_expired(one: One) -> None:
    one.assigned()
    one.complete(valid_until="2021-01-01")


def held(one: One) -> None:
    one.manage("POST", "assignments", {"offerings": [str(one.course)], "people": [str(one.person)], **TOO_SOON}, 202)


def suspended(one: One) -> None:
    one.harness.tell(one.harness.directory, directory.PersonDeactivated, one.person, why="suspended")


def not_started(one: One) -> None:
    one.enrol()


def in_progress(one: One) -> None:
    one.enrol()
    assert one.post(f"enrollments/{one.id}/begin").status_code == 200


def before_the_exam(one: One) -> None:
    one.enrol()
    assert one.post(f"enrollments/{one.id}/steps/1/complete").status_code == 200


def completed(one: One) -> None:
    one.enrol()
    one.complete()


STATES: Mapping[str, Callable[[One], None]] = {
    state.__name__: state
    for state in (
        never,
        taken_out_of_the_own,
        taken_out_of_the_own_and_left,
        allowed_again,
        own_removed_by_hand,
        taken_out_of_the_group,
        excluded_from_the_group,
        excluded_from_an_assignment,
        left_the_group,
        left_the_own,
        cancelled,
        own_has_expired,
        group_has_expired,
        assignment_has_expired,
        own_completion_has_expired,
        completion_of_an_assignment_has_expired,
        held,
        suspended,
        not_started,
        in_progress,
        before_the_exam,
        completed,
    )
}


def come(one: One, found: dict[str, object]) -> Response:
    """Enrol as it is asked for: without a group, or by joining one."""
    groups = found["groups_to_join"]
    assert isinstance(groups, list)
    if groups:
        assert one.post(f"offerings/{one.course}/enrol").json()["groups"] == groups
        return one.post(f"groups/{groups[0]}/join", {"confirm": True})
    return one.post(f"offerings/{one.course}/enrol")


def do(one: One, found: dict[str, object]) -> None:
    """What the next action says. It succeeds, and something comes of it."""
    id, step, status = found["id"], found["next_step"], 200
    match found["next_action"]:
        case "enrol":
            answer, status = come(one, found), 200 if found["groups_to_join"] else 201
            assert answer.json()["result"]["status"] not in OUTSIDE, answer.text
        case "begin-training":
            answer = one.post(f"enrollments/{id}/begin")
            assert answer.json()["result"]["status"] == "in-progress"
        case "continue-training" | "take-exam":
            answer = one.post(f"enrollments/{id}/steps/{step}/launch")
        case "download-certificate":
            answer = one.learner.get(f"/api/enrollment/certificates/{found['serial']}/document")
        case action:
            raise AssertionError(f"{action} is nothing that can be done here")
    assert answer.status_code == status, answer.text


def nothing_works(one: One) -> None:
    for path in (f"offerings/{one.course}/enrol", f"groups/{one.group}/join"):
        one.post(path, {"confirm": True})
    now = one.standing()
    assert now is None or now["status"] in OUTSIDE


def prepared(harness: Harness, state: str, **more: object) -> list[One]:
    """A learner in that state for each situation."""
    harness.settle()
    every = [One(harness, situation, n, **more) for n, situation in enumerate(SITUATIONS)]
    harness.settle()
    for one in every:
        one.open()
        STATES[state](one)
    harness.settle()
    for one in every:
        one.become()
    harness.settle()
    return every


@pytest.mark.feature("ENR-1", "ENR-3", "GRP-3", "ASG-7", "CAT-5", "CAT-19")
@pytest.mark.parametrize("state", STATES)
def test_what_the_next_action_says_succeeds_and_where_there_is_none_the_reason_is_said(
    harness: Harness, state: str
) -> None:
    every = prepared(harness, state, minimum_minutes=24 * 60, certificate="Certificate")
    if state.endswith("has_expired") and "completion" not in state:
        harness.on(LATER)
    seen = 0
    for one in every:
        if (found := one.standing()) is None:
            assert one.situation.access == "hidden" or not one.situation.active
            nothing_works(one)
            continue
        seen += 1
        if found["next_action"] is None:
            assert found["no_action_because"], (one.situation, found["status"])
            if found["status"] in OUTSIDE:
                nothing_works(one)
        elif found["next_action"] == "request-access":
            assert (one.situation.access, one.situation.window) == ("request", "open")
            nothing_works(one)
        else:
            assert found["no_action_because"] is None
            do(one, found)
    assert seen >= 8


@pytest.fixture
def paying(open_harness: OpenHarness) -> Iterator[Harness]:
    with Provider() as provider:
        url = f"{provider.url}/api/demo-payments"
        yield open_harness(payment_url=url, payment_secret=SECRET)


@pytest.mark.feature("ENR-1", "ENR-2", "ENR-3", "GRP-3")
@pytest.mark.parametrize(
    "state", ["never", "taken_out_of_the_own", "own_has_expired", "completion_of_an_assignment_has_expired"]
)
def test_to_purchase_is_to_come_and_then_to_order(paying: Harness, state: str) -> None:
    every = prepared(paying, state, price=PRICE)
    if state == "own_has_expired":
        paying.on(LATER)
    purchased = 0
    for one in every:
        found = one.standing()
        if found is None or found["next_action"] is None:
            nothing_works(one)
        elif found["next_action"] == "purchase":
            assert come(one, found).json()["result"]["next_action"] == "purchase"
            assert one.post(f"enrollments/{found['id']}/purchase").status_code == 201
            purchased += 1
        else:
            assert found["next_action"] == "request-access"
            nothing_works(one)
    assert purchased >= 2


@pytest.mark.feature("ENR-1", "ENR-2")
def test_who_comes_back_with_a_completion_that_is_valid_enrols_and_has_nothing_to_pay(paying: Harness) -> None:
    one = One(paying, Situation("self-enrollment", "no-enrol", "open"), 1, price=PRICE)
    paying.settle()
    one.open()
    own = one.enrol()
    one.complete()
    assert one.post(f"assignments/{own}/leave", {"confirm": True}).status_code == 200
    found = one.standing()
    assert found is not None
    assert (found["status"], found["next_action"]) == ("withdrawn", "enrol")
    assert come(one, found).json()["result"]["status"] == "completed"


@pytest.mark.feature("ENR-1", "ASG-7")
def test_who_was_taken_out_is_told_whom_to_ask_and_enrols_once_allowed_again(harness: Harness) -> None:
    one = One(harness, Situation("self-enrollment", "no-enrol", "open"), 1)
    harness.settle()
    one.open()
    own = one.enrol()
    one.exclude(own)
    one.become()
    found = one.standing()
    assert found is not None
    assert (found["status"], found["next_action"]) == ("withdrawn", None)
    assert found["no_action_because"] == (
        "An administrator excluded you from this offering. Ask an administrator to allow you again."
    )
    one.manage("DELETE", f"assignments/{own}/exclusions/{one.person}")
    again = one.standing()
    assert again is not None
    assert again["next_action"] == "enrol"
    do(one, again)


@pytest.mark.feature("ENR-1", "DUE-6", "DUE-7")
def test_who_was_answered_with_do_not_assign_is_told_whom_to_ask(harness: Harness) -> None:
    course, ann = harness.course("Welding", 1), harness.person()
    step = {"kind": "course", "title": "Welding", "course_id": course}
    first, second = harness.certification("One", step), harness.certification("Other", step)
    harness.tell(harness.catalog, catalog.LearnerAccessChosen, second, access="self-enrollment")
    harness.settle()
    harness.enroll(ann, first)
    learner, path = harness.client(ann), f"/api/enrollment/offerings/{second}"
    held = learner.post(f"{path}/enrol").json()["result"]
    assert (held["status"], held["next_action"]) == ("held", None)
    assert (
        learner.get(f"{path}/standing").json()["no_action_because"]
        == "This is waiting for an administrator, who has been notified."
    )
    answered = {"resolution": "not-assigned"}
    assert harness.do(held["enrollment_id"], "exception", **answered).status_code == 200
    found = learner.get(f"{path}/standing").json()
    assert (found["status"], found["next_action"]) == ("not-enrolled", None)
    assert "Ask an administrator to allow you again" in found["no_action_because"]
    assert learner.post(f"{path}/enrol").status_code == 403
