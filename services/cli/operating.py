"""Commands for who runs the services: each process, databases, topics, demo data.

What runs services is imported when it is asked for, here and in `up`: the other commands start without it.
"""

from collections.abc import Callable
from typing import Annotated

import typer

from services.cli.client import Client, Password, Token, Url, User
from shared import telemetry
from shared.settings import Settings


def run(
    service: Annotated[
        str, typer.Argument(help="directory, catalog, enrollment, keys, notifier, reporting, portal, gateway")
    ],
    roles: Annotated[
        list[str] | None, typer.Argument(help="api, worker, consumer, relay, mailer; all by default")
    ] = None,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="Stop when standard input ends", hidden=True)
    ] = False,
) -> None:
    """Run one service, or some of its roles, as a separate process. It is configured by environment variables (ROLLBOOK_...)."""
    from services.suite import running  # noqa: PLC0415

    telemetry.configure()
    try:
        until = running.standard_input_ends if with_parent else None
        running.run(service, running.known(roles or []), Settings(), until=until)
    except running.CannotRun as error:
        typer.secho(str(error), fg="red")
        raise typer.Exit(2) from error


def fill_demo() -> None:
    """Add demo data to the services at ROLLBOOK_BASE_URL, using their ROLLBOOK_DATABASE_URL. Repeating it adds
    only what is missing."""
    from services.cli import serving  # noqa: PLC0415

    serving.fill_demo()


def topics() -> None:
    """Create the topics of all sources on ROLLBOOK_KAFKA. Repeating it changes nothing."""
    from services.cli import serving  # noqa: PLC0415

    serving.topics()


def migrate(
    create: Annotated[bool, typer.Option("--create", help="Create databases that do not exist")] = False,
) -> None:
    """Migrate the databases of ROLLBOOK_DATABASE_URL (which must contain {service}) to the latest schema."""
    from services.cli import serving  # noqa: PLC0415

    serving.migrate(create=create)


def rotate_signing_key(
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Sign at once, and end every token that an older key signed")
    ] = False,
    url: Url = "http://127.0.0.1:8000",
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Sign tokens with a new key. It is published at once and signs after ROLLBOOK_SIGNING_KEY_OVERLAP seconds."""
    with Client(url, user, password, token) as client:
        published = client.send("POST", "/api/directory/signing-keys", json={"compromised": compromised})["kids"]
    typer.echo(f"Published: {', '.join(published)}. The first one signs now.")


COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "demo": fill_demo,
    "topics": topics,
    "migrate": migrate,
    "rotate-signing-key": rotate_signing_key,
}
