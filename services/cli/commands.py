"""The commands. Each is a thin client of the services, but those that run them and import what they need (`serving`)."""

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import typer
from rich.console import Console
from rich.table import Table

from services.cli import applying, importing, letters, operating
from services.cli.client import Client, Password, Token, Url, User
from shared import telemetry

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Rollbook: the ledger of who must learn what, and why.",
    pretty_exceptions_enable=False,
)
app.add_typer(letters.app, name="letters")
for name, command in operating.COMMANDS.items():
    app.command(name)(command)
out = Console()


class Feed(StrEnum):
    POSTGRES = "postgres"
    KAFKA = "kafka"


_URL = "http://127.0.0.1:8000"


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="Where to answer, on loopback; 8000 unless set")] = None,
    data: Annotated[Path | None, typer.Option(help="Where the data is kept")] = None,
    size: Annotated[int | None, typer.Option(help="People of the demo company; 0 for none")] = None,
    smtp_port: Annotated[int | None, typer.Option(help="Where the mail catcher listens")] = None,
    feed: Annotated[
        Feed, typer.Option(help="How events travel: in one process, or through Kafka with a process for each role")
    ] = Feed.POSTGRES,
) -> None:
    """Run every service on this machine, with an embedded database. Not for production. Ctrl-C ends it; data is kept."""
    from services.cli import serving  # noqa: PLC0415

    telemetry.configure(json=not sys.stderr.isatty())
    serving.up(port, data, size, smtp_port, kafka=feed is Feed.KAFKA)


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the difference")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Make offerings, job roles, groups and triggers as FILE says (CAT-16). Again: nothing changes."""
    with Client(url, user, password, token) as client:
        items = applying.apply(client, file.read_bytes(), dry_run=dry_run)
    for item in items:
        for line in applying.printed(item):
            out.print(line, highlight=False, markup=False, soft_wrap=True)


@app.command("import")
def import_files(
    source: Annotated[
        Path,
        typer.Argument(
            exists=True,
            help="A folder with org.csv, pos.csv, user.csv, jobassignment.csv; with --offering an xlsx file of e-mail addresses",
        ),
    ],
    offering: Annotated[
        str | None, typer.Option(help="Code of the offering to assign the addresses of a file to")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Entries of a file to import; the others are reported")] = 100_000,
    mapping: Annotated[str, typer.Option(help="Of a folder: totara, canvas, moodle")] = "totara",
    option: Annotated[
        list[str] | None, typer.Option(help="Of a folder: name=value, as docs/directory.md lists them")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and report, change nothing")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Import people and structure (DIR-8, DIR-13), or assign learners (IMP-4). The exit code is 1 when a row was not imported."""
    with Client(url, user, password, token) as client:
        if source.is_dir() == (offering is not None):
            client.fail(
                "People are imported from a folder. Learners are assigned from an xlsx file, with --offering CODE."
            )
        if offering is None:
            left = importing.people(client, out, source, mapping, option or [], dry_run=dry_run)
        else:
            left = importing.learners(client, out, source, _offering(client, offering), limit, dry_run=dry_run)
    if left:
        raise typer.Exit(1)


Ids = Annotated[list[UUID] | None, typer.Option(help="May be given several times")]


@app.command()
def assign(
    offering: Annotated[str, typer.Argument(help="Code of the offering")],
    person: Ids = None,
    audience: Ids = None,
    organisation: Ids = None,
    position: Ids = None,
    manager: Ids = None,
    below: Annotated[bool, typer.Option("--below", help="Include everything, or everybody, below")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm the preview without asking")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Show exactly what an assignment would do, ask, and do it (ASG-8, ASG-9)."""
    given = {
        "individual": person,
        "audience": audience,
        "organisation": organisation,
        "position": position,
        "manager": manager,
    }
    targets = [
        {"type": type, "target_id": str(id), "include_below": below and type in ("organisation", "position", "manager")}
        for type, ids in given.items()
        for id in ids or []
    ]
    with Client(url, user, password, token) as client:
        body = {"action": "assign", "offering_id": _offering(client, offering), "targets": targets}
        preview = client.send("POST", "/api/enrollment/previews", json=body)
        _show(preview)
        if not yes:
            typer.confirm("Ok?", abort=True)
        receipt = client.send("POST", f"/api/enrollment/previews/{preview['id']}/confirm", headers=_key())
        for job in receipt["result"]["jobs"]:
            done = client.follow(f"/api/enrollment/jobs/{job}", "Assigning")
            out.print(f"Done. Reports that show it: --at-least {done['result']['position']}", highlight=False)


def _offering(client: Client, code: str) -> str:
    found = [i for i in client.pages("/api/catalog/offerings", {"q": code}) if i["code"].lower() == code.lower()]
    if found:
        return str(found[0]["id"])
    return client.fail(f"There is no offering with the code {code}. rollbook apply makes offerings.")


def _show(preview: dict[str, Any]) -> None:
    out.print(preview["text"])
    table = Table("", "learners", box=None)
    for name in ("enrolled", "source_added", "withdrawn", "source_removed", "kept_without_source", "excluded"):
        table.add_row(name.replace("_", " "), str(preview[name]))
    table.add_row("e-mails", str(preview["emails"]["count"]))
    out.print(table)


@app.command()
def report(
    as_of: Annotated[
        str | None, typer.Option(help="A date, or a time with offset: as it would have answered then")
    ] = None,
    at_least: Annotated[str | None, typer.Option(help="A position, as enrollment:1234")] = None,
    count: Annotated[bool, typer.Option("--count", help="Only the number of rows")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """The membership report as CSV on standard output (RPT-1, RPT-7)."""
    params = {k: v for k, v in {"as_of": as_of, "at_least": at_least}.items() if v}
    with Client(url, user, password, token) as client:
        if count:
            out.print(client.send("GET", "/api/reporting/membership/count", params=params)["total"], highlight=False)
            return
        for piece in client.stream("/api/reporting/membership.csv", params):
            sys.stdout.write(piece)


@app.command()
def replay(
    swap: Annotated[
        bool, typer.Option("--swap", help="Put the rebuilt read models in the place of the live ones")
    ] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Rebuild the read models from the events beside the live ones, and compare (AUD-2). Exit code 1 on a difference."""
    with Client(url, user, password, token) as client:
        job = client.send("POST", "/api/reporting/replay", json={"swap": swap}, headers=_key())
        job = client.follow(f"/api/reporting/replay/{job['id']}", "Replaying")
    differences = job["comparison"]["differences"]
    out.print(f"differences: {differences}", highlight=False)
    if differences:
        raise typer.Exit(1)


@app.command()
def doctor(url: Url = _URL) -> None:
    """Look at what the suite needs; each failure comes with its fix (OPS-4). Exit code 1 when something is not well."""
    from services.cli.doctor import examine  # noqa: PLC0415
    from shared.settings import Settings  # noqa: PLC0415

    with httpx.Client(base_url=url, timeout=10.0) as http:
        findings = list(examine(Settings(), http))
    for finding in findings:
        mark = "[green]ok[/green]    " if finding.well else "[red]not ok[/red]"
        out.print(f"{mark} {finding.what}: {finding.said}", highlight=False)
        if not finding.well:
            out.print(f"       fix: {finding.fix}", highlight=False)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


def _key() -> dict[str, str]:
    return {"Idempotency-Key": f"cli-{datetime.now():%Y%m%d}-{uuid4()}"}
