"""Assignments of every type are called something in reports (ASG-1)."""

from collections import Counter
from typing import get_args

from services.reporting.reports.targets import NAME_TABLES, PEOPLE, TYPE_LABELS
from shared.contracts.enrollment import AssignmentType


def test_every_assignment_type_has_a_label_and_one_place_where_its_targets_are_named() -> None:
    types = set(get_args(AssignmentType))
    assert set(TYPE_LABELS) == types
    assert Counter([*PEOPLE, *(type for named in NAME_TABLES for type in named.types)]) == Counter(types)
