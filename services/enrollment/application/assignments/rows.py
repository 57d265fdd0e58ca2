"""State rows of assignments and of groups, and back again."""

from datetime import datetime
from uuid import UUID

from services.enrollment.domain.assignments import Assignment, AssignmentSettings, Target, requires
from services.enrollment.domain.groups import Group
from services.enrollment.domain.offerings import Offering
from services.enrollment.projections.tables import AssignmentRow, GroupRow
from shared.folding import fold

_SAME = [name for name in GroupRow._fields if name in Group.__dataclass_fields__]


def assignment_row(
    id: UUID, offering: Offering, target: Target, *, settings: AssignmentSettings, batch: UUID, now: datetime
) -> AssignmentRow:
    """The row of a new assignment."""
    return AssignmentRow(
        id=id,
        revision=1,
        offering=offering.id,
        type=target.type,
        target=target.id,
        include_below=target.include_below,
        live=True,
        batch=batch,
        created_at=now,
        access_days=settings.access_days,
        note=settings.note.id if settings.note else None,
        important=settings.important,
        due=settings.due.model_dump_json() if settings.due else None,
        required=requires(offering, settings.required),
    )


def to_assignment(row: AssignmentRow) -> Assignment:
    """The assignment of a row, but for its note, of which the row has no digest."""
    settings = AssignmentSettings(
        access_days=row.access_days, important=row.important, due=row.due_rule, required=row.required
    )
    target = Target(row.type, row.target, row.include_below)
    return Assignment(row.id, row.revision, row.offering, target, live=row.live, shared=settings)


def group_row(group: Group) -> GroupRow:
    """The row of a group. What has one name in both is the same in both."""
    return GroupRow(
        **{name: getattr(group, name) for name in _SAME}, revision=group.version, name_folded=fold(group.name)
    )


def to_group(row: GroupRow) -> Group:
    """The group of a row."""
    return Group(**{name: getattr(row, name) for name in _SAME}, version=row.revision)
