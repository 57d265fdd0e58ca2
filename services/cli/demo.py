"""Demo data for a first start: the company, the catalogue, and a few people who can sign in."""

import contextlib
from collections.abc import Sequence
from importlib.resources import files

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.cli.client import Client
from services.directory import demo as directory
from services.directory.main import build_parts
from services.portal.api import SignIn
from shared.database import Database
from shared.settings import Settings

ADMINISTRATOR = SignIn("admin", directory.PASSWORD, "site administrator")


def fill(settings: Settings, sign_ins: list[SignIn], out: Console) -> None:
    """Whatever is missing of the demo data. `settings` are the directory's; `sign_ins` learns who can sign in."""
    with contextlib.closing(Database(settings.database_url, application="demo", max_size=4)) as database:
        parts = build_parts(settings, database)
        directory.ensure_site_administrator(parts)
        with Client(settings.base_url, ADMINISTRATOR.user_name, ADMINISTRATOR.password, None) as client:
            if not client.send("GET", "/api/catalog/offerings", params={"limit": "1"})["items"]:
                client.send(
                    "POST", "/api/catalog/apply", content=(files("services.catalog") / "demo.yaml").read_bytes()
                )
        sign_ins.append(ADMINISTRATOR)
        if settings.demo_size:
            columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
            with Progress(*columns, console=out, transient=True) as bar:
                task = bar.add_task("Demo company", total=None)
                found = directory.populate(
                    parts,
                    settings.demo_size,
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )
            sign_ins[:] = [SignIn(one.user_name, one.password, one.what) for one in found]


def tell(address: str, sign_ins: Sequence[SignIn], out: Console) -> None:
    """The address, and who can sign in."""
    out.print()
    for one in sign_ins:
        out.print(f"  {one.user_name:<28} {one.password:<14} {one.role}", highlight=False)
    said = f"Rollbook answers at {address} (embedded suite, not for production). Ctrl-C ends it."
    out.print(said, highlight=False, soft_wrap=True)
