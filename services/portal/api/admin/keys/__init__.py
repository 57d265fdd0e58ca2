"""Pages of training keys: pools, their keys, exports, and keys that are sent by e-mail (KEY-1 to KEY-5, KEY-11, KEY-12)."""

from services.portal.api.admin.keys import adding, exports, find, keys, mailings, pool, pools, sending, texts

ROUTERS = (
    pools.router,
    find.router,
    pool.router,
    keys.router,
    adding.router,
    exports.router,
    sending.router,
    texts.router,
    mailings.router,
)
"""Those with a word in the place of an id go first."""
