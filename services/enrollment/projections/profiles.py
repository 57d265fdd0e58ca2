"""Who people are, as imports name them."""

from collections.abc import Iterable
from uuid import UUID

from shared.database import Connection, uuid_of


def by_email(conn: Connection, addresses: Iterable[str]) -> dict[str, UUID]:
    """By e-mail in lower case. The database compares, as it does where addresses are unique."""
    wanted = list({*addresses})
    rows = conn.execute(
        "SELECT wanted, person_id FROM unnest(%s::text[]) AS wanted JOIN profile ON lower(email) = lower(wanted)",
        [wanted],
    )
    return {str(address).lower(): uuid_of(id) for address, id in rows}
