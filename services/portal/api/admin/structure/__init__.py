"""Pages of organisations and positions (DIR-3, DIR-4, DIR-7)."""

from services.portal.api.admin.structure import profile, trees, unit

ROUTERS = (trees.router, profile.router, unit.router)
