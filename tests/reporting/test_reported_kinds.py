"""The kind of offering that a report shows (CAT-9)."""

from uuid import uuid4

import pytest
from reporting_world import World

from shared.contracts import catalog, enrollment


@pytest.mark.feature("CAT-9", "RPT-1")
def test_a_qualification_is_reported_as_one(world: World) -> None:
    fitter, ada = uuid4(), world.person()
    told = {"code": "F", "title": "Fitter", "description": "", "items": (uuid4(),)}
    told |= {"certificate": None, "badge": None, "price": None}
    world.tell(world.catalog, world.next(catalog.QualificationDescribed, fitter, **told))
    world.enrol(ada, offering=fitter, assignment=world.assignment(fitter))
    world.settle()
    (row,) = world.rows()
    assert (row["offering_kind"], row["offering_title"], row["offering_code"]) == ("qualification", "Fitter", "F")


@pytest.mark.feature("RPT-2", "ASG-1", "CAT-10", "TRG-1", "RPT-7")
def test_job_roles_and_triggers_are_types_with_names_of_their_day(world: World) -> None:
    course, ada, role, trigger = world.course(), world.person(), uuid4(), uuid4()
    told = {"code": "N", "description": "", "qualifications": ()}
    world.tell(world.catalog, world.next(catalog.JobRoleDescribed, role, name="Nurse", **told))
    when = enrollment.TriggerCondition(kind="created")
    gives = {"assignment_id": uuid4(), "offering_id": course, "job_role_id": None}
    created = world.next(enrollment.TriggerCreated, trigger, name="Newcomers", when=when, **gives, undo=False)
    world.tell(world.enrollment, created)
    for type, target in (("job-role", role), ("trigger", trigger)):
        world.enrol(ada, offering=course, assignment=world.assignment(course, type, target))
    world.settle()
    then = world.now()
    world.tell(world.catalog, world.next(catalog.JobRoleDescribed, role, name="Senior nurse", **told))
    world.settle()
    for asked, nurse in (({}, "Senior nurse"), ({"as_of": then}, "Nurse")):
        rows = world.rows(**asked)
        assert sorted((r["assignment_type_label"], r["assignment_name"]) for r in rows) == [
            ("Job role", nurse),
            ("Trigger", "Newcomers"),
        ]
    (row,) = world.rows(type="trigger")
    assert row["assignment_type"] == "trigger"
    assert world.replay()["differences"] == 0
