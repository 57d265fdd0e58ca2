"""What assigns by itself: job roles that people hold, and triggers (ASG-12, TRG-1, TRG-2)."""

from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from properties.engine_harness import COUNTS, kind, outcome
from properties.engine_learners import Engine
from properties.engine_machine import index, offerings, people
from properties.engine_model import Assignment, Trigger

roles = st.integers(0, 1)


class Automation(Engine):
    """Everything that people and rules do."""

    def __init__(self) -> None:
        super().__init__()
        self.names = [f"Role {uuid4()}" for _ in range(2)]
        self.roles = [self.harness.job_role(name) for name in self.names]
        self.harness.settle()
        self.model.by_hand = {role: set() for role in self.roles}
        self._link(self.roles[0], self.engine.certification)

    def _live(self, *types: str) -> list[UUID]:
        """But those of job roles, which the catalog makes and removes."""
        return [id for id in super()._live(*types) if types or self.model.assignments[id].type != "job-role"]

    def _linked(self, role: UUID) -> dict[UUID, UUID]:
        """Its offerings, with the assignment of each."""
        there = {
            id: a for id, a in self.model.assignments.items() if a.live and (a.type, a.target) == ("job-role", role)
        }
        return {a.offering: id for id, a in there.items()}  # type: ignore[misc]

    def _link(self, role: UUID, offering: UUID) -> None:
        """Or unlink it where it is linked."""
        linked = self._linked(role)
        wanted = [id for id in (*linked, offering) if (id == offering) <= (offering not in linked)]
        self.harness.job_role(self.names[self.roles.index(role)], *wanted, id=role)
        self.harness.settle()
        if offering in linked:
            self.model.assignments[linked[offering]].live = False
            return
        query = {"type": "job-role", "target_id": str(role), "offering_id": str(offering)}
        listed = self.harness.http.get("/api/enrollment/assignments", params=query, headers=self.engine.administrator)
        (source,) = listed.json()["items"]
        self.model.assignments[UUID(source["id"])] = Assignment(offering, "job-role", role)

    @rule(which=roles, on=offerings)
    def change_what_goes_with_a_job_role(self, which: int, on: int) -> None:
        self._link(self.roles[which], self.engine.offerings[on])

    @rule(who=people, which=roles)
    def hold_a_job_role_or_give_it_up(self, who: int, which: int) -> None:
        person, role = self.engine.people[who], self.roles[which]
        held = self.model.by_hand[role]
        if person in held:
            answer = self.engine.ask("DELETE", f"job-roles/{role}/holders/{person}")
            assert answer.status_code == 200, answer.text
            held.discard(person)
            return
        result = self.engine.ask("POST", f"job-roles/{role}/holders", {"people": [str(person)]}).json()["result"]
        if self.model.active[person]:
            assert result["assigned"] == [str(person)]
            held.add(person)
        else:
            assert [row["kind"] for row in result["refused"]] == ["inactive-person"]

    @rule(
        on=offerings,
        what=st.sampled_from(["audience", "organisation", "job-role"]),
        n=index,
        role=roles,
        undo=st.booleans(),
    )
    def create_a_trigger(self, on: int, what: str, n: int, role: int, undo: bool) -> None:
        """Of a job role's holders, or else; it gives a job role for every odd number."""
        target = self.roles[role] if what == "job-role" else self._target(what, n)
        gives = self.roles[n // 2 % 2] if n % 2 else None
        one = Trigger(what, target, what == "organisation" and n > 5, undo, gives)
        when = {"kind": what, "target_id": str(target), "include_below": one.below}
        given = {"job_role_id": str(gives)} if gives else {"offering_id": str(self.engine.offerings[on])}
        answer = self.engine.ask("POST", "triggers", {"name": str(uuid4()), "when": when, "undo": undo, **given})
        if one.gives and self.model.would_cause_itself(one):
            assert kind(answer) == "trigger-loop"
            return
        assert answer.status_code == 202, answer.text
        result = answer.json()["result"]
        id = UUID(result["trigger_id"])
        if not gives:
            one.assignment = UUID(result["assignment_id"])
            self.model.assignments[one.assignment] = Assignment(self.engine.offerings[on], "trigger", id)
        self.model.begin(id, one)

    def _acting(self) -> list[UUID]:
        return [id for id, one in self.model.triggers.items() if self.model.acts(one)]  # type: ignore[misc]

    @precondition(lambda self: self._acting())
    @rule(n=index)
    def apply_a_trigger(self, n: int) -> None:
        id = self._acting()[n % len(self._acting())]
        preview = self.engine.ask("POST", "previews", {"action": "apply-trigger", "trigger_id": str(id)}).json()
        one, before = self.model.triggers[id], self.engine.look()
        met = {person for person in self.model.active if self.model.met(one, person)}
        answer = self.engine.ask("POST", f"previews/{preview['id']}/confirm")
        assert answer.status_code == 202, answer.text
        one.fired |= met
        self.harness.settle()
        self.model.follow()
        count = outcome(before, self.engine.look())
        assert {name: preview[name] for name in COUNTS} == count
        assert preview["emails"]["count"] == count["enrolled"] + count["withdrawn"]
        assert preview["people"] == len({person for person in met if self.model.active[person]})

    @precondition(lambda self: self._acting())
    @rule(n=index, take_back=st.booleans())
    def stop_a_trigger(self, n: int, take_back: bool) -> None:
        id = self._acting()[n % len(self._acting())]
        one = self.model.triggers[id]
        answer = self.engine.ask("DELETE", f"triggers/{id}", {"take_back": take_back})
        if take_back and not one.gives:
            assert kind(answer) == "preview-required"
            return
        assert answer.status_code == (202 if take_back else 200), answer.text
        one.live = False
        if take_back:
            one.fired.clear()
