"""For any history, cut into batches in any way: live = rebuilt = fold of the events, and the past answers as it did."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reporting.harness import Harness

from services.reporting.main import replay
from shared.consumer import Consumer
from shared.contracts import directory, enrollment
from shared.events import Event

PEOPLE, ASSIGNMENTS, UNITS = 3, 2, 2

moves = st.tuples(
    st.sampled_from(["assign", "unassign", "begin", "complete", "left", "move", "deactivate", "reactivate"]),
    st.integers(0, PEOPLE - 1),
    st.integers(0, ASSIGNMENTS - 1),
)
histories = st.lists(
    st.tuples(st.lists(moves, min_size=1, max_size=6), st.sampled_from([1, 2, 3, 1_000]), st.booleans()),
    min_size=1,
    max_size=6,
)
"""Transactions of moves; after each, the size of the batches that it is taken in, or that it is not taken yet."""


@dataclass
class Learner:
    """The plainest telling of one learner's standing: what the report has to say."""

    grants: dict[UUID, int] = field(default_factory=dict)
    term: int = 0
    live: bool = False
    begun: bool = False
    completed: bool = False
    home: UUID | None = None
    active: bool = True

    @property
    def state(self) -> str:
        if not self.live:
            return "withdrawn"
        return "completed" if self.completed else "in-progress" if self.begun else "not-started"


class Company:
    """Makes only such events as the services could have made, and folds them by itself."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.units = [harness.unit(f"Unit {n}") for n in range(UNITS)]
        self.course = harness.course()
        self.assignments = [harness.assignment(self.course) for _ in range(ASSIGNMENTS)]
        self.learners = {harness.person(home=self.units[0]): Learner(home=self.units[0]) for _ in range(PEOPLE)}

    def transaction(self, moves: list[tuple[str, int, int]]) -> None:
        made = [(event, store) for move in moves for event, store in self.made(*move)]
        for store in (self.harness.enrollment, self.harness.directory):
            if events := [event for event, where in made if where is store]:
                self.harness.tell(store, *events)

    def made(self, what: str, person: int, which: int) -> list[tuple[Event, object]]:
        w, assignment = self.harness, self.assignments[which]
        id, learner = list(self.learners.items())[person]
        events: list[Event] = []
        about = {"person": id, "course": self.course}
        match what:
            case "assign" if assignment not in learner.grants:
                if not learner.live:
                    learner.term, learner.live, learner.begun = learner.term + 1, True, False
                learner.grants[assignment] = learner.term
                events.append(w.assigned(id, self.course, assignment, learner.term))
            case "unassign" if assignment in learner.grants:
                del learner.grants[assignment]
                events.append(w.unassigned(id, self.course, assignment, learner.term))
                if not learner.grants and not learner.begun:
                    learner.live = False
                    events.append(w.about(enrollment.LearnerWithdrawn, *about.values(), term=learner.term))
                elif not learner.grants:
                    events.append(w.about(enrollment.EnrollmentLeftWithoutSource, *about.values(), term=learner.term))
            case "begin" if learner.live and not learner.begun:
                learner.begun = True
                events.append(w.about(enrollment.TrainingBegun, *about.values(), term=learner.term))
            case "complete" if learner.live and not learner.completed:
                learner.completed = True
                done = {"version": None, "completed_at": datetime(2020, 1, 1, tzinfo=UTC)}
                events.append(w.about(enrollment.EnrollmentCompleted, *about.values(), term=learner.term, **done))
            case "move" | "deactivate" | "reactivate":
                return [(self.directory_event(what, id, learner, which), w.directory)]
        return [(event, w.enrollment) for event in events]

    def directory_event(self, what: str, id: UUID, learner: Learner, which: int) -> Event:
        if what == "move":
            learner.home = self.units[which % UNITS]
            return self.harness.next(directory.PersonMoved, id, home_organisation=learner.home)
        learner.active = what == "reactivate"
        if learner.active:
            return self.harness.next(directory.PersonReactivated, id)
        return self.harness.next(directory.PersonDeactivated, id, why="left")

    def expected(self) -> set[tuple[object, ...]]:
        return {
            (str(id), str(assignment), term, learner.state, str(learner.home), learner.active)
            for id, learner in self.learners.items()
            for assignment, term in learner.grants.items()
        }

    def told(self, **asked: str) -> set[tuple[object, ...]]:
        rows = self.harness.rows(offering_id=str(self.course), **asked)
        told = {
            (r["person_id"], r["assignment_id"], r["term"], r["state"], r["home_organisation_id"], r["active"])
            for r in rows
        }
        assert len(told) == len(rows)
        return told


def take(harness: Harness, size: int) -> None:
    """Everything that there is, in batches of this size."""
    limits = harness.settings.model_copy(update={"consumer_batch": size})
    for consumer in harness.consumers:
        sized = Consumer(harness.database, consumer._feed, consumer._handler, limits)
        while sized.step():
            pass


@pytest.mark.feature("RPT-1", "RPT-7", "AUD-2")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_live_is_rebuilt_is_the_fold_of_the_events_and_the_past_answers_as_it_did(
    harness: Harness, history: list[tuple[list[tuple[str, int, int]], int, bool]]
) -> None:
    company = Company(harness)
    take(harness, 1_000)
    answers: list[tuple[str, set[tuple[object, ...]]]] = []
    for moves, size, taken in history:
        company.transaction(moves)
        if taken:
            take(harness, size)
            answers.append((harness.now(), company.told()))
            assert answers[-1][1] == company.expected()
    take(harness, 2)

    assert company.told() == company.expected()
    for moment, answer in answers:
        assert company.told(as_of=moment) == answer
    assert replay(harness.settings).differences == 0


@pytest.mark.feature("AUD-2")
def test_a_learner_who_goes_and_comes_again_within_one_batch_ends_up_as_the_events_say(harness: Harness) -> None:
    company = Company(harness)
    company.transaction([("assign", 0, 0), ("begin", 0, 0), ("unassign", 0, 0), ("assign", 0, 1)])
    company.transaction([("unassign", 0, 1), ("assign", 0, 0), ("complete", 0, 0)])
    take(harness, 3)

    assert company.told() == company.expected() != set()
