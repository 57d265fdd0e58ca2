"""The kind of offering that a report shows (CAT-9)."""

from uuid import uuid4

import pytest
from reporting_world import World

from shared.contracts import catalog


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
