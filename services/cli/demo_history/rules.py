"""Chapters on who is assigned what: rules that were previewed and confirmed, groups, job roles, triggers, exceptions."""

from collections.abc import Mapping

from services.cli.demo_history.actor import Actor, until
from services.cli.demo_history.stage import Stage
from services.directory.demo import NURSE

_DRIVER = "F-2-1"
_NOT_IN_TIME = "Carried over from the former system."


def vocabulary(stage: Stage) -> None:
    """Job roles and qualifications, groups and triggers, as files have them."""
    qualifications = [
        {"kind": "qualification", "code": "WARD-READY", "title": "Ward ready", "items": ["HYGIENE", "MEDICATION"]},
        {"kind": "qualification", "code": "WINTER-DRIVER", "title": "Winter driver", "items": ["DRIVING", "FIRST-AID"]},
    ]
    roles = [
        {"code": "NURSE", "name": "Nurse", "qualifications": [{"qualification": "WARD-READY", "required": True}]},
        {"code": "DRIVER", "name": "Driver", "qualifications": [{"qualification": "WINTER-DRIVER", "required": False}]},
        {"code": "FIRST-AIDER", "name": "First aider", "qualifications": []},
    ]
    answer = stage.author.do("catalog", "/api/catalog/apply", {"offerings": qualifications, "job_roles": roles})
    groups = [
        _group("FIRST-AID", "Morning", "Tuesdays, 9 to 13, in the training centre.", withdraw=True),
        _group("FIRST-AID", "Evening", "Thursdays, 17 to 21, in the training centre.", withdraw=True),
        _group("FIRE-01", "Volunteers", "For everybody who helps at the yearly drill.", withdraw=False),
    ]
    starters = {"kind": "audience", "target_id": stage.audiences["New starters"]}
    triggers = [
        {"name": "New starters get Fire safety", "when": starters, "offering": "FIRE-01"},
        {
            "name": "Who completes First aid becomes First aider",
            "when": {"kind": "completion", "offering": "FIRST-AID"},
            "job_role": "FIRST-AIDER",
        },
    ]
    stage.admin.do(
        "rules", f"/api/enrollment/apply?at_least={answer['position']}", {"groups": groups, "triggers": triggers}
    )
    _holders(stage)
    members = f"/api/directory/audiences/{stage.audiences['New starters']}/members"
    stage.admin.do("new starter", members, {"add": [stage.known(stage.new_starter).id], "remove": []})


def _group(offering: str, name: str, description: str, *, withdraw: bool) -> dict[str, object]:
    return {
        "offering": offering,
        "name": name,
        "description": description,
        "allow_enrol": True,
        "allow_withdraw": withdraw,
    }


def _holders(stage: Stage) -> None:
    """Some nurses and drivers have their job role by hand."""
    roles = {role["code"]: role["id"] for role in stage.admin.every("/api/catalog/job-roles")}
    for code, position in (("NURSE", NURSE), ("DRIVER", _DRIVER)):
        numbers = [n for company in range(1, 7) for n in stage.company.in_company(company, position)]
        people = [stage.person(n).id for n in numbers[: stage.scaled(60, 2)]]
        if people:
            path = f"/api/enrollment/job-roles/{roles[code]}/holders"
            stage.admin.do(f"holders {code}", path, {"people": people, "reason": "As the ward plan says."})


def carried_over(stage: Stage) -> None:
    """What was overdue in the former system is overdue here: held for its date, and assigned anyway."""
    care = [n for n in stage.company.in_company(1) if n not in stage.company.team(4)]
    learner = next(n for n in care if stage.company.named(n).user_name == stage.learner)
    here = [learner, *[n for n in care[::-1] if n != learner][: stage.scaled(31, 3) - 1]]
    there = [n for company in (3, 4, 5, 6) for n in stage.company.in_company(company)]
    there = [n for n in there if stage.company.named(n).user_name != stage.new_starter][-stage.scaled(33, 3) :]
    _overdue(stage, stage.manager, "care", here)
    _overdue(stage, stage.admin, "others", there)


def _overdue(stage: Stage, by: Actor, name: str, numbers: list[int]) -> None:
    offering, people = stage.offerings["CERT-SAFETY"], [stage.person(n).id for n in numbers]
    due = {"kind": "fixed", "on": stage.day(-3)}
    by.do(f"overdue {name}", "/api/enrollment/assignments", {"offerings": [offering], "people": people, "due": due})
    held = until(lambda: _held(stage, offering, people), "The exceptions of what was carried over")
    answer = {"resolution": "assigned", "reason": _NOT_IN_TIME, "enrollments": held}
    stage.admin.do(f"overdue {name} anyway", "/api/enrollment/exceptions/answer", answer)


def _held(stage: Stage, offering: str, people: list[str]) -> list[str]:
    """All their exceptions, once there is one for everybody."""
    found = stage.admin.every("/api/enrollment/exceptions", offering_id=offering)
    own = [one["enrollment_id"] for one in found if one["person_id"] in people]
    return own if len(own) == len(people) else []


