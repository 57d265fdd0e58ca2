"""The `rollbook` command."""

from services.cli.commands import app


def main() -> None:
    app()


__all__ = ["main"]
