"""Routes of the directory, /api/directory/..."""

from services.directory.api import (
    account_mails,
    clients,
    external_sign_ins,
    history,
    imports,
    own,
    people,
    person_lists,
    registrations,
    structure,
    tokens,
)
from shared.http import joined

ROUTES = joined(
    own.router,
    person_lists.router,
    people.router,
    history.router,
    structure.router,
    tokens.router,
    clients.router,
    registrations.router,
    account_mails.router,
    external_sign_ins.router,
    imports.router,
)
"""A module of routes is a line here. Those with a word in the place of an id go first."""
