"""Groups and triggers as code (CAT-16)."""

from fastapi import APIRouter

from services.enrollment.api.dependencies import DatabaseDep, ManifestApplierDep
from services.enrollment.application.manifest import Manifest
from shared.auth import CurrentCaller, Permission
from shared.http import AtLeast, CommandContextDep, PreferWait
from shared.readmodel import wait_for
from shared.store import Receipt

router = APIRouter(prefix="/api/enrollment")

_PATIENCE = 10.0
"""Seconds that `at_least` waits where the caller did not say `Prefer: wait=N`."""


@router.post("/apply")
def apply(
    caller: CurrentCaller,
    context: CommandContextDep,
    database: DatabaseDep,
    applier: ManifestApplierDep,
    wait: PreferWait,
    body: Manifest,
    dry_run: bool = False,
    at_least: AtLeast = None,
) -> Receipt:
    """Create and update groups and triggers to match the body; `dry_run` only shows the difference.

    `rollbook apply` sends this after the catalog's part of the file: `at_least` is the position in the catalog's answer.
    """
    caller.everywhere(Permission.ASSIGN)
    wait_for(database, at_least, wait or _PATIENCE)
    return applier.apply(context, body, dry_run=dry_run)
