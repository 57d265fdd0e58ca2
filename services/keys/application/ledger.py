"""The events of the keys service, and what every command needs to load."""

from datetime import datetime
from uuid import UUID

from services.keys.domain import keys, pools
from services.keys.domain.keys import Key
from services.keys.domain.pools import Course, Pool
from services.keys.projections import facts
from services.keys.projections import keys as key_queries
from services.keys.projections import pools as pool_queries
from shared.auth import Scope
from shared.database import Connection, scalar
from shared.errors import Corrupt, NotFound, NotYet
from shared.store import ServiceApplication


class TrainingKeys(ServiceApplication):
    """Pools, keys and exports."""

    name = "keys"

    def pool(self, conn: Connection, scope: Scope, id: UUID) -> Pool:
        """Raises NotFound, also for a pool outside the scope (SEC-2)."""
        if pool_queries.visible(conn, scope, id) is None:
            raise NotFound("There is no such pool, or none that you may see.", field="pool_id")
        return self.pool_of(id)

    def pool_of(self, id: UUID) -> Pool:
        pool = self.load(id, pools.evolve)
        if pool is None:
            raise Corrupt(f"pool {id} has a row and no events")
        return pool

    def key(self, conn: Connection, scope: Scope, id: UUID) -> Key:
        """Raises NotFound, also for a key of a pool outside the scope."""
        if key_queries.view(conn, scope, id) is None:
            raise NotFound("There is no such key, or none that you may see.", field="key_id")
        return self.key_of(id)

    def key_of(self, id: UUID) -> Key:
        key = self.load(id, keys.evolve)
        if key is None:
            raise Corrupt(f"key {id} has a row and no events")
        return key


def course(conn: Connection, offering: UUID) -> Course:
    """Raises NotFound for what the catalog has not told of."""
    fact = facts.offerings(conn, [offering]).get(offering)
    if fact is None:
        raise NotFound("There is no such course in the catalog.", field="offering_id")
    return Course(
        fact.id, fact.title, is_course=fact.kind == "course", active=fact.active, access_days=fact.access_days
    )


def belonging(conn: Connection, person: UUID, pool: Pool) -> facts.Belonging:
    """Raises NotYet for somebody who came so shortly before that the directory has not told of them here."""
    found = facts.belonging(conn, person, pool.organisation, share_below=pool.terms.share_below)
    if found is None:
        raise NotYet("Your account is new, and this service does not know it yet. Try again in a moment.")
    return found


def clock(conn: Connection) -> datetime:
    """The database's."""
    return scalar(conn, "SELECT clock_timestamp()", datetime)
