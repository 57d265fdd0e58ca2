"""What approvals answers to drawn requests is what its OpenAPI document says (OPS-8, APR-1)."""

import pytest
from approvals.harness import Desk
from conforming import Conformance
from fastapi import FastAPI


@pytest.mark.feature("OPS-8", "APR-1")
def test_whatever_is_drawn_from_the_document_of_approvals_is_answered_as_it_says(desk: Desk) -> None:
    assert isinstance(desk.service.app, FastAPI)
    known = {"request_id": desk.ask(desk.ada), "offering_id": str(desk.course), "to": str(desk.max)}
    headers = desk.enrollment.issuer.headers(desk.site, ("site-administrator", None))
    asked = Conformance(desk.service.app, headers, known)
    asked.run()
    assert asked.faults == []
    assert asked.visited.keys() == asked.documented
    assert len(asked.served) > 6, asked.served
