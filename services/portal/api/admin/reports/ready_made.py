"""Reports that come with every installation: questions that are asked every month, and name no day of their own (RPT-3)."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from services.portal.client.reporting import ReportSource

EXPIRING_DAYS = 60


class ReadyMade(NamedTuple):
    """`name`: of its title and lead. `address`: the page of its rows, from which it can be saved and exported."""

    name: str
    address: str


def ready_made(sources: Sequence[ReportSource], today: date) -> list[ReadyMade]:
    """Those of the reports that whoever looks may read."""
    a_year_ago = date(today.year - 1, today.month, 1)
    asked: dict[str, dict[str, object]] = {
        "overdue": {"overdue": "true", "sort": "due_on"},
        "certified-by-month": {"completed_from": a_year_ago, "by": "completed_month"},
        "expiring": {"valid_from": today, "valid_until": today + timedelta(days=EXPIRING_DAYS)},
    }
    if "completion" not in {one.name for one in sources}:
        return []
    return [ReadyMade(name, f"/admin/reports/completion?{urlencode(question)}") for name, question in asked.items()]
