"""At random points in the past every report equals what it told then, which was the fold of the events until then (RPT-7)."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reporting.company import SOURCES
from reporting.harness import Harness

from services.reporting.main import replay
from shared.contracts import approvals, directory, enrollment, keys

PEOPLE = 3
MOVES = (
    "assign",
    "cancel",
    "begin",
    "exam",
    "complete",
    "take-back",
    "withdraw",
    "due",
    "raise",
    "answer",
    "end-hold",
    "join",
    "leave",
    "move",
    "rename",
    "title",
    "pool",
    "redeem",
    "revoke",
    "reopen",
    "ask",
    "approve",
    "fulfil",
)
histories = st.lists(
    st.tuples(st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, PEOPLE - 1)), min_size=1, max_size=8)),
    min_size=1,
    max_size=5,
)


@dataclass
class Told:
    """What each person went through, as far as the next event hangs on it."""

    term: int = 0
    grants: set[UUID] = field(default_factory=set)
    key: UUID | None = None
    request: UUID | None = None
    joined: bool = False


class History:
    """Tells such events as the services could have told."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.units = [harness.unit("North"), harness.unit("South")]
        self.course, self.other = harness.course("Fire safety"), harness.course("Welding")
        self.audience = harness.assignment(self.course, "audience", harness.audience("Drivers"))
        self.group = harness.assignment(self.course, "group")
        self.waits = harness.assignment(self.other, "individual", uuid4())
        self.pool = harness.key_pool("Pool", self.course, self.units[0])
        self.people = [harness.person(f"P{n} Family", self.units[0]) for n in range(PEOPLE)]
        self.told = [Told() for _ in self.people]
        harness.settle()

    def move(self, what: str, number: int) -> None:
        told, person = self.told[number], self.people[number]
        if what in ("assign", "cancel", "begin", "exam", "complete", "take-back", "withdraw", "due", "join", "leave"):
            self._learn(what, person, told)
        elif what in ("raise", "answer", "end-hold"):
            self._hold(what, person)
        elif what in ("pool", "redeem", "revoke", "reopen"):
            self._key(what, person, told)
        elif what in ("ask", "approve", "fulfil"):
            self._request(what, person, told)
        else:
            self._elsewhere(what, person, number)

    def _learn(self, what: str, person: UUID, told: Told) -> None:
        h, course, term = self.harness, self.course, {"term": told.term}
        if what == "assign" and self.audience not in told.grants:
            told.term, _ = told.term + (not told.grants), told.grants.add(self.audience)
            event = h.assigned(person, course, self.audience, told.term)
        elif what in ("cancel", "withdraw") and self.audience in told.grants:
            told.grants.clear()
            why = "cancelled" if what == "cancel" else "dropped-out"
            gone = h.about(enrollment.LearnerUnassigned, person, course, assignment_id=self.audience, why=why, **term)
            ended = enrollment.EnrollmentCancelled if what == "cancel" else enrollment.LearnerWithdrawn
            h.tell(h.enrollment, gone, h.about(ended, person, course, **term))
            return
        elif what in ("join", "leave"):
            by = "learner" if what == "join" else "administrator"
            which = enrollment.GroupJoined if what == "join" else enrollment.GroupLeft
            if told.joined == (what == "join"):
                return
            told.joined = what == "join"
            about = {"person_id": person, "offering_id": course, "assignment_id": self.group, "by": by}
            event = h.next(which, UUID(int=person.int ^ 1), **about)
        elif told.grants and what in ("begin", "exam", "complete", "take-back", "due"):
            event = self._progress(what, person, term)
        else:
            return
        h.tell(h.enrollment, event)

    def _progress(self, what: str, person: UUID, term: dict[str, int]) -> object:
        done = {"version": 1, "completed_at": datetime(2026, 1, 1, tzinfo=UTC), "valid_until": date(2026, 2, 1)}
        reason = {"id": uuid4(), "digest": "0" * 64}
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        made = {
            "begin": (enrollment.TrainingBegun, {}),
            "exam": (enrollment.ExamTaken, {"step": 1, "score": 70, "pass_mark": 80, "passed": False}),
            "complete": (enrollment.EnrollmentCompleted, done),
            "take-back": (enrollment.CompletionTakenBack, {"steps": (), "reason": reason}),
            "due": (enrollment.DueDateSet, {"due_on": yesterday, "by": "hand"}),
        }
        event, fields = made[what]
        return self.harness.about(event, person, self.course, **term, **fields)

    def _hold(self, what: str, person: UUID) -> None:
        h = self.harness
        if what == "raise":
            event = h.held_back(person, self.other, self.waits)
        elif what == "answer":
            event = h.about(enrollment.ExceptionAnswered, person, self.other, resolution="dismissed")
        else:
            event = h.about(enrollment.HoldEnded, person, self.other, assignment_id=self.waits)
        h.tell(h.enrollment, event)

    def _key(self, what: str, person: UUID, told: Told) -> None:
        h = self.harness
        if what == "pool":
            about = {"name": f"Pool {uuid4()}", "offering_id": self.course, "organisation_id": self.units[1]}
            times = {"starts": datetime(2026, 1, 1, tzinfo=UTC), "expires": datetime(2027, 1, 1, tzinfo=UTC)}
            h.tell(h.keys, h.next(keys.PoolDescribed, self.pool, **about, **times, access_days=9, share_below=True))
        elif what == "redeem" and told.key is None:
            told.key, by_key = h.key(self.pool), h.assignment(self.course, "key", person)
            told.term, _ = told.term + (not told.grants), told.grants.add(by_key)
            h.tell(h.enrollment, h.assigned(person, self.course, by_key, told.term))
            h.redeemed(told.key, self.pool, person, self.course, by_key)
        elif told.key and what == "revoke":
            about = {"reason": None, "person_id": person, "assignment_id": None, "override": False}
            h.tell(h.keys, h.next(keys.KeyRevoked, told.key, pool_id=self.pool, **about, end_assignment=True))
        elif told.key and what == "reopen":
            reason = {"id": uuid4(), "digest": "0" * 64}
            h.tell(h.keys, h.next(keys.KeyReopened, told.key, pool_id=self.pool, reason=reason))

    def _request(self, what: str, person: UUID, told: Told) -> None:
        h = self.harness
        if what == "ask":
            told.request = told.request or h.requested(person, self.other)
        elif told.request:
            approved = {"enrollment_id": None, "due_on": None, "term": None, "reason": None}
            made = {
                "approve": (approvals.RequestApproved, approved),
                "fulfil": (approvals.RequestFulfilled, {"assignment_id": None}),
            }
            event, fields = made[what]
            h.tell(h.approvals, h.of_request(event, told.request, person, self.other, **fields))

    def _elsewhere(self, what: str, person: UUID, number: int) -> None:
        h = self.harness
        if what == "move":
            h.tell(h.directory, h.next(directory.PersonMoved, person, home_organisation=self.units[number % 2]))
        elif what == "rename":
            h.tell(
                h.directory,
                h.next(directory.UnitRenamed, self.units[number % 2], kind="organisation", name=f"Unit {uuid4()}"),
            )
        else:
            h.tell(h.catalog, h.described(self.course, f"Title {uuid4()}"))

    def answers(self, **asked: str) -> dict[str, object]:
        return {name: self.harness.report(name, **asked) for name in SOURCES}


@pytest.mark.feature("RPT-7", "RPT-1", "AUD-2")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_every_report_on_a_moment_of_the_past_is_what_it_told_at_that_moment(
    harness: Harness, history: list[tuple[list[tuple[str, int]]]]
) -> None:
    there = History(harness)
    answers = []
    for (moves,) in history:
        for what, number in moves:
            there.move(what, number)
        harness.settle()
        answers.append((harness.now(), there.answers()))
    for moment, told in answers:
        then = there.answers(as_of=moment)
        for name in SOURCES:
            assert then[name] == told[name], name
    assert replay(harness.settings).differences == 0
