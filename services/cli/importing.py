"""`rollbook import`: sends files of people, or of learners to assign; shows the progress, prints the report."""

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from services.cli.client import Client

_FILES = {"org": "org.csv", "pos": "pos.csv", "user": "user.csv", "jobassignment": "jobassignment.csv"}
_PATIENCE = 600.0
"""Seconds for a hundred thousand rows to be read and recorded."""
_SHOWN = 200
"""Rows of the report about people that are printed; all of them are at the run's address."""


def people(client: Client, out: Console, folder: Path, mapping: str, options: Sequence[str], *, dry_run: bool) -> int:
    """Import the files of a folder. Returns how many rows were skipped."""
    found = {element: folder / name for element, name in _FILES.items() if (folder / name).exists()}
    if not found:
        client.fail(f"{folder} has none of {', '.join(_FILES.values())}.")
    fields = dict(_option(client, text) for text in options)
    fields |= {"mapping": mapping, "dry_run": str(dry_run).lower()}
    files = {element: (path.name, path.read_bytes(), "text/csv") for element, path in found.items()}
    started = client.send("POST", "/api/directory/imports", data=fields, files=files)
    path = f"/api/directory/imports/{started['id']}"
    done = client.follow(path, "Checking" if dry_run else "Importing")
    for outcome, rows in sorted(done["outcomes"].items()):
        out.print(f"{outcome:<10} {rows}", highlight=False)
    if done["ignored"]:
        out.print(f"ignored headings: {', '.join(done['ignored'])}", highlight=False)
    skipped = int(done["outcomes"].get("skipped", 0))
    if skipped:
        _print_skipped(client, out, path, skipped)
    return skipped


def learners(client: Client, out: Console, file: Path, offering: str, limit: int, *, dry_run: bool) -> int:
    """Assign the addresses of a spreadsheet. Returns how many rows are not assigned after it; a duplicate's first row counts."""
    with client.busy("Checking" if dry_run else "Assigning"):
        receipt = client.send(
            "POST",
            f"/api/enrollment/offerings/{offering}/learners/import",
            params={"dry_run": dry_run, "limit": limit},
            content=file.read_bytes(),
            headers={"Idempotency-Key": f"cli-import-{uuid4()}"},
            timeout=_PATIENCE,
        )
    report = receipt["result"]
    jobs = client.follow_all([f"/api/enrollment/jobs/{job}" for job in report["jobs"]], "Enrolling")
    for outcome, rows in report["counts"].items():
        if rows:
            out.print(f"{outcome:<16} {rows}", highlight=False)
    left = [row for row in report["rows"] if row["outcome"] not in ("assigned", "already-assigned")]
    out.file.writelines(f"row {row['row']}: {row['outcome']}. {row.get('detail', '')}".strip() + "\n" for row in left)
    if jobs:
        out.print(f"Done. To see it in reports, add: --at-least {jobs[-1]['result']['position']}", highlight=False)
    return sum(row["outcome"] != "duplicate" for row in left)


def _option(client: Client, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        client.fail(f"Write an option as name=value, not '{text}'.")
    return name, value


def _print_skipped(client: Client, out: Console, path: str, skipped: int) -> None:
    for number, row in enumerate(client.pages(f"{path}/report", {"outcome": "skipped", "limit": "500"})):
        if number == _SHOWN:
            out.print(f"... and {skipped - _SHOWN} more: GET {path}/report?outcome=skipped", highlight=False)
            return
        reasons = "; ".join(reason["detail"] for reason in row["reasons"])
        out.print(f"{row['element']} row {row['number']}: {reasons}", highlight=False)
