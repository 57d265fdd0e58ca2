"""A believable company as CSV files, the same for the same seed and size, through the ordinary import (DIR-8)."""

import random
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.directory import demo_names as words
from services.directory.api.parts import Parts
from services.directory.application.people import NewPerson
from services.directory.application.structure import NewAudience, NewFramework
from services.directory.imports.options import Options, mapping
from services.directory.projections.structure import frameworks
from services.directory.projections.tables import Element
from shared import jobs
from shared.auth import Scope
from shared.contracts.directory import UnitKind
from shared.errors import Corrupt
from shared.events import SYSTEM
from shared.jobs import Worker
from shared.store import Context

PASSWORD = "rollbook-demo"
"""Of every demo account. Not for production."""
FRAMEWORKS: tuple[tuple[UnitKind, str, str], ...] = (
    ("organisation", "legal", "Legal entities"),
    ("organisation", "regional", "Regions"),
    ("organisation", "projects", "Projects"),
    ("position", "roles", "Roles"),
    ("position", "grades", "Grades"),
)
FEED = "demo"
"""Who manages the records of the demo company."""
PART = 100_000
"""People in one run of the import."""
_SPAN = 8
"""People whom one manager leads directly."""
_EVERYTHING = Scope(everything=True)

Progress = Callable[[int, int | None], None]
"""Told (done, total) of the run that is at work."""


@dataclass(frozen=True)
class SignIn:
    """A demo account, for the start page."""

    user_name: str
    password: str
    what: str


