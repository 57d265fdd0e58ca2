"""The names under which the processes of a handler share the partitions of its source, in every service."""

from services.approvals import main as approvals
from services.directory import main as directory
from services.enrollment import main as enrollment
from services.keys import main as keys
from services.notifier import main as notifier
from services.reporting.projections.sources import PROJECTIONS
from shared.settings import Settings

KNOWN = {
    "approvals.catalog": "catalog",
    "approvals.directory": "directory",
    "approvals.directory.profiles": "directory.profiles",
    "approvals.enrollment": "enrollment",
    "approvals.zones": "directory",
    "approvals.zones.profiles": "directory.profiles",
    "directory.enrollment": "enrollment",
    "enrollment.approvals": "approvals",
    "enrollment.catalog": "catalog",
    "enrollment.catalog.job-roles": "catalog",
    "enrollment.catalog.texts": "catalog",
    "enrollment.directory": "directory",
    "enrollment.directory.dates": "directory",
    "enrollment.directory.organisations": "directory",
    "enrollment.directory.profiles": "directory.profiles",
    "enrollment.keys": "keys",
    "keys.catalog": "catalog",
    "keys.directory": "directory",
    "keys.directory.profiles": "directory.profiles",
    "keys.directory.registration": "directory",
    "keys.enrollment": "enrollment",
    "notifier.administrators": "directory",
    "notifier.approvals": "approvals",
    "notifier.catalog": "catalog",
    "notifier.directory": "directory",
    "notifier.directory.profiles": "directory.profiles",
    "notifier.due-dates": "enrollment",
    "notifier.enrollment": "enrollment",
    "notifier.expiries": "enrollment",
    "notifier.job-role-names": "catalog",
    "notifier.job-roles": "enrollment",
    "notifier.keys": "keys",
    "notifier.managers": "directory",
    "notifier.operations-managers": "directory",
    "notifier.zones": "directory",
    "reporting.approvals": "approvals",
    "reporting.catalog": "catalog",
    "reporting.directory": "directory",
    "reporting.directory.profiles": "directory.profiles",
    "reporting.enrollment": "enrollment",
    "reporting.keys": "keys",
}


def test_no_two_handlers_share_a_group_and_none_changes_its_name() -> None:
    """Two in one group would each get only some of the partitions."""
    settings = Settings(database_url="postgresql://")
    services = (approvals, directory, enrollment, keys)
    handlers = [*(h for service in services for h in service.handlers()), *notifier.handlers(settings), *PROJECTIONS]
    assert sorted((handler.group, handler.source) for handler in handlers) == sorted(KNOWN.items())
