"""The history of every service of the suite is hashed, signed and verified (AUD-3)."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import pytest
from issuer import Issuer
from typer.testing import CliRunner

from services.cli.commands import app
from services.suite.own_secrets import with_kept_audit, with_own_secrets
from shared.audit.anchors import Anchor
from shared.audit.notes import claimed
from shared.audit.sealing import Sealer
from shared.contracts.enrollment import TrainingBegun
from shared.database import Database
from shared.events import SYSTEM, Meta
from shared.feeds.postgres import PostgresFeeds
from shared.settings import Settings
from shared.store import Decision, Store
from shared.suite import SUITE


@pytest.mark.feature("AUD-3")
@pytest.mark.parametrize("name", [member.name for member in SUITE])
def test_each_service_signs_its_own_history_with_the_key_of_the_suite(
    name: str, database: Callable[..., Database], tmp_path: Path
) -> None:
    own = database(f"services.{name}")
    settings = with_own_secrets(Settings(database_url=own.conninfo, data=tmp_path), tmp_path)
    build = import_module(f"services.{name}.main").build
    service = build(settings, feeds=PostgresFeeds(lambda _: own.conninfo), verifier=Issuer().verifier)
    (sealer,) = [worker for worker in service.workers if isinstance(worker, Sealer)]
    event = TrainingBegun.unchecked_next(uuid4(), 0, {"person_id": SYSTEM, "offering_id": SYSTEM, "term": 1})
    Store(own).append([Decision((event,), Meta(actor=SYSTEM, correlation=uuid4()))])
    sealer.step()
    service.close()

    kept = with_kept_audit(Settings(), tmp_path)
    assert (kept.audit_key, kept.audit_checkpoints) == (settings.audit_key, settings.audit_checkpoints)
    assert kept.audit_checkpoints
    signed = [claimed(note) for note in Anchor(kept.audit_checkpoints, name).notes()]
    assert [one.size for one in signed if one and one.origin.startswith(f"rollbook/{name}/")] == [1]
    told = {"ROLLBOOK_DATABASE_URL": own.conninfo, "ROLLBOOK_DATA": str(tmp_path)}
    verified = CliRunner().invoke(app, ["audit", "verify", name], env=told)
    assert verified.exit_code == 0, verified.output
