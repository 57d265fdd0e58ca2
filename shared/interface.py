"""Through which interface a command came: what a client says that it is. Nothing depends on it but what a history tells (AUD-1)."""

from collections.abc import Mapping
from typing import Literal, get_args

Interface = Literal["page", "command-line", "api"]
INTERFACE = "X-Rollbook-Interface"
"""The header with which Rollbook's own pages (`page`) and its command line (`command-line`) say what they are."""


def interface(headers: Mapping[str, str]) -> Interface:
    """`api` for whatever else calls."""
    return known(headers.get(INTERFACE)) or "api"


def known(text: str | None) -> Interface | None:
    """None for what this version does not know."""
    return next((one for one in get_args(Interface) if one == text), None)
