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

from services.cli import applying, audit, history, importing, keys, letters, mail, operating
from services.cli.client import Client, Password, Token, Url, User
from shared import telemetry
from shared.folding import fold

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Rollbook: the ledger of who must learn what, and why.",
    pretty_exceptions_enable=False,
)
app.add_typer(letters.app, name="letters")
app.add_typer(keys.app, name="keys")
app.add_typer(mail.app, name="mail")
app.add_typer(audit.app, name="audit")
for name, command in operating.COMMANDS.items():
    app.command(name)(command)
out = Console()


class Feed(StrEnum):
    POSTGRES = "postgres"
    KAFKA = "kafka"


_URL = "http://127.0.0.1:8000"


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="Port to listen on, on loopback; 8000 by default")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder for the data")] = None,
    size: Annotated[int | None, typer.Option(help="Number of people in the demo company; 0 for none")] = None,
    smtp_port: Annotated[int | None, typer.Option(help="Port of the mail catcher")] = None,
    feed: Annotated[
        Feed,
        typer.Option(
            help="How events travel: postgres runs everything in one process; kafka uses Kafka and one process per role"
        ),
    ] = Feed.POSTGRES,
) -> None:
    """Run every service on this machine, with an embedded database. Not for production. Stop it with Ctrl-C; the data is kept."""
    from services.cli import serving  # noqa: PLC0415

    telemetry.configure(json=not sys.stderr.isatty())
    serving.up(port, data, size, smtp_port, kafka=feed is Feed.KAFKA)


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the differences")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Create and update offerings, job roles, groups and triggers to match FILE (CAT-16). Repeating it changes nothing."""
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
            help="A folder with org.csv, pos.csv, user.csv, jobassignment.csv; or, with --offering, an xlsx "
            "file of e-mail addresses",
        ),
    ],
    offering: Annotated[
        str | None, typer.Option(help="Code of the offering to which the addresses in the file are assigned")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Number of entries to import from the file; the others are reported")
    ] = 100_000,
    mapping: Annotated[str, typer.Option(help="For a folder: totara, canvas or moodle")] = "totara",
    option: Annotated[
        list[str] | None, typer.Option(help="For a folder: name=value; docs/directory.md lists them")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and report, without changing anything")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Import people and structure (DIR-8, DIR-13), or assign learners (IMP-4). The exit code is 1 if a row was not imported."""
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


Ids = Annotated[list[UUID] | None, typer.Option(help="Can be repeated")]


@app.command()
def assign(
    offering: Annotated[str, typer.Argument(help="Code of the offering")],
    person: Ids = None,
    audience: Ids = None,
    organisation: Ids = None,
    position: Ids = None,
    manager: Ids = None,
    below: Annotated[bool, typer.Option("--below", help="Include everything and everybody below")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Apply without asking for confirmation")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Preview exactly what an assignment would do, ask for confirmation, and apply it (ASG-8, ASG-9)."""
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
            typer.confirm("Apply this change?", abort=True)
        receipt = client.send("POST", f"/api/enrollment/previews/{preview['id']}/confirm", headers=_key())
        for job in receipt["result"]["jobs"]:
            done = client.follow(f"/api/enrollment/jobs/{job}", "Assigning")
            out.print(f"Done. To see it in reports, add: --at-least {done['result']['position']}", highlight=False)


def _offering(client: Client, code: str) -> str:
    found = [i for i in client.pages("/api/catalog/offerings", {"q": code}) if fold(i["code"]) == fold(code)]
    if found:
        return str(found[0]["id"])
    return client.fail(f"There is no offering with the code {code}. Create offerings with: rollbook apply")


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
        str | None, typer.Option(help="A date, or a time with UTC offset: show the report as of then")
    ] = None,
    at_least: Annotated[
        str | None, typer.Option(help="A position, such as enrollment:1234: wait until the report includes it")
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Only show the number of rows")] = False,
    offering: Annotated[str | None, typer.Option(help="Code of an offering: only show who is on this one")] = None,
    organisation: Annotated[
        str | None, typer.Option(help="Id of an organisation: only show learners there and below")
    ] = None,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """The membership report as CSV on standard output (RPT-1, RPT-7)."""
    with Client(url, user, password, token) as client:
        told = {"as_of": as_of, "at_least": at_least, "organisation_id": organisation}
        told["offering_id"] = _offering(client, offering) if offering else None
        params = {k: v for k, v in told.items() if v}
        if count:
            out.print(client.send("GET", "/api/reporting/membership/count", params=params)["total"], highlight=False)
            return
        for piece in client.stream("/api/reporting/membership.csv", params):
            sys.stdout.write(piece)


@app.command("history")
def show_history(
    subject: Annotated[history.Subject, typer.Argument(help="What it is")],
    id: Annotated[str, typer.Argument(help="Its id; for an offering its code, too")],
    as_of: Annotated[str | None, typer.Option(help="A time with UTC offset: the history as it was then")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of changes to show, the newest first")] = 50,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Every change of a subject: when, who, what with what it was before, why, how, and caused by what (AUD-1)."""
    with Client(url, user, password, token) as client:
        for change in history.changes(client, subject, _subject(client, subject, id), as_of, limit):
            for line in history.printed(change):
                out.print(line, highlight=False, markup=False, soft_wrap=True)


def _subject(client: Client, subject: history.Subject, id: str) -> UUID:
    try:
        return UUID(id)
    except ValueError:
        if subject is not history.Subject.OFFERING:
            client.fail(f"The id of a {subject} looks like 0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f.")
        return UUID(_offering(client, id))


@app.command()
def replay(
    service: Annotated[
        str,
        typer.Argument(help="reporting; or directory, enrollment, approvals, keys, notifier: their facts"),
    ] = "reporting",
    swap: Annotated[bool, typer.Option("--swap", help="Replace the live read models with the rebuilt ones")] = False,
    url: Url = _URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Rebuild the read models from the events alongside the live ones, and compare them (AUD-2). The exit code
    is 1 if they differ. Those of reporting over HTTP; the facts of other services on their databases, and never swapped."""
    if service != "reporting":
        if swap:
            raise typer.BadParameter("Only the read models of reporting can be swapped.")
        from services.cli import auditing  # noqa: PLC0415

        auditing.replay(service)
        return
    with Client(url, user, password, token) as client:
        job = client.send("POST", "/api/reporting/replay", json={"swap": swap}, headers=_key())
        job = client.follow(f"/api/reporting/replay/{job['id']}", "Replaying")
    differences = job["comparison"]["differences"]
    out.print(f"differences: {differences}", highlight=False)
    if differences:
        raise typer.Exit(1)


@app.command()
def doctor(url: Url = _URL) -> None:
    """Check what the suite needs; each failure comes with its fix (OPS-4). The exit code is 1 if a check fails."""
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
