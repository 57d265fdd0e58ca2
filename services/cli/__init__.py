"""The `rollbook` command."""


def main() -> None:
    """The commands are imported here, so that nobody who imports one part of this package gets all of it."""
    from services.cli.commands import app  # noqa: PLC0415

    app()


__all__ = ["main"]
