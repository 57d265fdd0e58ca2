"""Routes of the catalog: /api/catalog/..."""

from services.catalog.api import history, job_roles, offerings
from shared.http import joined

ROUTES = joined(offerings.router, job_roles.router, history.router)
"""A module of routes is a line here. Those with a word in the place of an id go first."""
