"""Chapters on what lies before: completions of former years, and whom to ask (ENR-13, DIR-7)."""

import random
from collections.abc import Iterator

from services.cli.demo_history.stage import Person, Stage
from services.directory import demo_names as words
from services.directory.demo_company import person_number

_PART = 50
"""Rows of one file; each is a command of its own."""
_COURSES = ("FIRE-01", "FIRST-AID", "PRIVACY", "HYGIENE", "LIFTING", "MEDICATION", "DRIVING")
_HEADING = "person,offering,completed,expires,evidence\n"
_EVIDENCE = "Training records of the former system"
_ROWS = 6_000
_PEOPLE = 2_400


def contacts(stage: Stage) -> None:
    """Each company says whom its people ask, and what of assignments their records of learning show."""
    for n, company in enumerate(words.COMPANIES, 1):
        person = stage.company.named(6 + n)
        contact = {
            "name": f"{person.first_name} {person.last_name}",
            "email": f"training.{n}@example.com",
            "telephone": f"+46 31 555 01 {n:02}",
            "text": f"Training office of {company}, Monday to Friday, 8 to 16.",
        }
        profile = {"contact": contact, "record_assignment_types": True, "record_assignment_names": n == 1}
        stage.admin.do(f"contact {n}", f"/api/directory/units/{stage.units[f'L-{n}']}/profile", profile, method="PUT")


def saved_reports(stage: Stage) -> None:
    """What is asked again and again, under a name; those who manage enrollments see the first one, too."""
    overdue = {"role": "enrollment-manager", "organisation_id": None}
    reports = [
        ("Overdue", "completion", {"overdue": True, "sort": "person"}, overdue),
        ("Certified on Safe workplace", "completion", {"offering_id": stage.offerings["CERT-SAFETY"]}, None),
    ]
    for name, source, question, shared in reports:
        body = {"name": name, "source": source, "question": question, "shared": shared}
        stage.admin.do(f"saved report {name}", "/api/reporting/saved-reports", body)


def former_years(stage: Stage) -> None:
    """Completions as a former system exported them, with certificates; some have expired, some expire soon."""
    rows = list(_rows(stage))
    for first in range(0, len(rows), _PART):
        stage.progress(first, len(rows))
        content = (_HEADING + "".join(rows[first : first + _PART])).encode()
        stage.admin.do_file(f"completions {first}", "/api/enrollment/completions/import", content, "text/csv")
    stage.progress(len(rows), len(rows))


def in_former_years(stage: Stage, code: str) -> set[str]:
    """Ids of those who are told to have completed this offering then."""
    emails = {row.split(",")[0] for row in _rows(stage) if f",{code}," in row}
    return {person.id for person in stage.people.values() if person.email in emails}


def _rows(stage: Stage) -> Iterator[str]:
    """The learner's own first, then so many for everybody in a sample; at most one for each offering."""
    for n, code in enumerate(("FIRE-01", "PRIVACY", "HYGIENE")):
        yield _row(stage.known(stage.learner), code, stage.day(-400 + 30 * n))
    chance = random.Random(f"{stage.company.seed}/former years")
    size, left = stage.company.size, stage.scaled(_ROWS, 20)
    staying = [n for n in range(50, size + 1) if not stage.company.named(n).leaver]
    known = [n for n in staying if stage.people[person_number(n)].user_name not in (stage.learner, stage.new_starter)]
    for place, number in enumerate(chance.sample(known, min(len(known), stage.scaled(_PEOPLE, 8)))):
        person = stage.person(number)
        if place % 8 == 0:
            left -= 1
            yield _certified(stage, person, place // 8)
        for code in chance.sample(_COURSES, chance.randint(1, 4)):
            if left > 0:
                left -= 1
                ago = chance.randint(30, 1_400)
                yield _row(person, code, stage.day(-ago), stage.day(730 - ago) if code == "FIRST-AID" else "")


def _certified(stage: Stage, person: Person, n: int) -> str:
    """Of five Safe workplace certificates three expire within 60 days, one has expired, one is good for long."""
    days = (10 + n % 50, 12 + n % 45, 14 + n % 40, -20 - n % 100, 300 + n % 200)[n % 5]
    return _row(person, "CERT-SAFETY", stage.day(days - 730), stage.day(days))


def _row(person: Person, code: str, completed: str, expires: str = "") -> str:
    return f"{person.email},{code},{completed},{expires},{_EVIDENCE}\n"


def revoked(stage: Stage) -> None:
    """One certificate that was shown to be false."""
    found = stage.admin.get("/api/enrollment/enrollments", offering_id=stage.offerings["CERT-SAFETY"], limit=100)[
        "items"
    ]
    serial = next((one["serial"] for one in found if one["serial"]), None)
    if serial:
        stage.admin.do(
            "revoked",
            f"/api/enrollment/certificates/{serial}/revoke",
            {"reason": "The evidence belonged to somebody else."},
        )
