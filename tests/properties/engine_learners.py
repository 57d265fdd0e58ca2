"""More of the machine: learners come and go by themselves, and an administrator decides about single ones."""

from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from properties import engine_harness
from properties.engine_harness import kind
from properties.engine_machine import Rules, index, offerings, people
from properties.engine_model import Assignment, Key

RESOLUTIONS = st.sampled_from(["assigned", "realistic-date", "not-assigned", "dismissed"])


class Engine(Rules):
    """Everything that people decide one by one."""

    def _of(self, what: str) -> list[tuple[UUID, UUID, UUID | None]]:
        """Learner, offering and assignment of every one that is `granted`, `excluded`, `live`, or waits."""
        found = []
        for (person, offering), one in self.model.standings.items():
            ids: set[Key] = {"granted": one.grants, "excluded": one.excluded}.get(what, set())
            if what == "live":
                ids = {None} if one.live else set()
            elif what == "waiting":
                ids = {None} if one.waiting else set()
            found += [(person, offering, id) for id in ids]
        made = {id: n for n, id in enumerate(self.model.assignments)}
        order = self.engine.offerings.index
        return sorted(found, key=lambda row: (row[0], order(row[1]), made.get(row[2], 0)))  # type: ignore[return-value,arg-type]

    def _pick(self, what: str, n: int) -> tuple[UUID, UUID, UUID | None]:
        found = self._of(what)
        return found[n % len(found)]

    @rule(who=people, on=offerings)
    def enrol_oneself(self, who: int, on: int) -> None:
        person, offering = self.engine.people[who], self.engine.offerings[on]
        answer = self.engine.ask("POST", f"offerings/{offering}/enrol", by=person)
        standing = self.model.at(person, offering)
        if standing.live or standing.status == "held":
            assert answer.status_code == 201, answer.text
        elif not self.model.active[person]:
            assert kind(answer) == "inactive"
        elif any(self.model.assignments[id].type == "self" for id in standing.excluded):
            assert kind(answer) == "excluded"
        else:
            assert answer.status_code == 201, answer.text
            id = UUID(answer.json()["result"]["assignment_id"])
            assert self.model.existing(offering, "self", person) is None
            self.model.assignments[id] = Assignment(offering, "self", person)
            self.model.follow()
            assert answer.json()["result"]["status"] == standing.status

    @rule(who=people, n=index)
    def withdraw_oneself(self, who: int, n: int) -> None:
        """From whatever holds or waits; only what was one's own doing ends (GRP-5)."""
        person = self.engine.people[who]
        sources = [id for id in self._live() if self.model.matches(id, person)]
        if not sources:
            return
        id = sources[n % len(sources)]
        one = self.model.assignments[id]
        answer = self.engine.ask("POST", f"assignments/{id}/leave", {"confirm": True}, by=person)
        if one.type == "self":
            one.live = False
        elif one.type == "group" and self.model.joined[id][person] == "learner":
            del self.model.joined[id][person]
        else:
            assert kind(answer) == "not-own-enrollment"
            return
        assert answer.status_code == 200, answer.text
        standing = self.model.at(person, one.offering)
        standing.let_go(id, "withdrawn")
        standing.waiting.pop(id, None)
        self.model.follow()
        assert answer.json()["result"]["status"] == standing.status

    def _group_there(self) -> bool:
        return self.model.assignments[self.group].live

    @precondition(_group_there)
    @rule(who=people)
    def join_the_group(self, who: int) -> None:
        person, joined = self.engine.people[who], self.model.joined[self.group]
        answer = self.engine.ask("POST", f"groups/{self.group}/join", {"confirm": True}, by=person)
        standing = self.model.at(person, self.engine.course)
        if person in joined:
            assert answer.status_code == 200, answer.text
        elif not self.model.active[person]:
            assert kind(answer) == "inactive"
        elif self.group in standing.excluded:
            assert kind(answer) == "excluded"
        else:
            joined[person] = "learner"
            self.model.follow()
            assert answer.json()["result"]["status"] == standing.status

    @precondition(_group_there)
    @rule(who=people)
    def add_to_the_group(self, who: int) -> None:
        person, joined = self.engine.people[who], self.model.joined[self.group]
        result = self.engine.ask("POST", f"groups/{self.group}/members", {"people": [str(person)]}).json()["result"]
        if not self.model.active[person]:
            assert [row["kind"] for row in result["refused"]] == ["inactive-person"]
        elif person in joined:
            assert [row["kind"] for row in result["refused"]] == ["member-already"]
        else:
            assert result["added"] == [str(person)]
            self.model.allow(person, self.group)
            joined[person] = "administrator"

    @precondition(_group_there)
    @rule(who=people)
    def take_out_of_the_group(self, who: int) -> None:
        person, joined = self.engine.people[who], self.model.joined[self.group]
        answer = self.engine.ask("DELETE", f"groups/{self.group}/members/{person}")
        if person not in joined:
            assert kind(answer) == "not-a-member"
            return
        assert answer.status_code == 200, answer.text
        del joined[person]
        if self.group in self.model.at(person, self.engine.course).grants:
            self.model.exclude(person, self.group)

    @precondition(lambda self: self._of("granted"))
    @rule(n=index)
    def exclude(self, n: int) -> None:
        person, _, id = self._pick("granted", n)
        answer = self.engine.ask("POST", f"assignments/{id}/exclusions", {"person_id": str(person)})
        assert answer.status_code == 201, answer.text
        self.model.exclude(person, id)

    @precondition(lambda self: self._of("excluded"))
    @rule(n=index)
    def allow_again(self, n: int) -> None:
        person, _, id = self._pick("excluded", n)
        answer = self.engine.ask("DELETE", f"assignments/{id}/exclusions/{person}")
        assert answer.status_code == 200, answer.text
        self.model.allow(person, id)

    @precondition(lambda self: self._of("granted"))
    @rule(n=index)
    def cancel(self, n: int) -> None:
        """One learner's course assignment (ASG-15); where a rule gave it, it does not come back."""
        person, offering, id = self._pick("granted", n)
        address = f"enrollments/{self.engine.number(person, offering)}/assignments/{id}/cancel"
        answer = self.engine.ask("POST", address, {"reason": "ordered twice"})
        if offering == self.engine.certification:
            assert kind(answer) == "not-a-course"
            return
        assert answer.status_code == 200, answer.text
        one = self.model.assignments[id]
        if one.type in ("individual", "self"):
            one.live = False
            standing = self.model.at(person, offering)
            standing.forget(id)
            standing.let_go(id, "cancelled")
        else:
            self.model.exclude(person, id, "cancelled")

    @precondition(lambda self: self._of("live"))
    @rule(n=index)
    def begin(self, n: int) -> None:
        person, offering, _ = self._pick("live", n)
        answer = self.engine.ask("POST", f"enrollments/{self.engine.number(person, offering)}/begin", by=person)
        assert answer.status_code == 200, answer.text
        self.model.at(person, offering).begun = True

    @precondition(lambda self: self._of("live"))
    @rule(n=index, due=st.sampled_from([3, 40]))
    def set_a_due_date_by_hand(self, n: int, due: int) -> None:
        person, offering, _ = self._pick("live", n)
        day = {"due_on": (engine_harness.rule(due) or {})["on"], "reason": "agreed"}
        answer = self.engine.ask("PUT", f"enrollments/{self.engine.number(person, offering)}/due", day)
        assert answer.status_code == 200, answer.text
        standing = self.model.at(person, offering)
        standing.due, standing.due_by_hand = due, True

    @precondition(lambda self: self._of("waiting"))
    @rule(n=index, how=RESOLUTIONS)
    def answer(self, n: int, how: str) -> None:
        person, offering, _ = self._pick("waiting", n)
        address = f"enrollments/{self.engine.number(person, offering)}/exception"
        answer = self.engine.ask("POST", address, {"resolution": how})
        assert answer.status_code == 200, answer.text
        self.model.answer(person, offering, how)
