"""Who people are, as imports name them."""

from collections.abc import Iterable
from uuid import UUID

from shared.database import Connection, uuid_of


def by_email(conn: Connection, addresses: Iterable[str]) -> dict[str, UUID]:
    """By e-mail in lower case."""
    wanted = [address.lower() for address in addresses]
    rows = conn.execute("SELECT lower(email), person_id FROM profile WHERE lower(email) = ANY(%s)", [wanted])
    return {str(email): uuid_of(id) for email, id in rows}
