"""What assignments, groups, exceptions and due dates ought to do, as one would explain it to a colleague: dicts and sets.

Written from the words of the features, not from the code. People, offerings and assignments are any keys; a due date is the number
of days from today.
"""

from collections.abc import Hashable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field

Key = Hashable
TOO_SOON = 6
"""The trainings take a week: whoever is due within so many days has too little time (DUE-4)."""
REALISTIC = 14
"""The minimum time plus one week (DUE-6)."""


@dataclass
class Assignment:
    offering: Key
    type: str
    target: Key
    below: bool = False
    due: int | None = None
    live: bool = True
    undone: bool = False
    """It went with the command that made it: training that was begun stays (ASG-20)."""
    version: int = 1


@dataclass
class Trigger:
    """What waits for something to become true of a person, and gives an offering by its assignment, or a job role."""

    what: str
    target: Key
    below: bool
    undo: bool
    gives: Key | None
    """A job role."""
    assignment: Key | None = None
    live: bool = True
    seen: set[Key] = field(default_factory=set)
    """Of whom it was true before."""
    fired: set[Key] = field(default_factory=set)


@dataclass
class Standing:
    """One learner on one offering."""

    term: int = 0
    live: bool = False
    ended: str | None = None
    begun: bool = False
    unsourced: bool = False
    due: int | None = None
    due_by_hand: bool = False
    grants: set[Key] = field(default_factory=set)
    given: dict[Key, str | None] = field(default_factory=dict)
    """By which command each of them came."""
    removed_by_hand: set[Key] = field(default_factory=set)
    waiting: dict[Key, int] = field(default_factory=dict)
    """What an exception holds back, with its cause: the date that would hold."""
    refused: dict[Key, int] = field(default_factory=dict)
    """What was answered with *do not assign*, with the cause as it was then."""
    aside: bool = False

    @property
    def status(self) -> str:
        if self.waiting and not self.live:
            return "held"
        if self.live:
            return "in-progress" if self.begun else "not-started"
        return self.ended or "not-enrolled"

    @property
    def excluded(self) -> set[Key]:
        return self.removed_by_hand | (self.refused.keys() - self.grants)

    def forget(self, assignment: Key) -> None:
        """Nothing waits for an answer any more, and no answer counts."""
        self.waiting.pop(assignment, None)
        self.refused.pop(assignment, None)

    def let_go(self, assignment: Key, ended: str | None) -> None:
        """One source less; with the last one the term ends, or stays without a source (ASG-7, ASG-10)."""
        if assignment not in self.grants:
            return
        self.grants.discard(assignment)
        if self.live and not self.grants:
            if ended is None and self.begun:
                self.unsourced = True
            else:
                self.live, self.ended, self.unsourced = False, ended or "withdrawn", False


