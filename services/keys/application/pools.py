"""Commands on pools (KEY-1, KEY-2)."""

from uuid import UUID, uuid5

from pydantic import BaseModel

from services.keys.application.ledger import TrainingKeys, clock, course
from services.keys.application.rows import pool_row
from services.keys.domain import pools
from services.keys.domain.pools import Terms
from services.keys.projections import pools as queries
from services.keys.projections.scope import within
from shared.auth import Scope
from shared.errors import Corrupt, NotFound
from shared.http import check_version
from shared.limits import Days, Moment, Name
from shared.store import CommandContext, Decision, Receipt, command

_POOLS = UUID("2c1fb3de-63c2-4e4b-9a3b-0c5f3a6d9e11")
"""The name space of the ids of pools."""


class PoolTerms(BaseModel):
    """What of a pool can be edited. Keys are redeemed from `starts` until just before `expires`; `access_days`: the content
    availability, in days from the redemption; `share_below`: available to everyone using the organisation, on all levels below."""

    name: Name
    starts: Moment
    expires: Moment
    access_days: Days
    share_below: bool = False

    def to_terms(self) -> Terms:
        return Terms(self.name, self.starts, self.expires, self.access_days, self.share_below)


class NewPool(PoolTerms):
    """A pool for one course, and for the people of one organisation: these stay."""

    offering_id: UUID
    organisation_id: UUID


class Pools:
    """Pools of training keys."""

    def __init__(self, ledger: TrainingKeys) -> None:
        self._ledger = ledger

    @command
    def create(self, context: CommandContext, scope: Scope, new: NewPool) -> Receipt:
        with self._ledger.database.connection() as conn:
            if not within(conn, scope, new.organisation_id):
                raise NotFound("There is no such organisation, or none that you may see.", field="organisation_id")
            found, now = course(conn, new.offering_id), clock(conn)
        id = uuid5(_POOLS, f"{context.actor}/{context.command_id}")
        events = pools.create(id, found, new.organisation_id, new.to_terms())
        pool = pools.evolve(None, events[0])
        if pool is None:
            raise Corrupt("a pool that was created is not there")
        decision = Decision(tuple(events), context.meta(), inserted=(pool_row(pool, now),))
        return self._ledger.record(context, decision, {"pool_id": str(id)})

    @command
    def edit(self, context: CommandContext, scope: Scope, id: UUID, terms: PoolTerms, expected: int | None) -> Receipt:
        """Replace what can be edited; what was redeemed stays as it is."""
        with self._ledger.database.connection() as conn:
            state = self._ledger.pool(conn, scope, id)
            row = queries.visible(conn, scope, id)
            found = course(conn, state.offering)
        if row is None:
            raise Corrupt(f"pool {id} was there a moment ago")
        check_version(expected, state.version)
        events = pools.edit(state, found, terms.to_terms())
        after = pools.evolve(state, events[0]) if events else None
        updated = (pool_row(after, row.created_at),) if after else ()
        return self._ledger.record(
            context, Decision(tuple(events), context.meta(), updated=updated), {"pool_id": str(id)}
        )
