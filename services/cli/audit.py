"""`rollbook audit`: whether the history is what was recorded, and slices of it with proofs (AUD-3, AUD-4)."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(no_args_is_help=True, help="Verify the history; export slices of it with proofs.")

Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--public-key",
        help="Public key to trust, can be repeated; without it that of ROLLBOOK_AUDIT_KEY. See: rollbook audit key",
    ),
]


@app.command()
def verify(
    services: Annotated[
        list[str] | None, typer.Argument(help="Services whose history is verified; all by default")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Verify this export instead, without a database")
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Folder of checkpoints; ROLLBOOK_AUDIT_CHECKPOINTS by default"),
    ] = None,
    public_key: Keys = None,
) -> None:
    """Compare the history with every checkpoint that was signed. The exit code is 1 if something was changed, removed, added or
    reordered, or a checkpoint is forged; 2 if nothing could be verified."""
    from services.cli import auditing  # noqa: PLC0415

    if file:
        auditing.verify_file(file, public_key or [])
    else:
        auditing.verify(services or [], checkpoints, public_key or [])


@app.command()
def export(
    service: Annotated[str, typer.Argument(help="Whose history: directory, catalog, enrollment, approvals, keys")],
    learner: Annotated[UUID | None, typer.Option(help="Only events about this person")] = None,
    offering: Annotated[UUID | None, typer.Option(help="Only events about this offering")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only events recorded at this time (UTC) or later")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only events recorded before this time (UTC)")] = None,
    to: Annotated[Path | None, typer.Option(help="File to write; standard output by default")] = None,
) -> None:
    """Export a slice of a service's history as JSON Lines, with proofs that `rollbook audit verify --file` checks anywhere."""
    from services.cli import auditing  # noqa: PLC0415

    auditing.export(service, learner, offering, since, until, to)


@app.command()
def key() -> None:
    """Print the public key with which checkpoints and exports are verified. Keep a copy where nobody can change it."""
    from services.cli import auditing  # noqa: PLC0415

    auditing.print_key()
