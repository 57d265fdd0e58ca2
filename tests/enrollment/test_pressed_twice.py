"""Every learner's command sent twice at the same instant is done once, and answered twice in the same way (ENR-3, GRP-3, GRP-5)."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple
from uuid import UUID

import pytest
from at_once import at_once, statuses
from enrollment.harness import Harness, OpenHarness
from fastapi.testclient import TestClient
from httpx import Response
from test_payments import PRICE, SECRET, Provider

from shared.contracts import catalog

ROUNDS = 8
SAME = 4
"""Presses at once: more than two, so that somebody is overtaken in each round."""


@pytest.fixture
def harness(open_harness: OpenHarness) -> Iterator[Harness]:
    with Provider() as provider:
        url = f"{provider.url}/api/demo-payments"
        yield open_harness(payment_url=url, payment_secret=SECRET)


class Place:
    """Offerings of every kind of command, a group, and a new learner in each round."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.admitting = harness.course("Yoga", 1)
        harness.tell(harness.catalog, catalog.LearnerAccessChosen, self.admitting, access="self-enrollment")
        self.lab, self.priced = harness.course("Welding", 1, "lab"), harness.course("Diving", 1, price=PRICE)
        self.grouped = harness.course("Rowing", 2)
        harness.settle()
        body = {"name": "Morning", "allow_enrol": True, "allow_withdraw": True}
        made = harness.http.post(f"/api/enrollment/offerings/{self.grouped}/groups", json=body)
        self.group = made.json()["result"]["assignment_id"]
        self.renew()

    def renew(self) -> None:
        self.learner = self.harness.person()
        self.harness.settle()

    def press(self, path: str, body: object = None) -> Callable[[], Response]:
        client: TestClient = self.harness.client(self.learner)
        return partial(client.post, f"/api/enrollment/{path}", json=body)

    def on(self, offering: UUID, path: str, *, begun: bool = False) -> Callable[[], Callable[[], Response]]:
        """A command on a term that an administrator opened."""
        id = self.harness.enroll(self.learner, offering)
        if begun:
            self.harness.did(id, "begin", self.harness.client(self.learner))
        return lambda: self.press(f"enrollments/{id}/{path}")

    def join(self) -> Response:
        return self.press(f"groups/{self.group}/join", {"confirm": True})()

    def enrol(self) -> Response:
        return self.press(f"offerings/{self.admitting}/enrol")()


class Pressed(NamedTuple):
    """How a command comes to be possible, and what it answers; what it does once, and what each press does."""

    ready: Callable[[Place], Callable[[], Callable[[], Response]]]
    answer: int
    status: str
    once: tuple[str, ...] = ()
    each: tuple[str, ...] = ()


def enrolling(place: Place) -> Callable[[], Callable[[], Response]]:
    return lambda: place.press(f"offerings/{place.admitting}/enrol")


def joining(place: Place) -> Callable[[], Callable[[], Response]]:
    return lambda: place.press(f"groups/{place.group}/join", {"confirm": True})


def leaving_the_group(place: Place) -> Callable[[], Callable[[], Response]]:
    assert place.join().status_code == 200
    return lambda: place.press(f"assignments/{place.group}/leave", {"confirm": True})


def leaving_the_own(place: Place) -> Callable[[], Callable[[], Response]]:
    own = place.enrol().json()["result"]["assignment_id"]
    return lambda: place.press(f"assignments/{own}/leave", {"confirm": True})


