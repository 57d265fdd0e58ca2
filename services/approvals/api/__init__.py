"""The routes of approvals."""

from services.approvals.api import decisions, history, requests
from shared.http import joined

ROUTES = joined(requests.router, decisions.router, history.router)
"""A module of routes is a line here. Those with a word in the place of an id go first."""
