"""Random commands, legal ones and others, through HTTP: state and next action are those of a plain model (ENR-1)."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import pytest
from enrollment.harness import Harness
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts import catalog

COMMANDS = (
    "assign",
    "remove",
    "cancel",
    "pay",
    "begin",
    "launch",
    "complete-lab",
    "pass-exam",
    "fail-exam",
    "approve",
    "reject",
    "record",
    "take-back",
)


@dataclass
class Model:
    """A course of a lab and an exam, as one would explain it to a colleague."""

    priced: bool
    reviewed: bool
    assigned: bool = False
    ever: bool = False
    ended: str | None = None
    due: bool = False
    begun: bool = False
    launched: bool = False
    done: set[str] = field(default_factory=set)
    waiting: bool = False
    completed: bool = False

    @property
    def state(self) -> str:
        if self.ended:
            return self.ended
        if self.completed:
            return "completed"
        if not self.ever:
            return "not-enrolled"
        if self.due:
            return "awaiting-payment"
        if self.waiting:
            return "pending-approval"
        return "in-progress" if self.begun else "not-started"

    @property
    def next_action(self) -> str | None:
        return {
            "not-enrolled": "request-access",
            "awaiting-payment": "purchase",
            "not-started": "begin-training",
            "in-progress": "continue-training" if "lab" not in self.done else "take-exam",
            "completed": "download-certificate",
            "pending-approval": None,
        }.get(self.state, "request-access")

    def do(self, command: str) -> bool:
        """Whether it is allowed; what it does."""
        working = self.assigned and not self.due and not self.waiting
        allowed = {
            "assign": not self.assigned,
            "remove": self.assigned,
            "cancel": self.assigned and not self.launched,
            "pay": self.assigned and self.due,
            "begin": working,
            "launch": working,
            "complete-lab": working,
            "pass-exam": working,
            "fail-exam": working,
            "approve": self.assigned and self.waiting,
            "reject": self.assigned and self.waiting,
            "record": True,
            "take-back": self.completed,
        }[command]
        if allowed:
            getattr(self, f"_{command.replace('-', '_')}")()
        return allowed

    def _assign(self) -> None:
        self.assigned = self.ever = True
        self.ended = None
        self.due = self.priced and not self.completed
        self.begun = self.launched = self.waiting = False
        self.done = set()

    def _remove(self) -> None:
        self.assigned, self.ended = False, "withdrawn"

    def _cancel(self) -> None:
        self.assigned, self.ended = False, "cancelled"

    def _pay(self) -> None:
        self.due = False

    def _begin(self) -> None:
        self.begun = True

    def _launch(self) -> None:
        self.begun = self.launched = True

    def _complete_lab(self) -> None:
        self._step("lab")

    def _pass_exam(self) -> None:
        self._step("exam")

    def _step(self, name: str) -> None:
        self.begun = True
        new = name not in self.done
        self.done.add(name)
        if new and self.done == {"lab", "exam"} and not self.completed:
            self.completed, self.waiting = not self.reviewed, self.reviewed

    def _fail_exam(self) -> None:
        self.begun = True

    def _approve(self) -> None:
        self.completed, self.waiting = True, False

    def _reject(self) -> None:
        self.waiting = False
        self.done.discard("exam")

    def _record(self) -> None:
        self.completed, self.waiting = True, False

    def _take_back(self) -> None:
        self.completed = False
        if self.done == {"lab", "exam"}:
            self.done.discard("exam")


@pytest.fixture
def courses(harness: Harness) -> dict[tuple[bool, bool], UUID]:
    """By whether it has a price, and whether completions are reviewed."""
    made = {}
    for priced in (False, True):
        for reviewed in (False, True):
            price = {"price": {"amount": "5.00", "currency": "EUR"}} if priced else {}
            id = harness.course(f"Course {priced} {reviewed}", 0, "lab", ("exam", 80), certificate="plain", **price)
            harness.tell(harness.catalog, catalog.CompletionReviewSwitched, id, review=reviewed)
            made[priced, reviewed] = id
    harness.settle()
    return made


class Learner:
    """Sends the commands, and looks at what came of them."""

    def __init__(self, harness: Harness, course: UUID) -> None:
        self.harness = harness
        self.course = course
        self.person = harness.person()
        harness.settle()
        self.client = harness.client(self.person)

    @property
    def found(self) -> dict[str, object]:
        answer: dict[str, object] = self.client.get(f"/api/enrollment/offerings/{self.course}/standing").json()
        return answer

    def send(self, command: str) -> bool:
        """Whether it was taken."""
        if command == "assign":
            return self._assign()
        if command == "record":
            body = {"person_id": str(self.person), "offering_id": str(self.course), "completed_on": str(date.today())}
            answer = self.harness.http.post("/api/enrollment/completions", json=body)
            return bool(answer.is_success)
        found = self.found
        id, held = str(found["id"]), found["assignments"]
        assert isinstance(held, list)
        if command == "remove":
            return bool(held) and self._remove(str(held[0]))
        what, body = {
            "cancel": (f"assignments/{held[0] if held else UUID(int=1)}/cancel", {}),
            "pay": ("paid", {"reason": "cash"}),
            "begin": ("begin", {}),
            "launch": ("steps/1/launch", {}),
            "complete-lab": ("steps/1/complete", {}),
            "pass-exam": ("steps/2/attempts", {"score": 80}),
            "fail-exam": ("steps/2/attempts", {"score": 79}),
            "approve": ("approve", {}),
            "reject": ("reject", {"reason": "again"}),
            "take-back": ("completion/take-back", {"reason": "wrong"}),
        }[command]
        return bool(self.harness.do(id, what, **body).is_success)

    def _assign(self) -> bool:
        body = {"offerings": [str(self.course)], "people": [str(self.person)]}
        result = self.harness.http.post("/api/enrollment/assignments", json=body).json()["result"]
        self.harness.settle()
        return bool(result["created"])

    def _remove(self, assignment: str) -> bool:
        answer = self.harness.http.delete(f"/api/enrollment/assignments/{assignment}")
        self.harness.settle()
        return bool(answer.is_success)


@pytest.mark.feature("ENR-1", "ENR-2", "ENR-4", "ENR-5", "ENR-12")
@pytest.mark.timeout(300)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    kind=st.tuples(st.booleans(), st.booleans()),
    commands=st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=14),
)
def test_random_commands_lead_where_a_plain_model_says(
    harness: Harness, courses: dict[tuple[bool, bool], UUID], kind: tuple[bool, bool], commands: list[str]
) -> None:
    learner, model = Learner(harness, courses[kind]), Model(*kind)
    for command in ("assign", *commands):
        assert learner.send(command) == model.do(command), command
        found = learner.found
        assert (found["status"], found["next_action"]) == (model.state, model.next_action), command