def assigned(stage: Stage) -> None:
    """Eight rules, each by whoever may assign there; the e-mails of one wait until somebody releases them."""
    offerings, units = stage.offerings, stage.units
    care: dict[str, object] = {"type": "organisation", "target_id": units["L-1"], "include_below": True}
    month: dict[str, object] = {"kind": "fixed", "on": stage.day(30)}
    quarter: dict[str, object] = {"kind": "enrollment", "amount": 3, "unit": "months"}
    rules: list[tuple[str, Actor, str, dict[str, object], str, dict[str, object]]] = [
        ("care", stage.manager, "CERT-SAFETY", care, "The new fire rules.", {"due": month}),
        ("operations", stage.manager, "MEDICATION", _unit(units["L-1-1"]), "Wards give out medication.", {}),
        ("nurses", stage.admin, "CERT-NURSE", _position(units[NURSE]), "Every nurse on a ward.", {"due": quarter}),
        (
            "drivers",
            stage.admin,
            "CERT-DRIVER",
            _position(units[_DRIVER]),
            "Patients are driven.",
            {"due": quarter, "emails": "hold"},
        ),
        ("aiders", stage.admin, "FIRST-AID", _audience(stage, "First aiders"), "Yearly refresher.", {"due": month}),
        ("wardens", stage.admin, "FIRE-01", _audience(stage, "Fire wardens"), "They lead the drill.", {}),
        ("heads", stage.admin, "PRIVACY", _below(stage), "After the audit in spring.", {"due": month}),
        ("rail", stage.admin, "PRIVACY", _unit(units["L-6"]), "Tern Rail handles passengers' data.", {}),
    ]
    for n, (name, by, code, target, reason, how) in enumerate(rules):
        stage.progress(n, len(rules))
        emails = str(how.pop("emails", "send"))
        stage.assign(by, f"rule {name}", offerings[code], target, reason, emails=emails, **how)
    stage.progress(len(rules), len(rules))


def _unit(id: str) -> dict[str, object]:
    return {"type": "organisation", "target_id": id, "include_below": True}


def _position(id: str) -> dict[str, object]:
    return {"type": "position", "target_id": id}


def _audience(stage: Stage, name: str) -> dict[str, object]:
    return {"type": "audience", "target_id": stage.audiences[name]}


def _below(stage: Stage) -> dict[str, object]:
    """Everybody below somebody who leads a team, but not half of the company."""
    number = max(n for n in range(5, 41) if stage.company.leads(n) or n == 5)
    return {"type": "manager", "target_id": stage.person(number).id, "include_below": True}


def held_back(stage: Stage) -> None:
    """Exceptions: too little time, another certification with the same course, a date that nobody knows; some were handled."""
    nurses = [n for company in (1, 2, 3, 4, 5) for n in stage.company.in_company(company, NURSE)]
    others = [
        n
        for company in (1, 2, 3, 4)
        for n in stage.company.in_company(company)[60:] or stage.company.in_company(company)
    ]
    others = [n for n in others if n not in nurses and stage.company.named(n).user_name != stage.new_starter]
    late, handled = others[: stage.scaled(14, 2)], others[-stage.scaled(9, 1) :]
    unknown = others[len(late) : len(late) + stage.scaled(3)]
    yesterday = {"kind": "fixed", "on": stage.day(-1)}
    _individually(stage, "late", "LEADING", late + handled, yesterday)
    never = {"kind": "field", "field": "licence-renewed", "amount": 6, "unit": "months"}
    _individually(stage, "unknown", "DRIVING", unknown, never)
    _individually(stage, "twice", "CERT-DRIVER", nurses[1 : 1 + stage.scaled(6)], None)
    people = [stage.person(n).id for n in late + handled]
    until(lambda: _held(stage, stage.offerings["LEADING"], people), "The exceptions of whoever has too little time")
    _handle(stage, [stage.person(n).id for n in handled])


def _individually(stage: Stage, name: str, code: str, numbers: list[int], due: Mapping[str, object] | None) -> None:
    if numbers:
        people = [stage.person(n).id for n in numbers]
        body = {"offerings": [stage.offerings[code]], "people": people, "due": due}
        stage.admin.do(f"individually {name}", "/api/enrollment/assignments", body)


def _handle(stage: Stage, people: list[str]) -> None:
    found = {one["person_id"]: one["enrollment_id"] for one in stage.admin.every("/api/enrollment/exceptions")}
    answers = ("realistic-date", "not-assigned", "realistic-date")
    for n, person in enumerate(people):
        answer = {"resolution": answers[n % 3], "reason": "Agreed with the manager.", "enrollments": [found[person]]}
        stage.admin.do(f"handled {n}", "/api/enrollment/exceptions/answer", answer)
