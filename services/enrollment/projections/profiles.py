"""Who people are, as imports name them."""

from collections.abc import Iterable
from uuid import UUID

from shared.database import Connection, uuid_of
from shared.folding import fold


def by_email(conn: Connection, addresses: Iterable[str]) -> dict[str, UUID]:
    """By e-mail, folded as the directory does where addresses are unique (DIR-1)."""
    wanted = list({fold(address) for address in addresses})
    rows = conn.execute("SELECT email_folded, person_id FROM profile WHERE email_folded = ANY(%s)", [wanted])
    return {str(address): uuid_of(id) for address, id in rows}
