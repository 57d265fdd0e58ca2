"""Pages of the import: its runs, checking files and carrying them out, the report of each row (DIR-8, DIR-13)."""

from services.portal.api.admin.imports import files, runs

ROUTERS = (files.router, runs.router)
"""Those with a word in the place of an id go first."""
