"""Demo data for a first start: the company, the catalog, training keys, requests that wait, and a few people who can sign in."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.cli import demo_keys, demo_learning
from services.cli.client import Client
from services.cli.demo_history.actor import Stopped
from services.cli.demo_history.scenario import run
from services.cli.demo_history.stage import Stage
from services.directory import demo as directory
from services.directory.demo_company import Company
from services.directory.main import build_parts
from services.portal.api.entrance.sign_in import SignIn
from services.suite import demo_progress
from services.suite.demo_learning import PREFIX as LEARNING
from services.suite.demo_progress import DemoProgress
from shared import telemetry
from shared.database import Database
from shared.embedded import default_data
from shared.settings import Settings

log = telemetry.logger(__name__)

ADMINISTRATOR = SignIn(
    "admin", directory.PASSWORD, "site administrator", directory.ADMINISTRATOR.name, directory.ADMINISTRATOR.card
)
_ADDRESS_IN_CATALOG = b"https://learning.example/"


def fill(settings: Settings, sign_ins: list[SignIn], out: Console) -> None:
    """Whatever is missing of the demo data. `settings` are the directory's; `sign_ins` learns who can sign in."""
    with contextlib.closing(Database(settings.database_url, application="demo", max_size=4)) as database:
        parts = build_parts(settings, database)
        directory.ensure_site_administrator(parts)
        with Client(settings.base_url, ADMINISTRATOR.user_name, ADMINISTRATOR.password, None) as client:
            if not client.send("GET", "/api/catalog/offerings", params={"limit": "1"})["items"]:
                client.send("POST", "/api/catalog/apply", content=_catalog(settings))
            if settings.demo_learning:
                demo_learning.fill(client, settings.data or default_data())
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
            administrator, *others = [
                SignIn(one.user_name, one.password, one.what, one.name, one.card) for one in found
            ]
            sign_ins[:] = [*others, administrator]
            with Client(settings.base_url, ADMINISTRATOR.user_name, ADMINISTRATOR.password, None) as client:
                demo_keys.fill(client)


def _catalog(settings: Settings) -> bytes:
    """Where the suite plays the learning system, labs and exams open there."""
    content = (files("services.catalog") / "demo.yaml").read_bytes()
    played = f"{settings.base_url}{LEARNING}/".encode()
    return content.replace(_ADDRESS_IN_CATALOG, played) if settings.demo_learning else content


def tell(address: str, sign_ins: Sequence[SignIn], out: Console) -> None:
    """The address, and who can sign in."""
    out.print()
    for one in sign_ins:
        out.print(f"  {one.user_name:<28} {one.password:<14} {one.role}", highlight=False)
    said = f"Rollbook is running at {address} (embedded suite, not for production). Press Ctrl-C to stop it."
    out.print(said, highlight=False, soft_wrap=True)


def go_on(settings: Settings, sign_ins: Sequence[SignIn], out: Console) -> None:
    """What happened in the company, behind the running suite; where an earlier start was cut off, the rest of it."""
    cards = {one.card: one.user_name for one in sign_ins}
    if (
        not settings.demo_size
        or not settings.demo_history
        or not {"learner", "new-starter", "team-leader"} <= set(cards)
    ):
        return
    folder = settings.data or default_data()
    if (before := demo_progress.read(folder)) and before.whole:
        return
    stage = Stage(
        settings.base_url,
        Company(settings.demo_size),
        datetime.now(UTC).date(),
        cards["learner"],
        cards["new-starter"],
        pays=settings.demo_payments,
    )
    out.print("What happened in the company is being filled in; you can begin. The sign-in page says how far it is.")
    try:
        with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=out) as bar:
            task = bar.add_task("Demo history", total=None)

            def show(progress: DemoProgress, what: str) -> None:
                bar.update(task, completed=len(progress.done), total=progress.total, description=what)

            run(stage, folder, show)
        out.print("The demo is complete.")
    except (Stopped, httpx.HTTPError) as error:
        log.warning("the demo is not complete; the next start goes on", reason=str(error)[:300])
    finally:
        stage.close()
