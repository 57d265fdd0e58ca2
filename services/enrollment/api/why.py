"""Why a learner is enrolled."""

from uuid import UUID

from fastapi import APIRouter

from services.enrollment.api.dependencies import EnrollmentQueriesDep, WhyQueriesDep
from services.enrollment.api.enrollments import NOBODY, reading
from services.enrollment.application.enrollments.why import Why
from services.enrollment.projections.enrollments import EnrollmentQuery
from shared.auth import CurrentCaller

router = APIRouter(prefix="/api/enrollment")


@router.get("/enrollments/{enrollment_id}/why")
def show_why(caller: CurrentCaller, queries: EnrollmentQueriesDep, why: WhyQueriesDep, enrollment_id: UUID) -> Why:
    """Show why a learner is enrolled: per assignment who made it, what makes the learner part of it, since when it holds, and
    why the term is due when it is (LRN-8). Administrators see reasons, and what holds the learner back, too."""
    found = queries.one(reading(caller), caller.id, enrollment_id)
    by_permission = queries.page(reading(caller), EnrollmentQuery(self=NOBODY, id=enrollment_id), None, 1).items
    return why.of(enrollment_id, found.person_id, found.offering_id, administrator=bool(by_permission))
