"""The kind of offering that a report shows (CAT-9)."""

from uuid import uuid4

import pytest
from reporting.harness import Harness

from shared.contracts import catalog, enrollment


@pytest.mark.feature("CAT-9", "RPT-1")
def test_a_qualification_is_reported_as_one(harness: Harness) -> None:
    fitter, ada = uuid4(), harness.person()
    told = {"code": "F", "title": "Fitter", "description": "", "items": (uuid4(),)}
    told |= {"certificate": None, "badge": None, "price": None}
    harness.tell(harness.catalog, harness.next(catalog.QualificationDescribed, fitter, **told))
    harness.enrol(ada, offering=fitter, assignment=harness.assignment(fitter))
    harness.settle()
    (row,) = harness.rows()
    assert (row["offering_kind"], row["offering_title"], row["offering_code"]) == ("qualification", "Fitter", "F")


@pytest.mark.feature("RPT-2", "ASG-1", "CAT-10", "TRG-1", "RPT-7")
def test_job_roles_and_triggers_are_types_with_names_of_their_day(harness: Harness) -> None:
    course, ada, role, trigger = harness.course(), harness.person(), uuid4(), uuid4()
    told = {"code": "N", "description": "", "qualifications": ()}
    harness.tell(harness.catalog, harness.next(catalog.JobRoleDescribed, role, name="Nurse", **told))
    when = enrollment.TriggerCondition(kind="created")
    gives = {"assignment_id": uuid4(), "offering_id": course, "job_role_id": None}
    created = harness.next(enrollment.TriggerCreated, trigger, name="Newcomers", when=when, **gives, undo=False)
    harness.tell(harness.enrollment, created)
    for type, target in (("job-role", role), ("trigger", trigger)):
        harness.enrol(ada, offering=course, assignment=harness.assignment(course, type, target))
    harness.settle()
    then = harness.now()
    harness.tell(harness.catalog, harness.next(catalog.JobRoleDescribed, role, name="Senior nurse", **told))
    harness.settle()
    for asked, nurse in (({}, "Senior nurse"), ({"as_of": then}, "Nurse")):
        rows = harness.rows(**asked)
        assert sorted((r["assignment_type_label"], r["assignment_name"]) for r in rows) == [
            ("Job role", nurse),
            ("Trigger", "Newcomers"),
        ]
    (row,) = harness.rows(type="trigger")
    assert row["assignment_type"] == "trigger"
    assert harness.replay()["differences"] == 0
