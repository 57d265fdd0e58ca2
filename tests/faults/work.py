"""An everyday round of work: four people work beside one another, on the directory, on assignments, with learners, and on access.

Each round does everything once or more, in another order. Every command names the refusals that it may meet here; each follows from
what the others do at that moment. What one of them alone changes can not be refused at all.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from callers import Answer, Caller, Record, Red
from works import Works

from services.cli.demo import ADMINISTRATOR

E = "/api/enrollment"
D = "/api/directory"
A = "/api/approvals"
K = "/api/keys"
GROUPED = ("LEADING", "HYGIENE")
"""Offerings with a group each."""
ALONE = "FIRST-AID"
"""Learners come to it by themselves, and nobody is assigned."""
PRICED = "DRIVING"
KEYED = "LIFTING"
"""The course that the keys are for."""
RULES = ("organisation", "position", "audience", "manager")
MOST_RULES = 14
LEARNERS = 6
"""Who sign in themselves."""
TOUCHED_AT_ONCE = "409 conflict"
"""The evaluator, or somebody, wrote the same stream at this moment."""

Act = Callable[[], None]


class Town:
    """What all of them know, and what each of them needs to know of what it alone changes."""

    def __init__(self, works: Works, record: Record) -> None:
        self.works = works
        self.record = record
        self.rounds = 0
        self.administrators = [self._administrator() for _ in range(4)]
        admin = self.administrators[0]
        known = works.query("directory", "SELECT id, external_id FROM profile WHERE external_id LIKE 'E0%' ORDER BY 2")
        self.people = [str(id) for id, _ in known]
        self.home = {str(id): home for id, home in works.query("directory", "SELECT id, home FROM person")}
        active = {str(id) for (id,) in works.query("directory", "SELECT id FROM person WHERE active")}
        self.left = {person for person in self.people if person not in active}
        units = admin.every(f"{D}/units")
        self.organisations = [one["id"] for one in units if one["kind"] == "organisation"]
        self.positions = [one["id"] for one in units if one["kind"] == "position"]
        self.members = self._members()
        found = admin.every("/api/catalog/offerings")
        self.offerings: dict[str, str] = {one["code"]: one["id"] for one in found}
        usable = [code for code in self.offerings if code not in (ALONE, PRICED, "CERT-LEAD")]
        self.assigned = [self.offerings[code] for code in usable]
        self.learners = self.people[10 : 10 + LEARNERS]
        self.callers = [self._learner(person) for person in self.learners]
        for service in ("directory", "catalog", "enrollment", "approvals"):
            record.before.update(works.query(service, "SELECT key, batch FROM command"))
        self.groups = [self._group(code) for code in GROUPED]
        self.pools = self._pools()

    def close(self) -> None:
        for one in (*self.administrators, *self.callers):
            one.close()

    def _administrator(self) -> Caller:
        return Caller(self.works.base, ADMINISTRATOR.user_name, ADMINISTRATOR.password, self.record)

    def _members(self) -> dict[str, set[str]]:
        members: dict[str, set[str]] = {}
        for audience, person in self.works.query("directory", "SELECT audience, person FROM audience_member"):
            members.setdefault(str(audience), set()).add(str(person))
        return members

    def _learner(self, person: str) -> Caller:
        self.administrators[0].put(f"{D}/people/{person}/password", {"password": "a long enough one"})
        ((name,),) = self.works.query("directory", "SELECT user_name FROM profile WHERE id = %s", [person])
        return Caller(self.works.base, name, "a long enough one", self.record)

    def _group(self, code: str) -> str:
        path = f"{E}/offerings/{self.offerings[code]}/groups"
        body = {"name": f"Group of {code}", "allow_enrol": True, "allow_withdraw": True}
        made = self.administrators[0].command("create a group", "POST", path, body, answers=(201,), does=GROUP)
        return str(made.result["assignment_id"])

    def _pools(self) -> list[str]:
        """Of keys for a course that few are on: one for each tree of organisations."""
        text = "SELECT id FROM unit WHERE kind = 'organisation' AND parent IS NULL ORDER BY id"
        roots = [str(root) for (root,) in self.works.query("directory", text)]
        for root in roots:
            self._open(root)
        return [self._pool(root) for root in roots]

    def _open(self, root: str) -> None:
        """To strangers with a key."""
        path = f"{D}/units/{root}/profile"
        body = {**self.administrators[0].get(path)["set"], "anonymous_registration": True, "key_field": True}
        self.administrators[0].command("open an organisation", "PUT", path, body)

    def _pool(self, root: str) -> str:
        days = [f"{date.today() + timedelta(days=n)}T00:00:00Z" for n in (-1, 300)]
        body = {"name": "Faults", "offering_id": self.offerings[KEYED], "organisation_id": root, "access_days": 20}
        body |= {"starts": days[0], "expires": days[1], "share_below": True}
        made = self.administrators[0].command("create a pool", "POST", f"{K}/pools", body, answers=(201,))
        return str(made.result["pool_id"])

    def rows(self, text: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.works.query("enrollment", text, parameters)


GROUP = ("enrollment.AssignmentCreated.v1", "enrollment.GroupDescribed.v1")


class Clerk:
    """One of them. A round is all of its acts, each so many times."""

    acts: Mapping[str, int]

    def __init__(self, town: Town, caller: Caller) -> None:
        self.town = town
        self.caller = caller
        self.chance = random.Random(0)

    def round(self, chance: random.Random) -> None:
        self.chance = chance
        acts = [name for name, times in self.acts.items() for _ in range(times)]
        chance.shuffle(acts)
        for name in acts:
            getattr(self, name)()

    def command(self, name: str, method: str, path: str, body: Any = None, **told: Any) -> Answer:
        return self.caller.command(name, method, path, body, **told)

    def any_of(self, rows: Sequence[tuple[Any, ...]]) -> tuple[Any, ...] | None:
        return self.chance.choice(sorted(rows, key=str)) if rows else None


class Registrar(Clerk):
    """Changes the directory, alone: nothing may be refused."""

    acts: Mapping[str, int] = {
        "move": 3, "change_job": 2, "hire": 1, "leave": 1, "come_back": 1, "join_audience": 1, "leave_audience": 1,
    }  # fmt: skip

    def move(self) -> None:
        """To another home, and sometimes at once to the right one."""
        person = self._active()
        for _ in range(self.chance.choice((1, 2, 3))):
            homes = [unit for unit in self.town.organisations if unit != str(self.town.home[person])]
            home = self.chance.choice(homes)
            body = {"organisation_id": home}
            self.command("move", "POST", f"{D}/people/{person}/move", body, does=["directory.PersonMoved.v1"])
            self.town.home[person] = home

    def change_job(self) -> None:
        """Another organisation, position and manager: one of a lower number, so that nobody leads in a ring."""
        number = self.chance.randrange(20, len(self.town.people))
        person, boss = self.town.people[number], self.town.people[self.chance.randrange(0, min(number, 12))]
        ((job, start, where),) = self._job(person)
        body = self._job_body(str(self._job(boss)[0][0]), str(where)) | {"starts": str(start)}
        does = ["directory.JobAssigned.v1"]
        self.command("change a job", "PUT", f"{D}/people/{person}/jobs/{job}", body, does=does)

    def _job(self, person: str) -> list[tuple[Any, ...]]:
        text = "SELECT id, starts, organisation FROM job_assignment WHERE person = %s AND external_id = 'main'"
        return self.town.works.query("directory", text, [person])

    def _job_body(self, boss: str, before: str = "") -> dict[str, Any]:
        where = self.chance.choice([unit for unit in self.town.organisations if unit != before])
        position = self.chance.choice(self.town.positions)
        return {"external_id": "main", "organisation": where, "position": position, "manager_job": boss}

    def hire(self) -> None:
        name = f"new{uuid4().hex[:16]}"
        new = {"first_name": "New", "last_name": name, "email": f"{name}@example.com"}
        new["home_organisation"] = self.chance.choice(self.town.organisations)
        does = ["directory.PersonRegistered.v1"]
        made = self.command("hire", "POST", f"{D}/people", new, answers=(201,), does=does)
        boss = self.town.people[self.chance.randrange(0, 12)]
        body = self._job_body(str(self._job(boss)[0][0]))
        path = f"{D}/people/{made.result['person_id']}/jobs"
        self.command("give a job", "POST", path, body, answers=(201,), does=["directory.JobAssigned.v1"])

    def leave(self) -> None:
        person = self._active(apart=self.town.learners + self.town.people[:3])
        does = ["directory.PersonDeactivated.v1"]
        self.command("leave", "POST", f"{D}/people/{person}/deactivate", {"why": "left"}, does=does)
        self.town.left.add(person)

    def come_back(self) -> None:
        if len(self.town.left) > 2:
            person = self.chance.choice(sorted(self.town.left))
            does = ["directory.PersonReactivated.v1"]
            self.command("come back", "POST", f"{D}/people/{person}/reactivate", does=does)
            self.town.left.remove(person)

    def _active(self, apart: Sequence[str] = ()) -> str:
        return self.chance.choice([p for p in self.town.people if p not in self.town.left and p not in apart])

    def join_audience(self) -> None:
        audience = self.chance.choice(sorted(self.town.members))
        others = [p for p in self.town.people if p not in self.town.members[audience]]
        joining = self.chance.sample(others, min(3, len(others)))
        if joining:
            does = ["directory.AudienceMembersAdded.v1"]
            path = f"{D}/audiences/{audience}/members"
            self.command("join an audience", "POST", path, {"add": joining}, does=does)
            self.town.members[audience].update(joining)

    def leave_audience(self) -> None:
        """It never gets empty: nobody can be assigned to an empty one."""
        audience = self.chance.choice(sorted(a for a, of in self.town.members.items() if len(of) > 6))
        leaving = self.chance.sample(sorted(self.town.members[audience]), 3)
        does = ["directory.AudienceMembersRemoved.v1"]
        path = f"{D}/audiences/{audience}/members"
        self.command("leave an audience", "POST", path, {"remove": leaving}, does=does)
        self.town.members[audience].difference_update(leaving)


class Planner(Clerk):
    """Makes, changes and removes assignments, alone; learners move under its hands."""

    acts: Mapping[str, int] = {
        "assign_by_rule": 2, "assign_people": 2, "set_due_rule": 1, "remove_rule": 1, "remove_individual": 1, "undo": 1,
    }  # fmt: skip

    def __init__(self, town: Town, caller: Caller) -> None:
        super().__init__(town, caller)
        self.batches: list[UUID] = []
        """Of its own commands, none of them undone."""
        self._kind = self._day = 0

    def assign_by_rule(self) -> None:
        """A preview, and what it showed. Where somebody moved meanwhile, the new preview that the refusal brings."""
        if len(self._rules()) >= MOST_RULES:
            return
        kind = RULES[self._kind % len(RULES)]
        self._kind += 1
        ids = {"organisation": self.town.organisations, "position": self.town.positions}
        ids |= {"audience": sorted(self.town.members), "manager": self.town.people[:12]}
        taken = {(str(o), str(t)) for o, t in self.town.rows("SELECT offering, target FROM assignment WHERE live")}
        free = [(o, t) for o in self.town.assigned for t in ids[kind] if (o, t) not in taken]
        offering, target = self.chance.choice(free)
        below = kind != "audience" and self.chance.random() < 0.5
        body = {"action": "assign", "offering_id": offering, "due": self._due_rule()}
        body["targets"] = [{"type": kind, "target_id": target, "include_below": below}]
        self._carry_out(f"assign a {kind}", body, "enrollment.AssignmentCreated.v1")

    def _carry_out(self, name: str, body: Mapping[str, Any], does: str) -> None:
        shown = self.command(f"preview: {name}", "POST", f"{E}/previews", body, answers=(201,)).result
        for _ in range(20):
            path = f"{E}/previews/{shown['id']}/confirm"
            told = {"answers": (200, 202), "does": [does], "may_meet": ["409 preview-outdated"]}
            answer = self.command(f"confirm: {name}", "POST", path, {"reason": "as planned"}, **told)
            if answer.batch:
                self.batches.append(answer.batch)
                return
            shown = answer.result["preview"]
        raise Red("work", f"{name}: twenty previews were outdated one after the other")

    def _due_rule(self) -> dict[str, Any] | None:
        """None; one that nobody can meet, which raises exceptions; or one in months."""
        chosen = self.chance.random()
        if chosen < 0.4:
            return None
        day = date.today() + timedelta(days=-1 if chosen < 0.65 else self.chance.randint(20, 300))
        return {"kind": "fixed", "on": str(day)}

    def assign_people(self) -> None:
        """Whoever has left meanwhile, or has the assignment, is refused in the receipt."""
        people = self.chance.sample(self.town.people, 4)
        body = {"offerings": self.chance.sample(self.town.assigned, 2), "people": people, "due": self._due_rule()}
        answer = self.command("assign people", "POST", f"{E}/assignments", body, answers=(200, 202))
        self._check_rows(answer, "created", 8, ("already-assigned", "inactive-person"))
        if answer.batch and answer.result["created"]:
            self.batches.append(answer.batch)

    def _check_rows(self, answer: Answer, done: str, asked: int, may_meet: Sequence[str]) -> None:
        refused = [row["kind"] for row in answer.result["refused"]]
        if len(answer.result[done]) + len(refused) != asked or not set(refused) <= set(may_meet):
            raise Red("work", f"of {asked} rows: {answer.result}")

    def set_due_rule(self) -> None:
        live = self.town.rows("SELECT id, due FROM assignment WHERE live AND type = ANY(%s)", [*RULES, "individual"])
        mine = [row for row in live if row[1] is None or "fixed" in row[1]]
        if found := self.any_of(self._not_cancelled_meanwhile(mine)):
            self._day += 1  # never one that the assignment has: that would change nothing
            due = {"kind": "fixed", "on": str(date.today() + timedelta(days=310 + self._day))}
            told = {"answers": (200, 202), "does": ["enrollment.DueRuleSet.v1"]}
            path = f"{E}/assignments/{found[0]}/due"
            answer = self.command("set a due rule", "PUT", path, {"due": due}, **told)
            if answer.batch:
                self.batches.append(answer.batch)

    def _not_cancelled_meanwhile(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Rules, and individual assignments of the people whose course assignments the tutor does not cancel."""
        text = "SELECT id FROM assignment WHERE type <> 'individual' OR target = ANY(%s::uuid[])"
        ours = {id for (id,) in self.town.rows(text, self.town.people[0::2])}
        return [row for row in rows if row[0] in ours]

    def _rules(self) -> list[tuple[Any, ...]]:
        return self.town.rows("SELECT id FROM assignment WHERE live AND type = ANY(%s)", [*RULES])

    def remove_rule(self) -> None:
        rules = self._rules()
        if len(rules) > 5 and (found := self.any_of(rules)):
            body = {"action": "remove", "assignment_ids": [str(found[0])]}
            self._carry_out("remove a rule", body, "enrollment.AssignmentRemoved.v1")

    def remove_individual(self) -> None:
        """The more there are the more go."""
        live = self.town.rows("SELECT id FROM assignment WHERE live AND type = 'individual'")
        ours = sorted(self._not_cancelled_meanwhile(live))
        for (id,) in self.chance.sample(ours, min(len(ours), len(live) // 40 + 1, 8)):
            told = {"answers": (200, 202), "does": ["enrollment.AssignmentRemoved.v1"]}
            path = f"{E}/assignments/{id}"
            answer = self.command("remove an individual assignment", "DELETE", path, {"reason": "not needed"}, **told)
            if answer.batch:
                self.batches.append(answer.batch)

    def undo(self) -> None:
        """What one of the last commands did. A learner's assignment may be cancelled at the same moment; then once more."""
        if not self.batches:
            return
        batch = self.batches.pop(self.chance.randrange(max(0, len(self.batches) - 6), len(self.batches)))
        for _ in range(20):
            told = {"answers": (200, 202), "may_meet": [TOUCHED_AT_ONCE]}
            if self.command("undo", "POST", f"{E}/batches/{batch}/undo", {"reason": "a mistake"}, **told).done:
                return
        raise Red("work", f"{batch} could not be undone in twenty tries")


class Tutor(Clerk):
    """Groups, progress, due dates, exceptions and cancellations of learners; and learners themselves."""

    acts: Mapping[str, int] = {
        "add_to_group": 1, "take_out": 1, "join": 2, "leave": 1, "enrol": 1, "leave_alone": 1, "begin": 3, "go_on": 8,
        "approve": 1, "set_due": 2, "answer": 3, "cancel": 2, "exclude": 2, "allow_again": 1,
    }  # fmt: skip

    def __init__(self, town: Town, caller: Caller) -> None:
        super().__init__(town, caller)
        self.joined: set[tuple[int, str]] = set()
        """Learner and group, of those who joined by themselves."""
        self.alone: dict[int, str] = {}
        """The own assignment of each learner who came alone."""

    def add_to_group(self) -> None:
        group = self.chance.choice(self.town.groups)
        there = {str(p) for (p,) in self.town.rows("SELECT person FROM group_member WHERE assignment = %s", group)}
        others = [p for p in self.town.people if p not in there and p not in self.town.learners]
        if len(others) < 60:
            return
        people = self.chance.sample(others, 3)
        told = {"answers": (201,), "may_meet": [TOUCHED_AT_ONCE]}
        answer = self.command("add to a group", "POST", f"{E}/groups/{group}/members", {"people": people}, **told)
        if answer.done:
            refused = {row["kind"] for row in answer.result["refused"]}
            if not refused <= {"inactive-person"}:
                raise Red("work", f"adding to a group: {answer.result}")

    def take_out(self) -> None:
        text = "SELECT assignment, person FROM group_member WHERE joined_by = 'administrator'"
        members = self.town.rows(text)
        for group, person in self.chance.sample(sorted(members), min(len(members) // 10 + 1, 5)):
            told = {"does": ["enrollment.GroupLeft.v1"], "may_meet": [TOUCHED_AT_ONCE]}
            self.command("take out of a group", "DELETE", f"{E}/groups/{group}/members/{person}", **told)

    def join(self) -> None:
        every = [(n, group) for n in range(LEARNERS) for group in self.town.groups]
        if free := [one for one in every if one not in self.joined]:
            learner, group = self.chance.choice(free)
            told = {"does": ["enrollment.GroupJoined.v1"], "may_meet": [TOUCHED_AT_ONCE]}
            path = f"{E}/groups/{group}/join"
            if self.town.callers[learner].command("join a group", "POST", path, {"confirm": True}, **told).done:
                self.joined.add((learner, group))

    def leave(self) -> None:
        if len(self.joined) > 3:
            learner, group = self.chance.choice(sorted(self.joined))
            told = {"does": ["enrollment.GroupLeft.v1"], "may_meet": [TOUCHED_AT_ONCE]}
            path = f"{E}/assignments/{group}/leave"
            if self.town.callers[learner].command("leave a group", "POST", path, {"confirm": True}, **told).done:
                self.joined.remove((learner, group))

    def enrol(self) -> None:
        """Whoever works on it within a certification is on it already, and gets no assignment of the own."""
        text = "SELECT person FROM enrollment WHERE live AND offering = %s"
        there = {str(person) for (person,) in self.town.rows(text, self.town.offerings[ALONE])}
        if free := [n for n in range(LEARNERS) if n not in self.alone and self.town.learners[n] not in there]:
            learner = self.chance.choice(free)
            told = {"answers": (201,), "does": ["enrollment.AssignmentCreated.v1"], "may_meet": [TOUCHED_AT_ONCE]}
            path = f"{E}/offerings/{self.town.offerings[ALONE]}/enrol"
            answer = self.town.callers[learner].command("enrol", "POST", path, **told)
            if answer.done:
                self.alone[learner] = answer.result["assignment_id"]

    def leave_alone(self) -> None:
        if len(self.alone) > 2:
            learner = self.chance.choice(sorted(self.alone))
            told = {"does": ["enrollment.AssignmentRemoved.v1"], "may_meet": [TOUCHED_AT_ONCE]}
            path = f"{E}/assignments/{self.alone[learner]}/leave"
            if self.town.callers[learner].command("leave alone", "POST", path, {"confirm": True}, **told).done:
                del self.alone[learner]

    def begin(self) -> None:
        text = "SELECT id FROM enrollment WHERE live AND NOT begun AND completed_at IS NULL AND payment <> 'due'"
        if found := self.any_of(self.town.rows(text)):
            told = {"does": ["enrollment.TrainingBegun.v1"], "may_meet": ["409 not-enrolled", TOUCHED_AT_ONCE]}
            self.command("begin", "POST", f"{E}/enrollments/{found[0]}/begin", **told)

    def go_on(self) -> None:
        """The next step, or the exam. Of trainings in which nothing is credited from elsewhere at that moment."""
        text = (
            "SELECT id FROM enrollment WHERE live AND begun AND completed_at IS NULL AND NOT submitted "
            "AND offering <> %s AND payment <> 'due'"
        )
        if found := self.any_of(self.town.rows(text, self.town.offerings["CERT-SAFETY"])):
            shown = self.caller.get(f"{E}/enrollments/{found[0]}")
            path = f"{E}/enrollments/{found[0]}/steps/{shown['next_step']}"
            may_meet = ["409 not-enrolled", TOUCHED_AT_ONCE]
            if shown["next_action"] == "take-exam":
                told = {"answers": (201,), "does": ["enrollment.ExamTaken.v1"], "may_meet": may_meet}
                self.command("take an exam", "POST", f"{path}/attempts", {"score": 100}, **told)
            elif shown["next_action"] == "continue-training":
                steps = self.caller.get(f"{E}/enrollments/{found[0]}/steps")
                if steps[shown["next_step"] - 1]["course_id"]:
                    self.command("launch a course", "POST", f"{path}/launch", may_meet=may_meet)
                else:
                    told = {"does": ["enrollment.StepCompleted.v1"], "may_meet": may_meet}
                    self.command("complete a step", "POST", f"{path}/complete", **told)

    def approve(self) -> None:
        if found := self.any_of(self.town.rows("SELECT id FROM enrollment WHERE live AND submitted")):
            may_meet = ["409 not-pending", TOUCHED_AT_ONCE]
            told = {"does": ["enrollment.EnrollmentCompleted.v1"], "may_meet": may_meet}
            self.command("approve", "POST", f"{E}/enrollments/{found[0]}/approve", **told)

    def set_due(self) -> None:
        rows = self.town.rows("SELECT id, due FROM enrollment WHERE live AND completed_at IS NULL AND NOT due_by_hand")
        if found := self.any_of(rows):
            body = {"due_on": str(date.today() + timedelta(days=self.chance.randint(4, 300))), "reason": "as agreed"}
            may_meet = ["409 not-enrolled", TOUCHED_AT_ONCE]
            told = {"does": ["enrollment.DueDateSet.v1"], "may_meet": may_meet}
            self.command("set a due date", "PUT", f"{E}/enrollments/{found[0]}/due", body, **told)

    def answer(self) -> None:
        if found := self.any_of(self.town.rows("SELECT enrollment FROM exception_case WHERE state = 'open'")):
            answers = ("assigned", "realistic-date", "not-assigned", "dismissed")
            body = {"resolution": self.chance.choice(answers), "reason": "looked at"}
            may_meet = ["409 no-exception", TOUCHED_AT_ONCE]
            told = {"does": ["enrollment.ExceptionAnswered.v1"], "may_meet": may_meet}
            self.command("answer an exception", "POST", f"{E}/enrollments/{found[0]}/exception", body, **told)

    def cancel(self) -> None:
        """Of individual assignments those that the planner does not touch."""
        text = (
            "SELECT g.enrollment, g.assignment FROM learner_grant g JOIN assignment a ON a.id = g.assignment "
            "JOIN offering_fact o ON o.id = a.offering JOIN enrollment e ON e.id = g.enrollment "
            "WHERE o.kind = 'course' AND NOT e.launched "
            "AND (a.type = ANY(%s) OR (a.type = 'individual' AND a.target = ANY(%s::uuid[])))"
        )
        if found := self.any_of(self.town.rows(text, [*RULES], self.town.people[1::2])):
            may_meet = ["404 not-found", "409 assignment-removed", TOUCHED_AT_ONCE]
            told = {"does": ["enrollment.LearnerUnassigned.v1"], "may_meet": may_meet}
            path = f"{E}/enrollments/{found[0]}/assignments/{found[1]}/cancel"
            self.command("cancel", "POST", path, {"reason": "a mistake"}, **told)

    def exclude(self) -> None:
        text = "SELECT assignment, person FROM learner_grant g JOIN assignment a ON a.id = g.assignment WHERE a.type = ANY(%s)"
        if found := self.any_of(self.town.rows(text, [*RULES])):
            body = {"person_id": str(found[1]), "reason": "exempt"}
            told = {"answers": (201,), "does": ["enrollment.LearnerExcluded.v1"]}
            told["may_meet"] = ["404 not-found", TOUCHED_AT_ONCE]
            self.command("exclude", "POST", f"{E}/assignments/{found[0]}/exclusions", body, **told)

    def allow_again(self) -> None:
        rows = self.town.rows("SELECT assignment, person FROM exclusion WHERE why = 'removed-by-hand'")
        if len(rows) > 3 and (found := self.any_of(rows)):
            told = {"does": ["enrollment.ExclusionLifted.v1"], "may_meet": [TOUCHED_AT_ONCE]}
            self.command("allow again", "DELETE", f"{E}/assignments/{found[0]}/exclusions/{found[1]}", **told)


class Doorkeeper(Clerk):
    """Requests for access and what is decided on them; training keys, and what becomes of them."""

    acts: Mapping[str, int] = {
        "ask": 3,
        "decide": 3,
        "withdraw": 1,
        "add_key": 4,
        "redeem": 4,
        "register": 2,
        "revoke": 1,
        "send_keys": 2,
        "remind": 1,
        "take_back": 1,
    }

    def __init__(self, town: Town, caller: Caller) -> None:
        super().__init__(town, caller)
        self.keys: list[str] = []
        """Nobody has entered them yet."""
        self.looked_at = 0
        self.asked: dict[str, int] = {}
        """Requests that were open when they were looked at last, and the learner who asked."""

    def ask(self) -> None:
        """For what takes requests; the learner may come to it otherwise at this moment."""
        learner = self.chance.randrange(LEARNERS)
        there = "SELECT offering FROM request WHERE person = %s AND status = 'open'"
        on = "SELECT offering FROM enrollment_fact WHERE person = %s AND state <> 'over'"
        person = self.town.learners[learner]
        known = {str(o) for text in (there, on) for (o,) in self.town.works.query("approvals", text, [person])}
        text = "SELECT id FROM offering_fact WHERE active AND access = 'request' AND (kind <> 'certification' OR published > 0)"
        free = [(id,) for (id,) in self.town.works.query("approvals", text) if str(id) not in known]
        if found := self.any_of(free):
            body = {"kind": "access", "offering_id": str(found[0]), "reason": "I want to learn it."}
            told = {"answers": (201,), "does": ["approvals.AccessRequested.v1"], "may_meet": ["409 already-enrolled"]}
            answer = self.town.callers[learner].command("ask for access", "POST", f"{A}/requests", body, **told)
            if answer.done:
                self.asked[answer.result["id"]] = learner

    def decide(self) -> None:
        text = (
            "SELECT r.id FROM request r JOIN approver a ON a.request = r.id WHERE a.person = %s AND r.kind = 'access'"
        )
        if found := self.any_of(self.town.works.query("approvals", text, [self.caller.id])):
            self.looked_at += 1
            word = "approve" if self.looked_at % 3 else "deny"
            does = "approvals.RequestApproved.v1" if word == "approve" else "approvals.RequestDenied.v1"
            body = {"decision": word, "reason": "as agreed"}
            told = {"does": [does], "may_meet": ["409 already-decided"]}
            self.command("decide on a request", "POST", f"{A}/requests/{found[0]}/decision", body, **told)

    def withdraw(self) -> None:
        """Rarely, or nothing would be left to decide."""
        if len(self.asked) > 2:
            request, learner = self.chance.choice(sorted(self.asked.items()))
            del self.asked[request]
            ((status,),) = self.town.works.query("approvals", "SELECT status FROM request WHERE id = %s", [request])
            if status == "open":
                told = {"does": ["approvals.RequestWithdrawn.v1"], "may_meet": ["409 not-open"]}
                self.town.callers[learner].command("cancel a request", "DELETE", f"{A}/requests/{request}", **told)

    def add_key(self) -> None:
        text = f"FAULT-{uuid4().hex}"  # another one where the same seed works on the same data again
        told = {"answers": (200, 201), "does": ["keys.KeyAdded.v1"]}
        self.command(
            "add a key", "POST", f"{K}/pools/{self.chance.choice(self.town.pools)}/keys", {"key": text}, **told
        )
        self.keys.append(text)

    def redeem(self) -> None:
        """Whoever has the course already is refused, or has no home in the key's tree; and the key stays unused."""
        for _ in range(min(3, len(self.keys))):
            text, learner = self.chance.choice(self.keys), self.chance.randrange(LEARNERS)
            told: dict[str, Any] = {"answers": (200, 201, 202)}
            told["may_meet"] = ["409 still-enrolled", "409 other-organisation"]
            if (
                self.town.callers[learner]
                .command("redeem a key", "POST", f"{K}/redemptions", {"key": text}, **told)
                .done
            ):
                self.keys.remove(text)
                return

    def register(self) -> None:
        """A stranger with a key. Where a service dies meanwhile, the key may be kept for a while, or nothing has come of it; a
        directory that is away is told as busy."""
        if self.keys:
            text = self.keys.pop(self.chance.randrange(len(self.keys)))
            body = {"first_name": "Nova", "last_name": "Key", "email": f"{uuid4().hex}@example.org", "key": text}
            body |= {"password": "a long enough one", "country": "SE"}
            told: dict[str, Any] = {"answers": (201, 202), "may_meet": ["404 key-not-accepted", "503 busy"]}
            self.command("register with a key", "POST", f"{K}/registrations", body, **told)

    def revoke(self) -> None:
        text = "SELECT id, state FROM training_key WHERE state IN ('free', 'redeemed') AND pool = ANY(%s::uuid[])"
        rows = self.town.works.query("keys", text, [self.town.pools])
        if len(rows) > 3 and (found := self.any_of(rows)):
            body: dict[str, Any] = {"reason": "lost"}
            if found[1] == "redeemed":
                body["end_assignment"] = self.chance.random() < 0.5
            told = {"does": ["keys.KeyRevoked.v1"], "may_meet": ["409 being-redeemed", TOUCHED_AT_ONCE]}
            self.command("revoke a key", "POST", f"{K}/keys/{found[0]}/revoke", body, **told)

    def send_keys(self) -> None:
        """One key at once, two by a job, which sends none where too few are free by then."""
        text = "SELECT pool FROM training_key WHERE state = 'free' AND pool = ANY(%s::uuid[])"
        found = self.any_of(self.town.works.query("keys", text, [self.town.pools]))
        if not found:
            return
        addresses = [f"{uuid4().hex}@example.org" for _ in range(self.chance.randint(1, 2))]
        told: dict[str, Any] = {"answers": (201, 202), "may_meet": ["409 too-few-keys", TOUCHED_AT_ONCE]}
        if len(addresses) == 1:
            told["does"] = ["keys.KeySent.v1"]
        path = f"{K}/pools/{found[0]}/mailings"
        self.command("send keys", "POST", path, {"recipients": {"addresses": addresses}}, **told)

    def remind(self) -> None:
        if found := self._sent():
            told = {"may_meet": [TOUCHED_AT_ONCE]}
            self.command("remind", "POST", f"{K}/pools/{found[1]}/mailings/remind", {"recipients": [found[0]]}, **told)

    def take_back(self) -> None:
        """Freed keys are sent to others later."""
        if found := self._sent():
            body = {"recipients": [found[0]], "then": self.chance.choice(["free", "free", "revoke"])}
            told = {"may_meet": [TOUCHED_AT_ONCE]}
            self.command("take back", "POST", f"{K}/pools/{found[1]}/mailings/take-back", body, **told)

    def _sent(self) -> tuple[str, str] | None:
        """A recipient who may have a key still, and the pool."""
        text = (
            "SELECT r.id, r.pool FROM recipient r JOIN training_key k ON k.id = r.key "
            "WHERE r.ended_at IS NULL AND k.state = 'sent' AND r.pool = ANY(%s::uuid[])"
        )
        found = self.any_of(self.town.works.query("keys", text, [self.town.pools]))
        return (str(found[0]), str(found[1])) if found else None


class Work:
    """The town's four clerks."""

    def __init__(self, works: Works) -> None:
        self.record = Record()
        self.town = Town(works, self.record)
        kinds = (Registrar, Planner, Tutor, Doorkeeper)
        pairs = zip(kinds, self.town.administrators, strict=True)
        self._clerks: list[Clerk] = [kind(self.town, caller) for kind, caller in pairs]

    @property
    def rounds(self) -> int:
        return self.town.rounds

    def round(self, seed: str) -> None:
        """All of them at once. Raises Red for an answer that no command may meet."""
        with ThreadPoolExecutor(len(self._clerks)) as pool:
            working = [pool.submit(c.round, random.Random(f"{seed}/{n}")) for n, c in enumerate(self._clerks)]
            for one in working:
                one.result()
        self.town.rounds += 1

    def close(self) -> None:
        self.town.close()
