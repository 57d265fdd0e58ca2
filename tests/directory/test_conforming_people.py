"""What the directory answers to drawn requests is what its OpenAPI document says (OPS-8, DIR-1)."""

from uuid import uuid4

import pytest
from conforming import Conformance
from directory.harness import Furnished


@pytest.mark.feature("OPS-8", "DIR-1")
def test_whatever_is_drawn_from_the_document_of_the_directory_is_answered_as_it_says(furnished: Furnished) -> None:
    harness, known = furnished
    asked = Conformance(harness.service.app, harness.issuer.headers(uuid4(), ("site-administrator", None)), known)
    asked.run()
    assert asked.faults == []
    assert asked.visited.keys() == asked.documented
    assert len(asked.served) > 20, asked.served
