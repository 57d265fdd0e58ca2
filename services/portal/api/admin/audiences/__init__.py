"""Pages of audiences: fixed ones, and those by a rule (DIR-6)."""

from services.portal.api.admin.audiences import audience, audiences, rules

ROUTERS = (audiences.router, rules.router, audience.router)
"""Those with a word in the place of an id go first."""
