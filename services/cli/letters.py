"""`rollbook letters`: what crashed its consumer, and what a person does about it (OPS-8)."""

from typing import Annotated, Any
from uuid import UUID, uuid4

import typer
from rich.console import Console
from rich.table import Table

from services.cli.client import Client, Password, Token, Url, User
from shared.suite import FOLLOWING

app = typer.Typer(no_args_is_help=True, help="List, show, retry and drop dead letters.")
out = Console()

Service = Annotated[str, typer.Argument(help="Service whose consumer it crashed")]
Source = Annotated[str, typer.Argument(help="Such as enrollment or directory.profiles")]
Key = Annotated[UUID, typer.Argument()]
_URL = "http://127.0.0.1:8000"


@app.command("list")
def list_letters(
    check: Annotated[bool, typer.Option("--check", help="Exit with code 1 if there are any")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """List the parked keys in all services."""
    table = Table("service", "source", "key", "entries", "first", "type", "error", box=None)
    with Client(url, user, password, token) as client:
        for service in FOLLOWING:
            for one in client.pages(f"/api/{service}/letters", {}):
                shown = (one["source"], one["key"], one["entries"], one["position"], one["type"], one["error"])
                table.add_row(service, *(str(value) for value in shown))
    if not table.row_count:
        out.print("There are no dead letters.")
        return
    out.print(table)
    if check:
        raise typer.Exit(1)


@app.command()
def show(
    service: Service,
    source: Source,
    key: Key,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Show the entries of one key, oldest first."""
    with Client(url, user, password, token) as client:
        entries: Any = client.send("GET", f"/api/{service}/letters/{source}/{key}")
    for entry in entries:
        out.print_json(data=entry)


@app.command()
def retry(
    service: Service,
    source: Source,
    key: Annotated[UUID | None, typer.Argument(help="The key to retry; leave it out with --all")] = None,
    every: Annotated[bool, typer.Option("--all", help="Retry every key of this source")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Process all entries of a key again, in order; or those of every key of a source. The exit code is 1 if any crash again."""
    if (key is None) != every:
        raise typer.BadParameter("Give a key, or use --all.")
    with Client(url, user, password, token) as client:
        if key:
            done = client.send("POST", f"/api/{service}/letters/{source}/{key}/retry", headers=_key())
            out.print(f"Processed: {done['entries']}", highlight=False)
            return
        taken = crashed = 0
        while True:
            done = client.send("POST", f"/api/{service}/letters/{source}/retry", headers=_key())
            taken, crashed = taken + done["taken"], done["crashed"]
            if not done["more"] or not done["taken"]:
                break
    out.print(f"Processed: {taken}. Crashed again: {crashed}", highlight=False)
    if crashed:
        raise typer.Exit(1)


@app.command()
def drop(
    service: Service,
    source: Source,
    key: Key,
    position: Annotated[int, typer.Argument(help="Position of the first entry")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Drop the first entry of a key permanently."""
    if not yes:
        typer.confirm("This entry will never reach the service. Drop it?", abort=True)
    with Client(url, user, password, token) as client:
        body = {"position": position}
        client.send("POST", f"/api/{service}/letters/{source}/{key}/drop", json=body, headers=_key())
    out.print("Dropped. To process the entries behind it, run: rollbook letters retry", highlight=False)


def _key() -> dict[str, str]:
    return {"Idempotency-Key": f"cli-letters-{uuid4()}"}
