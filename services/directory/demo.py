"""Demo data: the first site administrator, a believable company through the ordinary import (DIR-8), sign-ins."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from services.directory import demo_names as words
from services.directory.api.parts import Parts
from services.directory.application.audiences import NewAudience
from services.directory.application.people import NewPerson
from services.directory.application.structure import NewFramework
from services.directory.demo_company import Company, as_csv, person_number
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
_EVERYTHING = Scope(everything=True)

Progress = Callable[[int, int | None], None]
"""Told (done, total) of the run that is at work."""


@dataclass(frozen=True)
class SignIn:
    """A demo account, for the start page."""

    user_name: str
    password: str
    what: str


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
        parts,
        administrator,
        f"units {size} {seed}",
        {"org": as_csv(company.org()), "pos": as_csv(company.pos())},
        progress,
    )
    for first in range(1, size + 1, PART):
        last = min(size, first + PART - 1)
        files: dict[Element, bytes] = {
            "user": as_csv(company.user(first, last)),
            "jobassignment": as_csv(company.jobassignment(first, last)),
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
            people = [
                id for (id,) in conn.execute(query, [[person_number(m) for m in members]]) if isinstance(id, UUID)
            ]
        id = UUID(_result(receipt.result, "audience_id"))
        parts.audiences.change_members(_context(f"audience {n} members"), _EVERYTHING, id, people, [])


def _sign_ins(parts: Parts) -> list[SignIn]:
    """An enrollment manager of one company, an auditor of everything, a learner."""
    with parts.database.connection() as conn:
        query = "SELECT f.external_id, f.id, f.user_name FROM profile f WHERE f.external_id = ANY(%s)"
        people = {
            str(e): (id, str(name)) for e, id, name in conn.execute(query, [[person_number(n) for n in (2, 3, 4)]])
        }
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
        id, name = people.get(person_number(number), (None, ""))
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
