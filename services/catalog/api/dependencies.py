"""What the routes use, each what it needs; main provides them."""

from typing import Annotated

from services.catalog.application.job_roles import JobRoles
from services.catalog.application.manifest import ManifestApplier
from services.catalog.application.offerings import Catalog
from shared.auth import Caller, Permission
from shared.errors import Forbidden
from shared.http import use

CatalogDep = Annotated[Catalog, use(Catalog)]
ManifestApplierDep = Annotated[ManifestApplier, use(ManifestApplier)]
JobRolesDep = Annotated[JobRoles, use(JobRoles)]
READERS = (Permission.EDIT_CATALOG, Permission.READ_ASSIGNMENTS)
"""One of these reads the catalog: whoever edits, assigns or audits. It shows what learners may not see (CAT-6, CAT-7)."""


def check_reader(caller: Caller) -> None:
    if not caller.may(*READERS):
        raise Forbidden(
            f"To read the catalog you need one of the permissions {', '.join(READERS)}; a site administrator can grant you one. "
            "Learners can browse what they are allowed to see: GET /api/enrollment/offerings.",
            permission=str(Permission.READ_ASSIGNMENTS),
        )