@dataclass(frozen=True)
class Company:
    """`size` people. Everything is derived from the seed and a person's number."""

    size: int = 5_000
    seed: int = 1

    @property
    def departments(self) -> list[str]:
        """The ids of the units at the bottom of the legal framework."""
        return [id for id, _, _ in self._legal() if id.count("-") == 3]

    def org(self) -> Iterator[Sequence[str]]:
        yield ("idnumber", "fullname", "frameworkidnumber", "parentidnumber", "timemodified", "deleted")
        for id, name, parent in self._legal():
            yield (id, name, "legal", parent, "0", "0")
        for r, (region, cities) in enumerate(words.REGIONS, 1):
            yield (f"R-{r}", region, "regional", "", "0", "0")
            for c, city in enumerate(cities, 1):
                yield (f"R-{r}-{c}", city, "regional", f"R-{r}", "0", "0")
        for p, project in enumerate(words.PROJECTS, 1):
            yield (f"P-{p}", project, "projects", "", "0", "0")

    def _legal(self) -> Iterator[tuple[str, str, str]]:
        yield "L", "Tidewater Group", ""
        each = max(1, min(len(words.DEPARTMENTS), self.size // 288))
        for c, company in enumerate(words.COMPANIES, 1):
            yield f"L-{c}", company, "L"
            for d, division in enumerate(words.DIVISIONS, 1):
                yield f"L-{c}-{d}", f"{company} {division}", f"L-{c}"
                for n, department in enumerate(words.DEPARTMENTS[:each], 1):
                    yield f"L-{c}-{d}-{n}", f"{department} ({company} {division})", f"L-{c}-{d}"

    def pos(self) -> Iterator[Sequence[str]]:
        yield ("idnumber", "fullname", "frameworkidnumber", "parentidnumber", "timemodified", "deleted")
        for f, (family, positions) in enumerate(words.POSITIONS, 1):
            yield (f"F-{f}", family, "roles", "", "0", "0")
            for p, position in enumerate(positions, 1):
                yield (f"F-{f}-{p}", position, "roles", f"F-{f}", "0", "0")
        for g, grade in enumerate(words.GRADES, 1):
            yield (f"G-{g}", grade, "grades", "", "0", "0")

    def user(self, first: int, last: int) -> Iterator[Sequence[str]]:
        """People number `first` to `last`, both 1 to `size`."""
        yield (
            "idnumber",
            "username",
            "firstname",
            "lastname",
            "email",
            "country",
            "suspended",
            "timemodified",
            "deleted",
        )
        for number in range(first, last + 1):
            chance = random.Random(f"{self.seed}/{number}")
            country, firsts, lasts = chance.choice(words.PEOPLE)
            name, family = chance.choice(firsts), chance.choice(lasts)
            user_name = f"{_plain(name)}.{_plain(family)}{number}"
            leaver = "1" if number > 20 and chance.random() < 0.02 else "0"
            yield (_id(number), user_name, name, family, f"{user_name}@example.com", country, leaver, "0", "0")

    def jobassignment(self, first: int, last: int) -> Iterator[Sequence[str]]:
        """A main job for everybody, led by an earlier number; a regional or project job for some."""
        yield (
            "idnumber",
            "useridnumber",
            "fullname",
            "orgidnumber",
            "posidnumber",
            "manageridnumber",
            "managerjaidnumber",
            "startdate",
            "timemodified",
            "deleted",
        )
        departments = self.departments
        for number in range(first, last + 1):
            chance = random.Random(f"{self.seed}/job/{number}")
            leads = number * _SPAN - _SPAN + 2 <= self.size
            family = len(words.POSITIONS) if leads else chance.randint(1, len(words.POSITIONS) - 1)
            position = chance.randint(1, len(words.POSITIONS[family - 1][1]))
            title = words.POSITIONS[family - 1][1][position - 1]
            boss = _id((number - 2) // _SPAN + 1) if number > 1 else ""
            start = f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/{chance.randint(2005, 2025)}"
            where = departments[number % len(departments)]
            lead = "main" if boss else ""
            yield ("main", _id(number), title, where, f"F-{family}-{position}", boss, lead, start, "0", "0")
            if chance.random() < 0.2:
                region = chance.randint(1, len(words.REGIONS))
                city = chance.randint(1, len(words.REGIONS[region - 1][1]))
                grade = f"G-{chance.randint(1, len(words.GRADES))}"
                yield ("regional", _id(number), title, f"R-{region}-{city}", grade, "", "", start, "0", "0")
            elif chance.random() < 0.1:
                project = f"P-{chance.randint(1, len(words.PROJECTS))}"
                yield ("project", _id(number), "Project member", project, "", "", "", start, "0", "0")


def ensure_site_administrator(parts: Parts, password: str = PASSWORD) -> UUID:
    """The first account, `admin`, once, on a directory without a site administrator. Returns who it is."""
    with parts.database.connection() as conn:
        row = conn.execute(
            "SELECT person FROM permission_role WHERE role = 'site-administrator' ORDER BY person LIMIT 1"
        ).fetchone()
    if row and isinstance(row[0], UUID):
        return row[0]
    new = NewPerson(first_name="Site", last_name="Administrator", email="admin@example.com", user_name="admin")
    registered = parts.people.register(_context("first site administrator"), _EVERYTHING, new)
    id = UUID(_result(registered.result, "person_id"))
    parts.people.grant(_context("first site administrator role"), _EVERYTHING, id, ("site-administrator", None))
    parts.accounts.set_password(id, password)
    return id


def populate(parts: Parts, size: int, seed: int = 1, progress: Progress | None = None) -> list[SignIn]:
    """The company, its audiences and sign-ins, on a directory without other people; again, nothing is done twice."""
    company = Company(size, seed)
    administrator = ensure_site_administrator(parts)
    found = _found(parts)
    if found == "other":
        return [SignIn("admin", PASSWORD, "site administrator")]
    if found != "whole":
        _company(parts, company, administrator, progress)
    return _sign_ins(parts)


def _found(parts: Parts) -> str:
    """`nothing`, `begun`, `whole`: how far the demo company is here; `other`: people who are not of the demo."""
    with parts.database.connection() as conn:
        row = conn.execute(
            "SELECT EXISTS (SELECT FROM managed WHERE feed = %s), EXISTS (SELECT FROM import_run), "
            "EXISTS (SELECT FROM audience a JOIN audience_member m ON m.audience = a.id WHERE a.external_id = %s), "
            "EXISTS (SELECT FROM person OFFSET 1) OR EXISTS (SELECT FROM unit)",
            [FEED, f"demo-{len(words.AUDIENCES)}"],
        ).fetchone()
    begun, imported, whole, others = row or (False, False, False, False)
    if begun:
        return "whole" if whole else "begun"
    return "other" if others or (imported and not _own_run(parts)) else "nothing"


def _own_run(parts: Parts) -> bool:
    """The only runs so far are the demo's own, cut off before they wrote anything."""
    with parts.database.connection() as conn:
        options = conn.execute("SELECT options FROM import_run").fetchall()
    return all(Options.model_validate_json(str(text)).feed == FEED for (text,) in options)


def _company(parts: Parts, company: Company, administrator: UUID, progress: Progress | None) -> None:
    size, seed = company.size, company.seed
    with parts.database.connection() as conn:
        known = {(f.kind, f.external_id) for f in frameworks(conn, None)}
    for kind, external_id, name in FRAMEWORKS:
        if (kind, external_id) not in known:
            new = NewFramework(kind=kind, name=name, external_id=external_id)
            parts.structure.create_framework(_context(f"framework {external_id}"), new)
    run_import(
        parts, administrator, f"units {size} {seed}", {"org": _csv(company.org()), "pos": _csv(company.pos())}, progress
    )
    for first in range(1, size + 1, PART):
        last = min(size, first + PART - 1)
        files: dict[Element, bytes] = {
            "user": _csv(company.user(first, last)),
            "jobassignment": _csv(company.jobassignment(first, last)),
        }
        run_import(parts, administrator, f"people {first} to {last} of {size} {seed}", files, progress)
    _audiences(parts, company)


def run_import(
    parts: Parts, runner: UUID, command_id: str, files: dict[Element, bytes], progress: Progress | None
) -> dict[str, int]:
    """Start a run and work on it to its end. Raises Corrupt when it failed."""
    context = Context(runner, command_id=f"demo {command_id}", reason_code="demo")
    options = Options(mapping=mapping("totara"), feed=FEED)
    id = UUID(_result(parts.imports.start(context, files, options).result, "import_id"))
    worker = Worker("demo", parts.database, [parts.imports], 0.1)
    while True:
        if not worker.step():
            time.sleep(0.05)  # another worker has the run
        with parts.database.connection() as conn:
            job = jobs.find(conn, id)
        if progress:
            progress(job.done, job.total)
        if job.state == "finished":
            return {str(k): int(str(v)) for k, v in job.result.items()} if isinstance(job.result, dict) else {}
        if job.state == "failed":
            raise Corrupt(f"the demo import failed: {job.error}")


def _audiences(parts: Parts, company: Company) -> None:
    for n, name in enumerate(words.AUDIENCES, 1):
        new = NewAudience(name=name, external_id=f"demo-{n}")
        receipt = parts.audiences.create(_context(f"audience {n}"), new)
        chance = random.Random(f"{company.seed}/audience/{n}")
        members = chance.sample(range(1, company.size + 1), min(company.size // 4, 20 * n))
        with parts.database.connection() as conn:
            query = "SELECT id FROM profile WHERE external_id = ANY(%s)"
            people = [id for (id,) in conn.execute(query, [[_id(m) for m in members]]) if isinstance(id, UUID)]
        id = UUID(_result(receipt.result, "audience_id"))
        parts.audiences.change_members(_context(f"audience {n} members"), _EVERYTHING, id, people, [])


def _sign_ins(parts: Parts) -> list[SignIn]:
    """An enrollment manager of one company, an auditor of everything, a learner."""
    with parts.database.connection() as conn:
        query = "SELECT f.external_id, f.id, f.user_name FROM profile f WHERE f.external_id = ANY(%s)"
        people = {str(e): (id, str(name)) for e, id, name in conn.execute(query, [[_id(n) for n in (2, 3, 4)]])}
        unit = conn.execute("SELECT id FROM unit WHERE kind = 'organisation' AND external_id = 'L-1'").fetchone()
        known = {person for (person,) in conn.execute("SELECT person FROM account")}
        held = {person for (person,) in conn.execute("SELECT person FROM permission_role")}
    first = unit[0] if unit and isinstance(unit[0], UUID) else None
    wanted: tuple[tuple[int, str, UUID | None, str], ...] = (
        (2, "enrollment-manager", first, f"enrollment manager of {words.COMPANIES[0]}"),
        (3, "auditor", None, "auditor of everything"),
        (4, "learner", None, "learner"),
    )
    found = [SignIn("admin", PASSWORD, "site administrator")]
    for number, role, where, what in wanted:
        id, name = people.get(_id(number), (None, ""))
        if not isinstance(id, UUID):
            continue
        if role != "learner" and id not in held:
            parts.people.grant(_context(f"role of {number}"), _EVERYTHING, id, (role, where))
        if id not in known:
            parts.accounts.set_password(id, PASSWORD)
        found.append(SignIn(name, PASSWORD, what))
    return found


def _context(command_id: str) -> Context:
    return Context(SYSTEM, command_id=f"demo {command_id}", reason_code="demo")


def _result(result: object, name: str) -> str:
    return str(result[name]) if isinstance(result, dict) else ""


def _id(number: int) -> str:
    return f"E{number:07}"


def _plain(name: str) -> str:
    text = name.replace("ł", "l").replace("Ł", "L")
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isascii() and c.isalpha()).lower()


def _csv(rows: Iterator[Sequence[str]]) -> bytes:
    """No cell of the demo holds a comma or a quote."""
    return "".join(",".join(row) + "\n" for row in rows).encode()
