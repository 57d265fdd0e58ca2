"""Commands for who runs the services: each process, databases, topics, demo data."""

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from services.cli import demo
from services.portal.api import SignIn
from services.suite import embedded, processes, running
from shared import telemetry
from shared.errors import Corrupt
from shared.feeds import SourceDown
from shared.service import ROLES
from shared.settings import Settings

out = Console()


def run(
    service: Annotated[
        str, typer.Argument(help="directory, catalog, enrollment, notifier, reporting, portal, gateway")
    ],
    roles: Annotated[
        list[str] | None, typer.Argument(help="api, worker, consumer, relay, mailer; all unless named")
    ] = None,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when standard input does", hidden=True)
    ] = False,
) -> None:
    """Run one service, or some of its roles, as a process of its own. The environment (ROLLBOOK_...) configures it."""
    telemetry.configure()
    chosen = [role for role in ROLES if role in (roles or ())]
    try:
        if unknown := set(roles or ()) - set(ROLES):
            raise running.CannotRun(f"There is no role {', '.join(sorted(unknown))}. There are: {', '.join(ROLES)}.")
        running.run(service, chosen, Settings(), with_parent=with_parent)
    except running.CannotRun as error:
        out.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(2) from error


def fill_demo() -> None:
    """Demo data for the services at ROLLBOOK_BASE_URL, with their ROLLBOOK_DATABASE_URL. Again: what is missing."""
    settings = running.own_settings(Settings(), "directory")
    found: list[SignIn] = []
    demo.fill(settings, found, out)
    demo.tell(settings.base_url, found, out)


def topics() -> None:
    """Create the topics of all sources on ROLLBOOK_KAFKA. Again: nothing changes."""
    settings = Settings()
    try:
        if not settings.kafka or "{service}" not in settings.database_url:
            raise SourceDown(
                "Set ROLLBOOK_KAFKA to the broker's address, and ROLLBOOK_DATABASE_URL with {service} in it."
            )
        for topic in processes.create_topics(settings):
            said = "created" if topic.created else "unchanged"
            out.print(f"{said:<10} {topic.name}  partitions: {topic.partitions}", highlight=False)
    except (SourceDown, Corrupt) as error:
        out.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(2) from error


def migrate(
    create: Annotated[bool, typer.Option("--create", help="Make the databases that are not there")] = False,
) -> None:
    """Bring the databases of ROLLBOOK_DATABASE_URL (with {service} in it) to the newest schema."""
    try:
        embedded.external(Settings().database_url, create=create)
    except embedded.CannotServe as error:
        out.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(2) from error
    out.print("The databases are up to date.")


COMMANDS: dict[str, Callable[..., None]] = {"run": run, "demo": fill_demo, "topics": topics, "migrate": migrate}
