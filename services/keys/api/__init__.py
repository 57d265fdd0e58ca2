"""Routes of the keys service: /api/keys/..."""

from services.keys.api import exports, history, jobs, key_mails, keys, mailings, pools, redemptions, registrations
from shared.http import joined

ROUTES = joined(
    pools.router,
    keys.router,
    exports.router,
    redemptions.router,
    registrations.router,
    mailings.router,
    key_mails.router,
    jobs.router,
    history.router,
)
"""A module of routes is a line here. Those with a word in the place of an id go first."""
