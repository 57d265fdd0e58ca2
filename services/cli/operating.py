"""Commands for who runs the services: each process, databases, topics, demo data.

What runs services is imported when it is asked for, here and in `up`: the other commands start without it.
"""

from collections.abc import Callable
from typing import Annotated

import typer

from shared import telemetry


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
    from services.cli import serving  # noqa: PLC0415

    telemetry.configure()
    serving.run(service, roles or [], with_parent=with_parent)


def fill_demo() -> None:
    """Demo data for the services at ROLLBOOK_BASE_URL, with their ROLLBOOK_DATABASE_URL. Again: what is missing."""
    from services.cli import serving  # noqa: PLC0415

    serving.fill_demo()


def topics() -> None:
    """Create the topics of all sources on ROLLBOOK_KAFKA. Again: nothing changes."""
    from services.cli import serving  # noqa: PLC0415

    serving.topics()


def migrate(
    create: Annotated[bool, typer.Option("--create", help="Make the databases that are not there")] = False,
) -> None:
    """Bring the databases of ROLLBOOK_DATABASE_URL (with {service} in it) to the newest schema."""
    from services.cli import serving  # noqa: PLC0415

    serving.migrate(create=create)


COMMANDS: dict[str, Callable[..., None]] = {"run": run, "demo": fill_demo, "topics": topics, "migrate": migrate}
