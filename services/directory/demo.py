"""Demo data: the first site administrator, a believable company through the ordinary import (DIR-8), sign-ins."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from services.directory import demo_names as words
from services.directory.application.audiences import NewAudience
from services.directory.application.registrations import NewPerson
from services.directory.application.services import Services
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
from shared.store import CommandContext

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
NURSE = "F-1-1"
"""The position, by its external id."""
_OFFICE = ("F-3-1", "F-3-2", "F-3-3", "F-3-4")
"""Positions of whom nothing is asked yet."""
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
    name: str = ""
    card: str = ""
    """Which words the start page has for this account."""


ADMINISTRATOR = SignIn("admin", PASSWORD, "site administrator", "Site Administrator", "site-administrator")


def ensure_site_administrator(parts: Services, password: str = PASSWORD) -> UUID:
    """The first account, `admin`, once, on a directory without a site administrator. Returns who it is."""
    with parts.database.connection() as conn:
        row = conn.execute(
            "SELECT person FROM permission_role WHERE role = 'site-administrator' ORDER BY person LIMIT 1"
        ).fetchone()
    if row and isinstance(row[0], UUID):
        return row[0]
    new = NewPerson(first_name="Site", last_name="Administrator", email="admin@example.com", user_name="admin")
    registered = parts.registrations.register(_context("first site administrator"), _EVERYTHING, None, new)
    id = UUID(_result(registered.result, "person_id"))
    parts.people.grant(_context("first site administrator role"), _EVERYTHING, id, ("site-administrator", None))
    parts.accounts.set_password(id, password)
    return id


def populate(parts: Services, size: int, seed: int = 1, progress: Progress | None = None) -> list[SignIn]:
    """The company, its audiences and sign-ins, on a directory without other people; again, nothing is done twice."""
    company = Company(size, seed)
    administrator = ensure_site_administrator(parts)
    found = _found(parts)
    if found == "other":
        return [ADMINISTRATOR]
    if found != "whole":
        _company(parts, company, administrator, progress)
    return _sign_ins(parts, company)


def _found(parts: Services) -> str:
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


def _own_run(parts: Services) -> bool:
    """The only runs so far are the demo's own, cut off before they wrote anything."""
    with parts.database.connection() as conn:
        options = conn.execute("SELECT options FROM import_run").fetchall()
    return all(Options.model_validate_json(str(text)).feed == FEED for (text,) in options)


def _company(parts: Services, company: Company, administrator: UUID, progress: Progress | None) -> None:
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
    parts: Services, runner: UUID, command_id: str, files: dict[Element, bytes], progress: Progress | None
) -> dict[str, int]:
    """Start a run and work on it to its end. Raises Corrupt when it failed."""
    context = CommandContext(runner, command_id=f"demo {command_id}", reason_code="demo")
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
            return TypeAdapter(dict[str, int]).validate_python(job.result or {})
        if job.state == "failed":
            raise Corrupt(f"the demo import failed: {job.error}")


def _audiences(parts: Services, company: Company) -> None:
    for n, name in enumerate(words.AUDIENCES, 1):
        new = NewAudience(name=name, external_id=f"demo-{n}")
        receipt = parts.audiences.create(_context(f"audience {n}"), new)
        members = company.members(n)
        with parts.database.connection() as conn:
            query = "SELECT id FROM profile WHERE external_id = ANY(%s)"
            people = [
                id for (id,) in conn.execute(query, [[person_number(m) for m in members]]) if isinstance(id, UUID)
            ]
        id = UUID(_result(receipt.result, "audience_id"))
        parts.audiences.change_members(_context(f"audience {n} members"), _EVERYTHING, id, people, [])


def _sign_ins(parts: Services, company: Company) -> list[SignIn]:
    """One person of each kind of work; whoever cannot be had in a small company is left out."""
    cast = {person_number(one.number): one for one in _cast(company)}
    with parts.database.connection() as conn:
        query = (
            "SELECT external_id, id, user_name, first_name || ' ' || last_name FROM profile WHERE external_id = ANY(%s)"
        )
        people = {str(row[0]): row for row in conn.execute(query, [list(cast)])}
        unit = conn.execute("SELECT id FROM unit WHERE kind = 'organisation' AND external_id = 'L-1'").fetchone()
        known = {person for (person,) in conn.execute("SELECT person FROM account")}
        held = {person for (person,) in conn.execute("SELECT person FROM permission_role")}
    first = unit[0] if unit and isinstance(unit[0], UUID) else None
    found = [ADMINISTRATOR]
    for external_id, one in cast.items():
        _, id, user_name, called = people.get(external_id, ("", None, "", ""))
        if not isinstance(id, UUID):
            continue
        if one.role and id not in held:
            parts.people.grant(
                _context(f"role of {one.number}"), _EVERYTHING, id, (one.role, first if one.local else None)
            )
        if id not in known:
            parts.accounts.set_password(id, PASSWORD)
        found.append(SignIn(str(user_name), PASSWORD, one.what, str(called), one.card))
    return found


class _Part(NamedTuple):
    """Whom somebody can sign in as. `role`: a permission role, of the first company only where it is `local`."""

    number: int
    card: str
    what: str
    role: str | None = None
    local: bool = False


def _cast(company: Company) -> list[_Part]:
    care = words.COMPANIES[0]
    parts = [
        _Part(4, "team-leader", f"team leader at {care}"),
        _Part(2, "enrollment-manager", f"enrollment manager of {care}", "enrollment-manager", local=True),
        _Part(5, "operations-manager", "operations manager", "operations-manager"),
        _Part(6, "learning-manager", "learning manager", "learning-manager"),
        _Part(3, "auditor", "auditor of everything", "auditor"),
    ]
    learners = company.in_company(1, NURSE) or company.in_company(1)
    asked_of = {n for audience in range(1, len(words.AUDIENCES) + 1) for n in company.members(audience)}
    office = [n for position in _OFFICE for n in company.in_company(3, position)]
    starters = [n for n in office if n not in asked_of] or company.in_company(3)
    if learners:
        parts.insert(0, _Part(learners[0], "learner", "learner"))
    if starters:
        parts.insert(len(learners[:1]), _Part(starters[0], "new-starter", "new starter"))
    return parts


def _context(command_id: str) -> CommandContext:
    return CommandContext(SYSTEM, command_id=f"demo {command_id}", reason_code="demo")


def _result(result: object, name: str) -> str:
    return str(result[name]) if isinstance(result, dict) else ""
