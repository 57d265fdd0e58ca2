"""What the keys service answers to drawn requests is what its OpenAPI document says (OPS-8, KEY-1)."""

import pytest
from conforming import Conformance
from keys.gate import Gate
from keys.mailing import recipient_of


@pytest.mark.feature("OPS-8", "KEY-1")
def test_whatever_is_drawn_from_the_document_of_the_keys_service_is_answered_as_it_says(gate: Gate) -> None:
    gate.restart(training_keys_limit=100, wait_limit=0.1)
    pool = gate.pool(share_below=True)
    known = {"pool_id": pool, "key_id": gate.key(pool), "offering_id": str(gate.course)}
    known["recipient_id"] = recipient_of(gate, pool)
    known |= {"organisation_id": str(gate.head), "access_days": 30, "key": "WARD-2026-ABCD-EFGH"}
    headers = gate.issuer.headers(gate.manager, ("site-administrator", None))
    asked = Conformance(gate.service.app, headers, known)
    asked.run()
    assert asked.faults == [], "\n".join(asked.faults)
    assert asked.visited.keys() == asked.documented
    assert len(asked.served) > 10, asked.served
