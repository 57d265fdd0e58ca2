"""The history of what enrollment has events of (AUD-1)."""

from services.enrollment.projections.history.subjects import (
    SubjectKind,
    called,
    groups_of_enrollment,
    of_assignment,
    of_offering,
    of_person,
    of_stream,
)
from services.enrollment.projections.history.table import TABLE, Kind

__all__ = [
    "TABLE",
    "Kind",
    "SubjectKind",
    "called",
    "groups_of_enrollment",
    "of_assignment",
    "of_offering",
    "of_person",
    "of_stream",
]