COMMANDS: Mapping[str, Pressed] = {
    "enrol": Pressed(enrolling, 201, "not-started", ("AssignmentCreated", "LearnerAssigned")),
    "join": Pressed(joining, 200, "not-started", ("GroupJoined", "LearnerAssigned")),
    "leave a group": Pressed(leaving_the_group, 200, "withdrawn", ("GroupLeft", "LearnerWithdrawn")),
    "leave the own": Pressed(leaving_the_own, 200, "withdrawn", ("LearnerUnassigned", "LearnerWithdrawn")),
    "begin": Pressed(lambda p: p.on(p.lab, "begin"), 200, "in-progress", ("TrainingBegun",)),
    "complete a step": Pressed(
        lambda p: p.on(p.grouped, "steps/1/complete"), 200, "in-progress", ("TrainingBegun", "StepCompleted")
    ),
    "complete the last step": Pressed(
        lambda p: p.on(p.admitting, "steps/1/complete"), 200, "completed", ("StepCompleted", "EnrollmentCompleted")
    ),
    "launch": Pressed(
        lambda p: p.on(p.lab, "steps/1/launch"), 200, "in-progress", ("TrainingBegun",), each=("LabLaunched",)
    ),
    "launch again": Pressed(
        lambda p: p.on(p.lab, "steps/1/launch", begun=True), 200, "in-progress", each=("LabLaunched",)
    ),
    "purchase": Pressed(lambda p: p.on(p.priced, "purchase"), 201, "awaiting-payment", ("OrderPlaced",)),
}


@pytest.mark.feature("ENR-3", "GRP-3", "GRP-5", "ENR-2", "ENR-4", "ASG-6")
@pytest.mark.parametrize("name", COMMANDS)
def test_pressed_at_once_it_is_done_once_and_every_press_has_the_same_answer(harness: Harness, name: str) -> None:
    place, command = Place(harness), COMMANDS[name]
    for _ in range(ROUNDS):
        place.renew()
        ready = command.ready(place)
        before = harness.told(of=[place.learner])
        answers = at_once(*(ready() for _ in range(SAME)))
        assert statuses(answers) == [command.answer] * SAME, [answer.text for answer in answers]
        told = harness.told(of=[place.learner])[len(before) :]
        for kind in command.once:
            assert told.count(kind) == 1, (kind, told)
        for kind in command.each:
            assert told.count(kind) == SAME, (kind, told)
        found = [answer.json().get("result", answer.json()) for answer in answers]
        if name == "purchase":
            assert len({order["id"] for order in found}) == 1
        else:
            assert [one["status"] for one in found] == [command.status] * SAME
        (standing,) = harness.enrollments(person_id=place.learner)
        assert standing["status"] == command.status
        harness.settle()
        assert harness.enrollments(person_id=place.learner)[0]["status"] == command.status


@pytest.mark.feature("ASG-5", "ASG-6", "GRP-4")
def test_two_administrators_who_assign_the_same_person_at_once_make_one_assignment_and_one_is_told_so(
    harness: Harness,
) -> None:
    place = Place(harness)
    for _ in range(ROUNDS):
        place.renew()
        body = {"offerings": [str(place.lab)], "people": [str(place.learner)]}
        send = partial(harness.http.post, "/api/enrollment/assignments", json=body)
        answers = at_once(send, send)
        assert sorted(statuses(answers)) == [200, 202], [a.text for a in answers]
        results = sorted((answer.json()["result"] for answer in answers), key=lambda result: len(result["refused"]))
        assert [len(result["created"]) for result in results] == [1, 0]
        assert results[1]["refused"][0]["assignment_id"] == results[0]["created"][0]["assignment_id"]


@pytest.mark.feature("TRG-1")
def test_of_two_triggers_of_one_name_that_are_created_at_once_one_acts(harness: Harness) -> None:
    place = Place(harness)
    for n in range(ROUNDS):
        when = {"kind": "completion", "target_id": str(place.lab)}
        body = {"name": f"Rule {n}", "when": when, "offering_id": str(place.grouped)}
        made, refused = sorted(
            at_once(*[partial(harness.http.post, "/api/enrollment/triggers", json=body)] * 2),
            key=lambda answer: answer.status_code,
        )
        assert (made.status_code, refused.status_code) == (202, 409), refused.text
        assert refused.json()["type"].endswith("trigger-exists")
        assert refused.json()["existing"] == made.json()["result"]["trigger_id"]
