"""A state machine of everything that people, administrators and the directory do to assignments; the model says what comes of it.

A rule changes the service through HTTP or an event, and the model by its own words; after every rule the two are compared. A
further rule (undo, for one) is a method here, and what it means a method of the model.
"""

from typing import ClassVar, NamedTuple
from uuid import UUID

from enrollment.harness import Harness
from httpx import Response
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from properties import engine_harness
from properties.engine_harness import EngineHarness, Sight, kind, outcome
from properties.engine_model import Assignment, Model

from shared.contracts import directory

index = st.integers(0, 11)
people = st.integers(0, engine_harness.PEOPLE - 1)
offerings = st.integers(0, 2)
dues = st.sampled_from([None, 2, 4, 30, 60])
"""None, too soon, or far away."""
types = st.sampled_from(["audience", "organisation", "manager", "individual"])


class Done(NamedTuple):
    """A command that can be undone: what it did to assignments, with their versions after it; and the due date before it."""

    batch: str
    what: str
    versions: dict[UUID, int]
    due: int | None = None


class Facts(RuleBasedStateMachine):
    """People join, leave, move, come under another manager, become inactive."""

    harness: ClassVar[Harness]

    def __init__(self) -> None:
        super().__init__()
        self.engine = EngineHarness(self.harness)
        self.done: list[Done] = []
        self.group = self.engine.group(self.engine.course, None)
        self.engine.model.follow()

    @property
    def model(self) -> Model:
        return self.engine.model

    @invariant()
    def everybody_stands_as_the_model_says(self) -> None:
        self.harness.settle()
        self.model.follow()
        self.model.cause = None
        found, expected = self.engine.look(), self.engine.expected()
        assert {at: seen for at, seen in found.items() if seen != expected[at]} == {
            at: one for at, one in expected.items() if one != found[at]
        }

    @rule(who=people, which=st.integers(0, 1))
    def join_or_leave_an_audience(self, who: int, which: int) -> None:
        self._toggle(self.engine.people[who], self.engine.audiences[which])

    def _toggle(self, person: UUID, audience: UUID) -> None:
        members = self.model.members[audience]
        (self.harness.leave if person in members else self.harness.join)(audience, person)
        members ^= {person}

    @rule(who=people, where=st.sampled_from([None, 0, 1, 2, 3]))
    def move(self, who: int, where: int | None) -> None:
        person, unit = self.engine.people[who], None if where is None else self.engine.units[where]
        self.harness.move(person, unit)
        self.model.home[person] = unit

    @rule(who=people, chief=st.integers(-1, engine_harness.PEOPLE - 1), where=st.sampled_from([None, 0, 2]))
    def get_a_job(self, who: int, chief: int, where: int | None) -> None:
        """Under somebody with a lower number, so that nobody leads oneself."""
        person, unit = self.engine.people[who], None if where is None else self.engine.units[where]
        manager = (
            self.engine.people[chief] if 0 <= chief < who and self.engine.people[chief] in self.engine.jobs else None
        )
        manager_job = self.engine.jobs[manager] if manager else None
        old = self.engine.jobs.get(person)
        self.engine.jobs[person] = self.harness.job(
            person, id=old, manager_job=manager_job, manager=manager, organisation=unit
        )
        self.model.jobs[person] = (manager, unit)

    @precondition(lambda self: self.engine.jobs)
    @rule(n=index)
    def lose_a_job(self, n: int) -> None:
        person = sorted(self.engine.jobs)[n % len(self.engine.jobs)]
        self.harness.end_job(person, self.engine.jobs.pop(person))
        del self.model.jobs[person]
        for one, (chief, unit) in self.model.jobs.items():
            if chief == person:
                self.model.jobs[one] = (None, unit)

    @rule(who=people)
    def become_inactive_or_active_again(self, who: int) -> None:
        person, active = self.engine.people[who], self.model.active[self.engine.people[who]]
        if active:
            self.harness.tell(self.harness.directory, directory.PersonDeactivated, person, why="left")
        else:
            self.harness.tell(self.harness.directory, directory.PersonReactivated, person)
        self.model.active[person] = not active

    @rule(back=st.integers(1, 40))
    def events_are_delivered_again(self, back: int) -> None:
        for consumer in self.harness.consumers:
            consumer._feed.again = back  # type: ignore[attr-defined]

    @rule()
    def everybody_is_judged_again(self) -> None:
        with self.harness.database.connection() as conn:
            conn.execute("UPDATE evaluation_queue SET open = true, revision = nextval('dirty_revision')")

    @rule()
    def the_last_command_is_repeated(self) -> None:
        with self.engine.unchanged():
            if found := self.engine.repeat():
                first, again = found
                assert (again.is_success, again.json()["batch"]) == (True, first.json()["batch"])


