"""Every table of every service is declared: rebuilt from events by a replay, state of its own, or work to be done (AUD-2)."""

from collections.abc import Callable, Iterable
from importlib import import_module

import pytest

from shared.database import Database, column
from shared.settings import Settings
from shared.suite import SUITE

KERNEL = (
    "epoch events snapshot command high_water parked_event job timer personal_text followed relay letter_decision set_aside "
    "worker_error attempt known_address attempt_secret migration audit_part audit_checkpoint"
)
"""What every service has: the events themselves, and what consumers, jobs and proofs need."""

STATE = {
    "directory": "account audience audience_member audience_rule erased_person external_identity first_sign_in framework "
    "job_assignment machine_client managed organisation_profile permission_role person profile registration sign_in signing_key "
    "unit",
    "catalog": "job_role offering",
    "enrollment": "assignment calendar_address calendar_entry certificate enrollment exception_case exclusion group_member "
    "irreversible job_role_holder learner_grant learner_group plan plan_part plan_person purchase trigger trigger_standing",
    "approvals": "delegation refused_decision request request_decision stage_approver",
    "keys": "key_secret mailing pool pool_export pool_template recipient redemption registration training_key",
    "notifier": "exception_case held_mail_order ledger ledger_start mail_switches message message_decision own_text",
    "reporting": "saved_report",
}
"""Written with the service's own events or commands, in their transaction; nothing rebuilds it yet."""

QUEUE = {
    "directory": "account_link account_mail client_secret external_sign_in import_file import_plan import_row import_run "
    "refresh_token rule_dirty rule_dirty_unit selected_person selection session",
    "catalog": "",
    "enrollment": "admission earning_again earning_place evaluation_queue feed_batch payment_notice scope_part",
    "approvals": "approver_digest digest_run",
    "keys": "admission pool_warning unsettled",
    "notifier": "caught_mail exception_notice test_mail",
    "reporting": "",
}
"""Work that is to be done, or what is kept for a time only."""


def rebuilt(service: str) -> list[str]:
    main = import_module(f"services.{service}.main")
    if service == "reporting":
        return [table for projection in main.PROJECTIONS for table in projection.tables]
    if service == "catalog":
        return []
    handlers = main.handlers(Settings()) if service == "notifier" else main.handlers()
    return [table for handler in handlers for table in handler.tables]


def undeclared(service: str, tables: Iterable[str]) -> set[str]:
    return set(tables) - {*KERNEL.split(), *rebuilt(service), *STATE[service].split(), *QUEUE[service].split()}


@pytest.mark.feature("AUD-2")
@pytest.mark.parametrize("service", [member.name for member in SUITE])
def test_every_table_is_rebuilt_by_a_replay_or_is_state_or_a_queue(
    service: str, database: Callable[..., Database]
) -> None:
    with database(f"services.{service}").connection() as conn:
        tables = column(conn, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'", str)
    assert undeclared(service, tables) == set()
    declared = [*rebuilt(service), *STATE[service].split(), *QUEUE[service].split()]
    assert set(declared) - set(tables) == set()
    assert sorted(declared) == sorted(set(declared))


def test_a_table_that_nobody_has_declared_is_found() -> None:
    assert undeclared("keys", ["events", "pool", "person_fact", "something_new"]) == {"something_new"}
