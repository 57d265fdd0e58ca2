"""Demo data for a first start: the company, the catalogue, and a few people who can sign in."""

import contextlib
from importlib.resources import files

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.cli.client import Client
from services.directory import demo as directory
from services.directory.main import build_parts
from services.portal.api import SignIn
from services.suite import Suite
from shared.database import Database

ADMINISTRATOR = SignIn("admin", directory.PASSWORD, "site administrator")


def fill(suite: Suite, out: Console) -> None:
    """Once the address answers: whatever is missing of the demo data, then the address and the sign-ins."""
    settings = suite.place.settings(suite.settings, "directory")
    with contextlib.closing(Database(settings.database_url, application="demo", max_size=4)) as database:
        parts = build_parts(settings, database)
        directory.ensure_site_administrator(parts)
        with Client(settings.base_url, ADMINISTRATOR.user_name, ADMINISTRATOR.password, None) as client:
            if not client.send("GET", "/api/catalog/offerings", params={"limit": "1"})["items"]:
                client.send(
                    "POST", "/api/catalog/apply", content=(files("services.catalog") / "demo.yaml").read_bytes()
                )
        suite.sign_ins.append(ADMINISTRATOR)
        if settings.demo_size:
            columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
            with Progress(*columns, console=out, transient=True) as bar:
                task = bar.add_task("Demo company", total=None)
                found = directory.populate(
                    parts,
                    settings.demo_size,
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )
            suite.sign_ins[:] = [SignIn(one.user_name, one.password, one.what) for one in found]
    _tell(suite, out)


def _tell(suite: Suite, out: Console) -> None:
    out.print()
    for one in suite.sign_ins:
        out.print(f"  {one.user_name:<28} {one.password:<14} {one.role}", highlight=False)
    address = suite.settings.base_url
    said = f"Rollbook answers at {address} (embedded suite, not for production). Ctrl-C ends it."
    out.print(said, highlight=False, soft_wrap=True)
