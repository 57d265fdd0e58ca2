"""What the reports answer to drawn requests is what their OpenAPI document says (OPS-8, RPT-1)."""

from uuid import uuid4

import pytest
from conforming import Conformance
from reporting.harness import OpenHarness


@pytest.mark.feature("OPS-8", "RPT-1")
def test_whatever_is_drawn_from_the_document_of_the_reports_is_answered_as_it_says(
    open_harness: OpenHarness,
) -> None:
    harness = open_harness(wait_limit=0.05)
    harness.person("Ada Lovelace", harness.unit("Ward"))
    harness.course()
    harness.settle()
    asked = Conformance(
        harness.service.app, harness.issuer.headers(uuid4(), ("site-administrator", None)), {}, examples=3
    )
    asked.run()
    assert asked.faults == []
    assert asked.visited.keys() == asked.documented
    assert len(asked.served) > 5, asked.served
