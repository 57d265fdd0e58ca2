"""Chapters on what learners did: the one of the first card, a team that asks for decisions, payments (ENR-4, APR-1, ENR-2)."""

from typing import Any

import httpx

from services.cli import demo_requests
from services.cli.client import Client
from services.cli.demo_history.actor import NOT_YET, Actor, until
from services.cli.demo_history.stage import Person, Stage
from services.directory.demo import PASSWORD

_HEARD = (*NOT_YET, 409)
"""Also as long as an assignment has not arrived everywhere."""
_FIRST_STEPS = ("HYGIENE", "MEDICATION")
"""The courses of Ward nurse; its third step is an exam."""


def learner(stage: Stage) -> None:
    """A nurse's five trainings: overdue, waiting for review, under way, to be paid, and one that is done."""
    person, actor = stage.known(stage.learner), stage.signed_in(stage.learner)
    offerings = stage.offerings
    nurse = {"offerings": [offerings["CERT-NURSE"], offerings["FIRST-AID"]], "people": [person.id]}
    stage.admin.do("learner assigned", "/api/enrollment/assignments", nurse)
    safety = _enrollment(actor, offerings["CERT-SAFETY"])
    actor.do("learner begins", f"/api/enrollment/enrollments/{safety}/begin")
    aid = _enrollment(actor, offerings["FIRST-AID"])
    _work(stage, actor, aid, "learner aid", scores={}, until_step=2)
    _certify(stage, person, "learner")
    if stage.pays:
        _order(actor, offerings["DRIVING"], "learner pays")


def team(stage: Stage) -> None:
    """Seven requests wait for the team leader, and some were decided: access, completions, a later date."""
    people = [stage.person(number) for number in stage.company.team(4)]
    if len(people) < 7:
        return
    offerings = stage.offerings
    first, second, third, fourth, fifth, sixth = people[:6]
    decided = ((sixth, "approve"), (fourth, "approve"), (people[-1], "approve"), (fifth, "deny"))
    for n, (one, decision) in enumerate(decided):
        id = _access(stage, one, offerings["LEADING"], f"decided {n}", "My shift needs somebody who plans.")
        _decide(stage, id, decision, f"decided {n}")
    asked = "The ward has asked me to."
    earlier = _access(stage, third, offerings["MEDICATION"], "asked before", asked)
    _decide(stage, earlier, "deny", "asked before")
    again = "My probation is over now."
    _access(stage, third, offerings["MEDICATION"], "asked again", again)
    stage.as_learner(first)
    with Client(stage.base_url, first.user_name, PASSWORD, None) as client:
        demo_requests.fill(client)
    _access(stage, second, offerings["LEADING"], "access", asked)
    for n, one in enumerate((fourth, fifth)):
        nurse = {"offerings": [offerings["CERT-NURSE"]], "people": [one.id]}
        stage.admin.do(f"team nurse {n}", "/api/enrollment/assignments", nurse)
        _certify(stage, one, f"team nurse {n}")
    _later_date(stage, sixth)


def _access(stage: Stage, person: Person, offering: str, command: str, reason: str) -> str:
    body = {"kind": "access", "offering_id": offering, "reason": reason}
    asked = stage.as_learner(person).do(command, "/api/approvals/requests", body, again=_HEARD)
    return str(asked["result"]["id"])


def _decide(stage: Stage, request: str, decision: str, command: str) -> None:
    body = {"decision": decision, "reason": "In spring there is room again." if decision == "deny" else "Go on."}
    path = f"/api/approvals/requests/{request}/decision"
    stage.leader.do(f"{command} decision", path, body, again=_HEARD)


def _later_date(stage: Stage, person: Person) -> None:
    due = {"kind": "fixed", "on": stage.day(40)}
    body = {"offerings": [stage.offerings["FIRST-AID"]], "people": [person.id], "due": due}
    stage.admin.do("later date assigned", "/api/enrollment/assignments", body)
    actor = stage.as_learner(person)
    enrollment = _enrollment(actor, stage.offerings["FIRST-AID"])
    asked = {"kind": "later-due-date", "enrollment_id": enrollment, "due_on": stage.day(70)}
    asked["reason"] = "I am on parental leave until then."
    actor.do("later date", "/api/approvals/requests", asked, again=_HEARD)


def _certify(stage: Stage, person: Person, command: str) -> None:
    """Work through Ward nurse, so that its completion waits for review."""
    actor = stage.as_learner(person)
    certification = _enrollment(actor, stage.offerings["CERT-NURSE"])
    path = f"/api/enrollment/enrollments/{certification}"
    for step, code in enumerate(_FIRST_STEPS, 1):
        launched = actor.do(f"{command} {code}", f"{path}/steps/{step}/launch", again=_HEARD)
        course = str(launched["result"]["course_enrollment_id"])
        _work(stage, actor, course, f"{command} {code}", scores={"exam": 90})
        until(lambda n=step: n in actor.get(path)["steps"], f"The credit for {code}")
    stage.admin.do(f"{command} final", f"{path}/steps/3/attempts", {"score": 84})


def _work(
    stage: Stage, actor: Actor, enrollment: str, command: str, *, scores: dict[str, int], until_step: int = 99
) -> None:
    """Complete the parts of a course in order: the learner what learners report, an administrator what a learning system does."""
    path = f"/api/enrollment/enrollments/{enrollment}"
    for step in actor.get(f"{path}/steps"):
        if step["completed"] or step["number"] > until_step:
            continue
        at = f"{path}/steps/{step['number']}"
        if step["kind"] == "exam":
            stage.admin.do(f"{command} {step['number']}", f"{at}/attempts", {"score": scores["exam"]})
        elif step["reported_by"] == "learner":
            actor.do(f"{command} {step['number']}", f"{at}/complete")
        else:
            stage.admin.do(f"{command} {step['number']}", f"{at}/complete")


def _enrollment(actor: Actor, offering: str) -> str:
    """The caller's own, once there is one."""

    def found() -> Any:
        items = actor.get("/api/enrollment/enrollments", offering_id=offering)["items"]
        return items[0]["id"] if items else None

    return str(until(found, f"The enrollment on {offering}"))


def payments(stage: Stage) -> None:
    """Two more who have not paid yet, one whose payment failed, one who was given the money back."""
    if not stage.pays:
        return
    course = stage.offerings["DRIVING"]
    buyers = [n for n in stage.company.in_company(4) if stage.company.named(n).user_name != stage.new_starter][:4]
    for number, ends in zip(buyers, ((), (), ("failed",), ("paid", "refunded")), strict=False):
        person = stage.person(number)
        checkout = _order(stage.as_learner(person), course, f"order {number}")
        for kind in ends:
            httpx.post(checkout, data={"kind": kind}, timeout=30.0).raise_for_status()


def _order(actor: Actor, course: str, command: str) -> str:
    """Enrol, and go to the provider; returns its page."""
    enrolled = actor.do(f"{command} enrol", f"/api/enrollment/offerings/{course}/enrol", again=_HEARD)
    path = f"/api/enrollment/enrollments/{enrolled['result']['enrollment_id']}/purchase"
    return str(actor.do(command, path)["checkout"])
