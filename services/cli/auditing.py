"""What the commands of `rollbook audit` do: beside the services, on their databases, or on a file alone."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import NoReturn
from uuid import UUID

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.suite.own_secrets import with_kept_audit
from shared.audit import exporting
from shared.audit.anchors import Anchor
from shared.audit.checking import check
from shared.audit.exporting import Slice
from shared.audit.locating import Finding
from shared.audit.notes import Signer, public_key
from shared.audit.verifying import Verification
from shared.audit.verifying import verify as verified
from shared.embedded import CannotStart, EmbeddedPostgres, default_data
from shared.errors import Conflict, Corrupt
from shared.settings import Settings
from shared.suite import SERVICES, SOURCES, SUITE

_REPLAYED = ("directory", "enrollment", "approvals", "keys", "notifier", "reporting")

out = Console()
told = Console(stderr=True)


def verify(services: Sequence[str], folder: Path | None, given: Sequence[str]) -> None:
    settings = _settings()
    keys = _keys(given, settings)
    if unknown := set(services) - set(SERVICES):
        _give_up(f"There is no service {', '.join(sorted(unknown))}. Choose from: {', '.join(SERVICES)}.")
    anchors = folder or settings.audit_checkpoints
    if anchors is None:
        told.print("No folder of checkpoints is known: only those in the databases are compared.", highlight=False)
    found: list[Finding] = []
    with _databases(settings) as conninfo:
        for service in services or SERVICES:
            anchored = list(Anchor(anchors, service).notes()) if anchors else []
            one = _verified(conninfo(service), service, keys, anchored)
            _tell(one)
            found += one.findings
    if found:
        raise typer.Exit(1)


def verify_file(file: Path, given: Sequence[str]) -> None:
    keys = _keys(given, _settings())
    try:
        with file.open("rb") as lines:
            found = check(lines, keys)
    except ValueError as error:
        _give_up(str(error))
    out.print(
        f"{found.events} events, against a checkpoint of {found.sealed} events of {found.origin}", highlight=False
    )
    _tell_findings(found.findings)
    if found.findings:
        raise typer.Exit(1)


def export(
    service: str,
    learner: UUID | None,
    offering: UUID | None,
    since: datetime | None,
    until: datetime | None,
    to: Path | None,
) -> None:
    settings = _settings()
    if service not in SERVICES:
        _give_up(f"There is no service {service}. Choose from: {', '.join(SERVICES)}.")
    if not settings.audit_key:
        _give_up("Set ROLLBOOK_AUDIT_KEY: an export is signed.")
    slice = Slice(learner, offering, _utc(since), _utc(until))
    with _databases(settings) as conninfo, _written(to) as write:
        try:
            for line in exporting.export(conninfo(service), service, slice, Signer(settings.audit_key)):
                write(line)
        except (Conflict, Corrupt, psycopg.OperationalError) as error:
            _give_up(str(error))


def replay(service: str) -> None:
    settings = _settings()
    found = next((member for member in SUITE if member.name == service), None)
    run = getattr(import_module(found.module), "replay", None) if found else None
    if run is None:
        _give_up(f"{service} has nothing that can be rebuilt. Choose from: {', '.join(_REPLAYED)}.")
    with _databases(settings) as databases:
        feeds = {source: databases(owner) for source, owner in SOURCES.items()}
        own = settings.model_copy(update={"database_url": databases(service), "feeds": settings.feeds or feeds})
        comparison = run(own)
    for one in comparison.tables:
        out.print(
            f"{one.table}: {one.live} rows, {one.rebuilt} rebuilt, {one.differences} differences", highlight=False
        )
    out.print(f"differences: {comparison.differences}", highlight=False)
    if comparison.differences:
        raise typer.Exit(1)


def print_key() -> None:
    settings = _settings()
    if not settings.audit_key:
        _give_up("Set ROLLBOOK_AUDIT_KEY, or run this where the data of the suite is.")
    typer.echo(Signer(settings.audit_key).public.hex())


def _verified(conninfo: str, service: str, keys: Sequence[bytes], anchored: Sequence[str]) -> Verification:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=told, transient=True) as shown:
            bar = shown.add_task(service)
            return verified(
                conninfo, service, keys, anchored, lambda done, total: shown.update(bar, completed=done, total=total)
            )
    except psycopg.OperationalError as error:
        _give_up(f"The database of {service} cannot be read: {error}")


def _tell(one: Verification) -> None:
    out.print(
        f"{one.service}: {one.events} events; compared up to {one.sealed} with {one.checkpoints} checkpoints, "
        f"{one.anchored} of them from outside of the database",
        highlight=False,
        soft_wrap=True,
    )
    _tell_findings(one.findings)


def _tell_findings(findings: Sequence[Finding]) -> None:
    for one in findings:
        out.print(f"  position {one.position}: {one.kind}: {one.told}", highlight=False, markup=False, soft_wrap=True)
    if not findings:
        out.print("  as it was recorded", highlight=False)


def _settings() -> Settings:
    settings = Settings()
    return with_kept_audit(settings, settings.data or default_data())


def _keys(given: Sequence[str], settings: Settings) -> list[bytes]:
    try:
        keys = [public_key(one) for one in given]
    except ValueError as error:
        _give_up(f"--public-key: {error}")
    if not keys and settings.audit_key:
        keys = [Signer(settings.audit_key).public]
    if not keys:
        _give_up("There is no key to trust. Give one with --public-key, or set ROLLBOOK_AUDIT_KEY.")
    return keys


class _Databases:
    def __init__(self, settings: Settings, own: EmbeddedPostgres | None) -> None:
        self._settings = settings
        self._own = own

    def __call__(self, service: str) -> str:
        """Where a service's database is."""
        if self._own:
            return self._own.conninfo(f"rollbook_{service}")
        return self._settings.database_url.replace("{service}", service)


@contextlib.contextmanager
def _databases(settings: Settings) -> Iterator[_Databases]:
    """The operator's server; else ours, which is ended again where it did not run."""
    if settings.database_url:
        yield _Databases(settings, None)
        return
    own = EmbeddedPostgres(settings.data or default_data())
    running = own.pid() is not None
    try:
        own.start()
        yield _Databases(settings, own)
    except CannotStart as error:
        _give_up(str(error))
    finally:
        if not running:
            own.stop()


@contextlib.contextmanager
def _written(to: Path | None) -> Iterator[Callable[[str], object]]:
    """Where lines go; a file is there once it is whole."""
    if to is None:
        yield sys.stdout.write
        return
    fresh = to.with_name(f"{to.name}.new")
    with fresh.open("w", encoding="utf-8", newline="\n") as file:
        yield file.write
    fresh.replace(to)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _give_up(why: str) -> NoReturn:
    told.print(why, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(2)