@dataclass
class Model:
    """Facts, assignments, and what follows from them."""

    earliest: set[Key]
    """The offerings of whose due dates the earliest holds."""
    long: set[Key]
    """The offerings that take a week."""
    parent: dict[Key, Key | None]
    """Organisations, with the one above."""
    active: dict[Key, bool] = field(default_factory=dict)
    home: dict[Key, Key | None] = field(default_factory=dict)
    members: dict[Key, set[Key]] = field(default_factory=dict)
    jobs: dict[Key, tuple[Key | None, Key | None]] = field(default_factory=dict)
    """At most one for each person: the manager, and the organisation."""
    assignments: dict[Key, Assignment] = field(default_factory=dict)
    joined: dict[Key, dict[Key, str]] = field(default_factory=dict)
    """By group its members, and who put them there."""
    standings: dict[tuple[Key, Key], Standing] = field(default_factory=dict)
    cause: str | None = None
    """The command that is being carried out, where it can be undone."""
    by_hand: dict[Key, set[Key]] = field(default_factory=dict)
    """By job role who holds it by hand."""
    triggers: dict[Key, Trigger] = field(default_factory=dict)

    def at(self, person: Key, offering: Key) -> Standing:
        return self.standings.setdefault((person, offering), Standing())

    def copy(self) -> "Model":
        return deepcopy(self)

    # Who is meant.

    def matches(self, id: Key, person: Key) -> bool:
        """The assignment wants to hold this person now (ASG-3, ASG-10)."""
        one = self.assignments[id]
        if one.type in ("individual", "self"):
            return one.live and one.target == person
        if not (one.live and self.active[person]):
            return False
        if one.type in ("audience", "group", "trigger"):
            of = {"audience": self.members, "group": self.joined}.get(one.type)
            return person in (of[one.target] if of else self.triggers[one.target].fired)
        match one.type:
            case "job-role":
                return self.holds(one.target, person)
            case "organisation":
                return self._placed(person, one.target, below=one.below)
            case _:
                chiefs = list(self._chiefs(person))
                return self.active[one.target] and one.target in (chiefs if one.below else chiefs[:1])

    def _placed(self, person: Key, unit: Key, *, below: bool) -> bool:
        places = [self.home[person], self.jobs.get(person, (None, None))[1]]
        return any(unit in self._upwards(p, below=below) for p in places if p is not None)

    def _upwards(self, unit: Key, *, below: bool) -> Iterator[Key]:
        yield unit
        while below and (above := self.parent[unit]) is not None:
            unit = above
            yield unit

    def _chiefs(self, person: Key) -> Iterator[Key]:
        """The manager, the manager's manager and so on, as long as each of them has a job."""
        while person in self.jobs:
            chief = self.jobs[person][0]
            if chief is None or chief not in self.jobs:
                return
            yield chief
            person = chief

    def meant(self, id: Key) -> set[Key]:
        return {person for person in self.active if self.matches(id, person)}

    def existing(self, offering: Key, type: str, target: Key) -> Key | None:
        same = (offering, type, target)
        return next(
            (id for id, a in self.assignments.items() if a.live and (a.offering, a.type, a.target) == same), None
        )

    # What assigns by itself (ASG-12, TRG-1, TRG-2).

    def holds(self, role: Key, person: Key) -> bool:
        return person in self.by_hand[role] or any(
            one.gives == role and person in one.fired for one in self.triggers.values()
        )

    def acts(self, one: Trigger) -> bool:
        return one.live and (one.assignment is None or self.assignments[one.assignment].live)

    def met(self, one: Trigger, person: Key) -> bool:
        """Whether somebody is active makes no difference."""
        match one.what:
            case "audience":
                return person in self.members[one.target]
            case "organisation":
                return self._placed(person, one.target, below=one.below)
            case _:
                return self.holds(one.target, person)

    def would_cause_itself(self, new: Trigger) -> bool:
        """By job roles that bring job roles (TRG-3)."""
        reached, before = {new.gives}, set[Key]()
        while reached != before:
            before = set(reached)
            reached |= {
                one.gives
                for one in self.triggers.values()
                if self.acts(one) and one.gives and one.what == "job-role" and one.target in reached
            }
        return new.what == "job-role" and new.target in reached

    def begin(self, id: Key, one: Trigger) -> None:
        """Whoever fulfils the condition already is left alone."""
        one.seen = {person for person in self.active if self.met(one, person)}
        self.triggers[id] = one

    def _follow_triggers(self) -> None:
        """Until nothing changes: a job role may bring the next."""
        changed = True
        while changed:
            changed = False
            for one in (one for one in self.triggers.values() if self.acts(one)):
                now = {person for person in self.active if self.met(one, person)}
                changed |= now != one.seen
                one.fired |= now - one.seen
                if one.undo:
                    one.fired -= one.seen - now
                one.seen = now

    # What follows.

    def follow(self) -> None:
        """Everybody stands as the facts and the assignments want it."""
        self._follow_triggers()
        for offering in {a.offering for a in self.assignments.values()}:
            for person in self.active:
                self._follow(person, offering)

    def _later(self, offering: Key, now: int | None, other: int | None) -> int | None:
        """Of two dates the one that holds; none never outranks one (DUE-3)."""
        known = [day for day in (now, other) if day is not None]
        return None if not known else min(known) if offering in self.earliest else max(known)

    def _follow(self, person: Key, offering: Key) -> None:
        standing = self.at(person, offering)
        wanted = {
            id: a.due for id, a in self.assignments.items() if a.offering == offering and self.matches(id, person)
        }
        free, blocked = self._judge(standing, offering, wanted)
        for id in free:
            self.grant(standing, offering, id, wanted[id])
        for id in free | (standing.waiting.keys() - blocked.keys()):
            standing.forget(id)
        self._raise(standing, blocked)
        for id in standing.grants - wanted.keys():
            one = self.assignments[id]
            standing.let_go(id, None if one.live or one.undone else "withdrawn")

    def _judge(
        self, standing: Standing, offering: Key, wanted: dict[Key, int | None]
    ) -> tuple[set[Key], dict[Key, int]]:
        """Which assignments hold the learner, or move the date, and which have to wait (DUE-4).

        The dates that rank highest are looked at first: the order of events must not matter.
        """
        sign = 1 if offering in self.earliest else -1
        day = standing.due if standing.live else None
        free: set[Key] = set()
        blocked: dict[Key, int] = {}
        for id in sorted(wanted, key=lambda id: (wanted[id] is None, sign * (wanted[id] or 0))):
            if id in standing.removed_by_hand:
                continue
            due = wanted[id]
            then = day if standing.live and standing.due_by_hand else self._later(offering, day, due)
            if then is not None and then != day and then <= TOO_SOON and offering in self.long:
                blocked[id] = then
            elif id not in standing.grants or then != day or id in standing.waiting or id in standing.refused:
                free.add(id)
                day = then
        return free, blocked

    def _raise(self, standing: Standing, blocked: dict[Key, int]) -> None:
        """The same cause is not raised again; another one is, also after an answer (DUE-6)."""
        settled = {id for id, cause in blocked.items() if standing.refused.get(id) == cause}
        waiting = {id: cause for id, cause in blocked.items() if id not in settled}
        for id in waiting:
            standing.refused.pop(id, None)
        standing.aside = standing.aside and bool(waiting) and waiting.items() <= standing.waiting.items()
        standing.waiting = waiting

    def grant(self, standing: Standing, offering: Key, id: Key, due: int | None) -> None:
        if not standing.live:
            standing.term, standing.live, standing.ended = standing.term + 1, True, None
            standing.begun, standing.due, standing.due_by_hand = False, None, False
        if not standing.due_by_hand:
            standing.due = self._later(offering, standing.due, due)
        standing.unsourced = False
        if id not in standing.grants:
            standing.given[id] = self.cause
        standing.grants.add(id)

    # What an administrator says.

    def answer(self, person: Key, offering: Key, how: str) -> None:
        standing = self.at(person, offering)
        if how == "dismissed":
            standing.aside = True
            return
        if how == "not-assigned":
            standing.refused |= standing.waiting
        else:
            for id in standing.waiting:
                self.grant(standing, offering, id, self.assignments[id].due)
            if how == "realistic-date" and not standing.due_by_hand and (standing.due or 0) < REALISTIC:
                standing.due, standing.due_by_hand = REALISTIC, offering in self.earliest
        standing.waiting, standing.aside = {}, False

    def exclude(self, person: Key, id: Key, ended: str = "withdrawn") -> None:
        """A person takes the learner out: nothing brings the learner back by itself (ASG-7)."""
        standing = self.at(person, self.assignments[id].offering)
        standing.forget(id)
        standing.let_go(id, ended)
        standing.removed_by_hand.add(id)

    def allow(self, person: Key, id: Key) -> None:
        standing = self.at(person, self.assignments[id].offering)
        standing.removed_by_hand.discard(id)
        standing.forget(id)
