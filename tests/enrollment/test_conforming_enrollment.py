"""What enrollment answers to drawn requests is what its OpenAPI document says (OPS-8, ASG-10)."""

from uuid import uuid4

import pytest
from conforming import Conformance
from enrollment.harness import Furnished


@pytest.mark.feature("OPS-8", "ASG-10")
def test_whatever_is_drawn_from_the_document_of_enrollment_is_answered_as_it_says(furnished: Furnished) -> None:
    harness, known = furnished.harness, furnished.known
    asked = Conformance(harness.service.app, harness.issuer.headers(uuid4(), ("site-administrator", None)), known)
    asked.run()
    assert asked.faults == []
    assert asked.visited.keys() == asked.documented
    assert len(asked.served) > 20, asked.served