class Rules(Facts):
    """An administrator adds and removes assignments: what a preview says is what comes."""

    def _live(self, *types: str) -> list[UUID]:
        """In the order in which they were made: a history means the same whenever it is tried."""
        return [id for id, a in self.model.assignments.items() if a.live and (not types or a.type in types)]

    def _target(self, type: str, n: int) -> UUID:
        pool = {"audience": self.engine.audiences, "organisation": self.engine.units}.get(type, self.engine.people)
        return pool[n % len(pool)]

    @rule(on=offerings, type=types, n=index, below=st.booleans(), due=dues)
    def assign(self, on: int, type: str, n: int, below: bool, due: int | None) -> None:
        offering, target = self.engine.offerings[on], self._target(type, n)
        wanted = Assignment(offering, type, target, below and type in ("organisation", "manager"), due)
        preview = self.engine.ask("POST", "previews", self._adding(wanted))
        if type == "individual" and not self.model.active[target]:
            assert kind(preview) == "inactive-person"
            return
        if existing := self.model.existing(offering, type, target):
            assert (kind(preview), preview.json()["existing"]) == ("already-assigned", [str(existing)])
            return
        assert preview.status_code == 201, preview.text
        before = self.engine.look()
        id = self._confirm(preview.json(), wanted)
        self._compare(preview.json(), before, id)

    def _adding(self, a: Assignment) -> dict[str, object]:
        target = {"type": a.type, "target_id": str(a.target), "include_below": a.below}
        more = {"due": engine_harness.rule(a.due), "allow_empty": True}
        return {"action": "assign", "offering_id": str(a.offering), "targets": [target], **more}

    def _confirm(self, preview: dict[str, object], wanted: Assignment) -> UUID:
        answer = self.engine.ask("POST", f"previews/{preview['id']}/confirm")
        assert answer.status_code == 202, answer.text
        id = UUID(answer.json()["result"]["created"][0]["assignment_id"])
        self.model.assignments[id] = wanted
        self._did(answer, "created", id)
        return id

    def _did(self, answer: Response, what: str, *ids: UUID, due: int | None = None) -> None:
        self.model.cause = str(answer.json()["batch"])
        versions = {id: self.model.assignments[id].version for id in ids}
        self.done.append(Done(self.model.cause, what, versions, due))

    def _compare(self, preview: dict[str, object], before: Sight, added: UUID | None = None) -> None:
        """The preview with what has really happened (ASG-9)."""
        self.harness.settle()
        self.model.follow()
        count = outcome(before, self.engine.look())
        mails = count["enrolled"] + count["withdrawn"]
        waiting = 0
        if added:
            shown = self.harness.http.get(
                f"/api/enrollment/assignments/{added}", headers=self.engine.administrator
            ).json()
            waiting = shown["counts"]["held"]
            assert preview["people"] == len(self.model.meant(added))
        told = {name: preview[name] for name in (*count, "held_by_exceptions", "emails")}
        emails = {**preview["emails"], "count": mails}  # type: ignore[dict-item]
        assert told == {**count, "held_by_exceptions": waiting, "emails": emails}

    @rule(who=people, on=offerings, due=dues)
    def assign_one_person_at_once(self, who: int, on: int, due: int | None) -> None:
        person, offering = self.engine.people[who], self.engine.offerings[on]
        body = {"offerings": [str(offering)], "people": [str(person)], "due": engine_harness.rule(due)}
        answer = self.engine.ask("POST", "assignments", body)
        assert answer.status_code == (202 if answer.json()["result"]["jobs"] else 200), answer.text
        result = answer.json()["result"]
        if not self.model.active[person]:
            assert [row["kind"] for row in result["refused"]] == ["inactive-person"]
        elif self.model.existing(offering, "individual", person):
            assert [row["kind"] for row in result["refused"]] == ["already-assigned"]
        else:
            id = UUID(result["created"][0]["assignment_id"])
            self.model.assignments[id] = Assignment(offering, "individual", person, due=due)
            self._did(answer, "created", id)

    @precondition(lambda self: self._live())
    @rule(n=index, more=st.booleans())
    def remove(self, n: int, more: bool) -> None:
        """One assignment, or all of its offering."""
        chosen = self._live()[n % len(self._live())]
        offering = self.model.assignments[chosen].offering
        ids = [id for id in self._live() if self.model.assignments[id].offering == offering] if more else [chosen]
        body = {"action": "remove", "assignment_ids": [str(id) for id in ids]}
        preview, before = self.engine.ask("POST", "previews", body).json(), self.engine.look()
        assert preview["people"] == len(
            {p for (p, _), seen in before.items() if seen.assignments.intersection(ids) and self.model.active[p]}
        )
        answer = self.engine.ask("POST", f"previews/{preview['id']}/confirm")
        assert answer.status_code == 202, answer.text
        for id in ids:
            one = self.model.assignments[id]
            one.live, one.version = False, one.version + 1
        self._did(answer, "removed", *ids)
        self._compare(preview, before)

    @rule(on=offerings, which=st.integers(0, 1), n=people, due=dues)
    def confirm_a_stale_preview(self, on: int, which: int, n: int, due: int | None) -> None:
        """Somebody joins or leaves between preview and confirmation: refused, with the preview as it is now (ASG-9)."""
        offering, audience, person = self.engine.offerings[on], self.engine.audiences[which], self.engine.people[n]
        if self.model.existing(offering, "audience", audience) or not self.model.active[person]:
            return
        wanted = Assignment(offering, "audience", audience, due=due)
        preview = self.engine.ask("POST", "previews", self._adding(wanted)).json()
        self._toggle(person, audience)
        self.harness.settle()
        self.model.follow()
        with self.engine.unchanged():
            refused = self.engine.ask("POST", f"previews/{preview['id']}/confirm")
        assert kind(refused) == "preview-outdated"
        fresh, before = refused.json()["preview"], self.engine.look()
        self._compare(fresh, before, self._confirm(fresh, wanted))

    @precondition(lambda self: self._live("audience"))
    @rule(n=index, who=people)
    def confirm_a_stale_removal(self, n: int, who: int) -> None:
        id = self._live("audience")[n % len(self._live("audience"))]
        person, audience = self.engine.people[who], self.model.assignments[id].target
        if id not in self.model.at(person, self.model.assignments[id].offering).grants:
            return
        preview = self.engine.ask("POST", "previews", {"action": "remove", "assignment_ids": [str(id)]}).json()
        self._toggle(person, audience)  # type: ignore[arg-type]
        self.harness.settle()
        self.model.follow()
        with self.engine.unchanged():
            refused = self.engine.ask("POST", f"previews/{preview['id']}/confirm")
        assert kind(refused) == "preview-outdated"

    @precondition(lambda self: self._live())
    @rule(n=index, due=dues)
    def edit_a_due_date(self, n: int, due: int | None) -> None:
        id = self._live()[n % len(self._live())]
        answer = self.engine.ask("PUT", f"assignments/{id}/due", {"due": engine_harness.rule(due)})
        assert answer.status_code == (202 if answer.json()["result"]["jobs"] else 200), answer.text
        one = self.model.assignments[id]
        if one.due != due:
            before, one.due, one.version = one.due, due, one.version + 1
            self._did(answer, "due", id, due=before)
