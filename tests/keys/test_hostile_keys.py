"""Extreme values in every field, parameter and path of the routes of the keys service (OPS-8, KEY-1)."""

from uuid import uuid4

import pytest
from hostile import Probe
from keys.harness import Keys
from keys.mailing import recipient_of


@pytest.mark.feature("OPS-8", "KEY-1")
def test_whatever_is_sent_is_no_fault_of_the_server(keys: Keys) -> None:
    keys.restart(training_keys_limit=100, wait_limit=0.1)
    pool = keys.pool(share_below=True)
    known = {"pool_id": pool, "key_id": keys.key(pool), "offering_id": str(keys.course)}
    known["recipient_id"] = recipient_of(keys, pool)
    known |= {"organisation_id": str(keys.head), "access_days": 30, "key": "WARD-2026-ABCD-EFGH"}
    known |= {"starts": "2026-01-01T00:00:00Z", "expires": "2027-01-01T00:00:00Z"}
    probe = Probe(keys.service.app, keys.issuer.headers(uuid4(), ("site-administrator", None)), known)
    probe.run()
    assert probe.faults == []
    assert probe.operations > 15
    assert sum(many for status, many in probe.answers.items() if status < 300) > 30, probe.answers
    assert probe.answers[422] > 200
