"""`rollbook keys`: what an operator does about the secrets of training keys (KEY-10)."""

import time
from typing import Any
from uuid import uuid4

import typer
from rich.console import Console

from services.cli.client import Client, Password, Token, Url, User

app = typer.Typer(no_args_is_help=True, help="Rotate the secrets of training keys.")
out = Console()

_URL = "http://127.0.0.1:8000"
_LOOK_SECONDS = 0.5


@app.callback()
def _group() -> None:
    """A group of commands, also while it has only one."""


@app.command()
def rotate(url: Url = _URL, user: User = None, password: Password = None, token: Token = None) -> None:
    """Hash and encrypt every key with the newest of ROLLBOOK_TRAINING_KEY_SECRETS. Repeating it changes nothing. The exit code
    is 1 if keys could not be read, because their version is not in the settings any more."""
    with Client(url, user, password, token) as client:
        headers = {"Idempotency-Key": str(uuid4())}
        id = client.send("POST", "/api/keys/rotations", headers=headers)["result"]["job_id"]
        while (job := _job(client, id))["state"] not in ("finished", "failed"):
            time.sleep(_LOOK_SECONDS)
    if job["state"] == "failed":
        out.print(f"The rotation failed: {job['error']}", highlight=False)
        raise typer.Exit(2)
    result = job["result"]
    out.print(f"Rotated: {result['rotated']}. Unreadable: {result['unreadable']}", highlight=False)
    if result["unreadable"]:
        raise typer.Exit(1)


def _job(client: Client, id: str) -> Any:
    return client.send("GET", f"/api/keys/jobs/{id}")
