"""The commands that run the services, and so import them all. What only talks to a suite starts without this."""

import secrets
import threading
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console

from services.cli import demo
from services.portal.api.entrance.sign_in import SignIn
from services.suite import embedded, processes, running
from shared.embedded import CannotStart
from shared.errors import Corrupt
from shared.feeds import SourceDown
from shared.settings import Settings

out = Console()


def up(port: int | None, data: Path | None, size: int | None, smtp_port: int | None, *, kafka: bool) -> None:
    chosen: dict[str, Any] = {"port": port, "data": data, "demo_size": size, "smtp_port": smtp_port}
    told = Settings(**{name: value for name, value in chosen.items() if value is not None})
    base = f"http://127.0.0.1:{told.port}"
    settings = told.model_copy(update={"base_url": base, "issuer": f"{base}/api/directory", "catcher": True})
    if not settings.payment_url:
        played = {
            "payment_url": f"{base}/api/demo-payments",
            "payment_secret": secrets.token_hex(32),
            "demo_payments": True,
        }
        settings = settings.model_copy(update=played)
    if not settings.launch_secret:
        settings = settings.model_copy(update={"launch_secret": secrets.token_hex(32), "demo_learning": True})
    if settings.demo_history and settings.demo_size and "breaker_learners" not in told.model_fields_set:
        few = max(1, settings.demo_size // 20)
        limits = {"breaker_learners": few, "breaker_minimum": min(few, settings.breaker_minimum)}
        settings = settings.model_copy(update=limits)
    try:
        if kafka:
            processes.serve(settings, ready=_fill_processes)
        else:
            embedded.serve(settings, ready=_fill_suite)
    except (embedded.CannotServe, CannotStart) as error:
        _give_up(error)


def _fill_suite(suite: embedded.Suite) -> None:
    settings = suite.place.settings(suite.settings, "directory")
    demo.fill(settings, suite.sign_ins, out)
    demo.tell(suite.settings.base_url, suite.sign_ins, out)
    demo.go_on(settings, suite.sign_ins, out)


def _fill_processes(suite: processes.Processes) -> None:
    found: list[SignIn] = []
    settings = running.own_settings(suite.settings, "directory").model_copy(update={"data": suite.data})
    demo.fill(settings, found, out)
    suite.show([(one.user_name, one.password, one.role, one.name, one.card) for one in found])
    demo.tell(suite.settings.base_url, found, out)
    threading.Thread(target=demo.go_on, args=(settings, found, out), name="demo", daemon=True).start()


def fill_demo() -> None:
    settings = running.own_settings(Settings(), "directory")
    found: list[SignIn] = []
    demo.fill(settings, found, out)
    demo.tell(settings.base_url, found, out)
    demo.go_on(settings, found, out)


def topics() -> None:
    settings = Settings()
    try:
        if not settings.kafka or "{service}" not in settings.database_url:
            raise SourceDown(
                "Set ROLLBOOK_KAFKA to the broker's address, and ROLLBOOK_DATABASE_URL to a URL that contains {service}."
            )
        for topic in processes.create_topics(settings):
            said = "created" if topic.created else "unchanged"
            out.print(f"{said:<10} {topic.name}  partitions: {topic.partitions}", highlight=False)
    except (SourceDown, Corrupt) as error:
        _give_up(error)


def migrate(*, create: bool) -> None:
    try:
        embedded.external(Settings().database_url, create=create)
    except embedded.CannotServe as error:
        _give_up(error)
    out.print("The databases are up to date.")


def _give_up(error: Exception) -> NoReturn:
    out.print(f"[red]{error}[/red]", highlight=False)
    raise typer.Exit(2) from error
