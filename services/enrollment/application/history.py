"""The histories that enrollment can tell, to whoever may read their subject (AUD-1, SEC-2)."""

from uuid import UUID

from services.enrollment.domain.groups import membership_id
from services.enrollment.domain.job_roles import holding_id
from services.enrollment.domain.triggers import standing_id
from services.enrollment.projections import history
from services.enrollment.projections.assignments import AssignmentQuery, assignments
from services.enrollment.projections.enrollments import EnrollmentQuery, enrollments
from services.enrollment.projections.history import Kind, SubjectKind
from services.enrollment.projections.names import people_within
from shared.auth import Scope
from shared.database import Connection, Database
from shared.errors import NotFound
from shared.history import Histories, HistoryPage, HistoryQuery, Subject

_NOBODY = UUID(int=0)


class EnrollmentHistories:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._histories: Histories[Kind] = Histories(history.TABLE, history.called)

    def page(self, scope: Scope, kind: SubjectKind, id: UUID, query: HistoryQuery, limit: int) -> HistoryPage[Kind]:
        """Raises NotFound where the subject is unknown, or out of the scope."""
        with self._database.connection() as conn:
            return self._histories.page(conn, _subject(conn, scope, kind, id), query, limit)


def _subject(conn: Connection, scope: Scope, kind: SubjectKind, id: UUID) -> Subject:
    match kind:
        case "enrollment":
            if enrollments(conn, scope, EnrollmentQuery(self=_NOBODY, id=id), None, 1).items:
                return _of_enrollment(conn, id)
        case "assignment":
            if assignments(conn, scope, AssignmentQuery(id=id), None, 1).items:
                return history.of_assignment(conn, id)
        case "person":
            if people_within(conn, scope, [id]):
                return _of_person(conn, id)
        case "offering":
            return history.of_offering(conn, scope, id)
        case "trigger" | "held-change":
            return history.of_stream(kind, id)
    raise NotFound(f"There is no such {kind}, or none that you may see.", field="id")


def _of_enrollment(conn: Connection, id: UUID) -> Subject:
    """With the learner's places in the offering's groups."""
    places = [membership_id(group, person) for person, group in history.groups_of_enrollment(conn, id)]
    return Subject.of_streams([id, *places])


def _of_person(conn: Connection, id: UUID) -> Subject:
    """Enrollments, what assigned them alone, groups, triggers, job roles."""
    found = history.of_person(conn, id)
    pairs = [membership_id(group, id) for group in found.groups]
    pairs += [standing_id(trigger, id) for trigger in found.triggers]
    pairs += [holding_id(role, id) for role in found.job_roles]
    return Subject.of_streams([*found.own, *pairs])
