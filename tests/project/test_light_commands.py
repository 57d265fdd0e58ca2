"""Commands that only talk to a suite start without importing the services."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"fastapi", "psycopg", "eventsourcing", "services.suite", "services.directory", "services.enrollment"}


def imported(*words: str) -> set[str]:
    """The modules that a command has imported when it has printed its help."""
    command = [sys.executable, "-X", "importtime", "-m", "services.cli", *words, "--help"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert "Usage" in ran.stdout
    return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}


@pytest.mark.parametrize(
    "words", [(), ("doctor",), ("apply",), ("import",), ("assign",), ("letters",), ("audit",), ("run",)]
)
def test_help_is_there_without_any_service(words: tuple[str, ...]) -> None:
    modules = imported(*words)
    assert "services.cli.commands" in modules
    assert modules & HEAVY == set()
