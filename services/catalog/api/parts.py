"""What the routes use; main builds it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.catalog.application.applying import Applying
from services.catalog.application.job_roles import JobRoles
from services.catalog.application.offerings import Catalog
from shared.auth import Caller, Permission
from shared.errors import Forbidden


@dataclass(frozen=True)
class Parts:
    catalog: Catalog
    applying: Applying
    job_roles: JobRoles


def parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


Using = Annotated[Parts, Depends(parts)]
READERS = (Permission.EDIT_CATALOGUE, Permission.READ_ASSIGNMENTS)
"""One of these reads the catalogue: whoever edits, assigns or audits. It shows what learners may not see (CAT-6, CAT-7)."""


def check_reader(caller: Caller) -> None:
    if not caller.may(*READERS):
        raise Forbidden(
            f"The catalogue is read with one of the permissions {', '.join(READERS)}; a site administrator can grant one. "
            "Learners browse what they may see: GET /api/enrollment/offerings.",
            permission=str(Permission.READ_ASSIGNMENTS),
        )
