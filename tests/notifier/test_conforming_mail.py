"""What the notifier answers to drawn requests is what its OpenAPI document says (OPS-8, NTF-4)."""

from uuid import uuid4

import pytest
from conforming import Conformance
from notifier.harness import Harness


@pytest.mark.feature("OPS-8", "NTF-4")
def test_whatever_is_drawn_from_the_document_of_the_notifier_is_answered_as_it_says(harness: Harness) -> None:
    headers = harness.issuer.headers(uuid4(), ("site-administrator", None))
    asked = Conformance(harness.service.app, headers, {})
    asked.run()
    assert asked.faults == []
    assert asked.visited.keys() == asked.documented
    assert len(asked.served) > 3, asked.served
