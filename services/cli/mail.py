"""`rollbook mail`: e-mails that are held until a person releases or drops them (NTF-3)."""

from typing import Annotated
from uuid import UUID, uuid4

import typer
from rich.console import Console
from rich.table import Column, Table

from services.cli.client import Client, Password, Token, Url, User

app = typer.Typer(no_args_is_help=True, help="List, release and drop e-mails that are held.")
out = Console()

Batch = Annotated[
    UUID, typer.Argument(help="Batch of the command whose e-mails are held, as `rollbook mail held` shows it")
]
_URL = "http://127.0.0.1:8000"
_HELD = "/api/notifier/held"


@app.command()
def held(url: Url = _URL, user: User = None, password: Password = None, token: Token = None) -> None:
    """List what is held, batch by batch, newest first, with the number of e-mails of each kind."""
    whole = Column("batch", no_wrap=True, min_width=36)  # to be copied, on a narrow terminal too
    table = Table(whole, "since", Column("held by", overflow="fold"), "emails", "about", "offering", box=None)
    with Client(url, user, password, token) as client:
        for one in client.pages(_HELD, {}):
            about = ", ".join(f"{kind['template']} {kind['emails']}" for kind in one["occasions"])
            shown = (one["batch"], one["since"], one["held_by"], one["emails"], about, one["offering_title"] or "")
            table.add_row(*(str(value) for value in shown))
    out.print(table if table.row_count else "No e-mail is held.")


@app.command()
def release(batch: Batch, url: Url = _URL, user: User = None, password: Password = None, token: Token = None) -> None:
    """Let the e-mails of a batch go that are held now."""
    out.print(f"{_order(batch, 'release', url, user, password, token)} e-mails are being released.", highlight=False)


@app.command()
def drop(batch: Batch, url: Url = _URL, user: User = None, password: Password = None, token: Token = None) -> None:
    """Never send the e-mails of a batch that are held now."""
    out.print(f"{_order(batch, 'drop', url, user, password, token)} e-mails are being dropped.", highlight=False)


def _order(batch: UUID, action: str, url: str, user: str | None, password: str | None, token: str | None) -> int:
    """Returns how many e-mails were held."""
    with Client(url, user, password, token) as client:
        headers = {"Idempotency-Key": str(uuid4())}
        return int(client.send("POST", f"{_HELD}/{batch}/{action}", headers=headers)["result"]["emails"])
