"""Pages of reports: one for each source, and those that somebody has saved (RPT-3)."""

from services.portal.api.admin.reports import changing, reports, saved

ROUTERS = (saved.router, changing.router, reports.router)
"""Those with a word in the place of a report's name go first."""
