"""Groups and triggers as code (CAT-16)."""

from fastapi import APIRouter

from services.enrollment.api.parts import Using
from services.enrollment.application.applying import File
from shared.auth import Permission, SignedIn
from shared.http import AtLeast, Commanded, Wait
from shared.readmodel import wait_for
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")

_PATIENCE = 10.0
"""Seconds that `at_least` waits where the caller did not say `Prefer: wait=N`."""


@router.post("/apply")
def apply(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    wait: Wait,
    body: File,
    dry_run: bool = False,
    at_least: AtLeast = None,
) -> Receipt:
    """Make groups and triggers as the body says; `dry_run` only shows the difference.

    `rollbook apply` sends it after the catalogue has its part of the file: `at_least` is the position that this answered with.
    """
    caller.everywhere(Permission.ASSIGN)
    wait_for(using.database, at_least, wait or _PATIENCE)
    return using.applying.apply(context, body, dry_run=dry_run)
