"""Offerings as learners see them, and qualifications with their learning items."""

from uuid import UUID

from fastapi import APIRouter

from services.enrollment.api.enrollments import reading
from services.enrollment.api.parts import Using
from services.enrollment.application.browsing import OfferingCard
from services.enrollment.projections.items import ItemWarning, LearningItem
from shared.auth import Permission, SignedIn
from shared.contracts.catalog import OfferingKind
from shared.http import Cursor, PageSize
from shared.limits import Sought
from shared.readmodel import Page

router = APIRouter(prefix="/api/enrollment")


@router.get("/offerings")
def browse(
    caller: SignedIn,
    using: Using,
    size: PageSize,
    q: Sought | None = None,
    kind: OfferingKind | None = None,
    cursor: Cursor = None,
) -> Page[OfferingCard]:
    """What the caller may see, by title, with standing and next action; `q` is a part of title or code (CAT-6, CAT-7)."""
    return using.browsing.page(caller.id, q, kind, cursor, size)


@router.get("/enrollments/{enrollment_id}/items")
def list_items(caller: SignedIn, using: Using, enrollment_id: UUID) -> list[LearningItem]:
    """What earns a qualification, done and open (CAT-9)."""
    using.viewing.one(reading(caller), caller.id, enrollment_id)
    return using.browsing.items(enrollment_id)


@router.get("/offerings/{offering_id}/item-warnings")
def list_item_warnings(
    caller: SignedIn, using: Using, offering_id: UUID, assignment_id: UUID | None = None
) -> list[ItemWarning]:
    """Items of a qualification that its learners do not see, why, and how many (CAT-11); or of one assignment."""
    return using.browsing.warnings(caller.scope(Permission.READ_ASSIGNMENTS), offering_id, assignment_id)
