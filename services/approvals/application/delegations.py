"""Who decides for whom, and when (APR-5)."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, JsonValue

from services.approvals.application.ledger import Approvals
from services.approvals.domain import delegations
from services.approvals.domain.delegations import Delegation, delegation_id
from services.approvals.projections import delegates, facts, queue, tables
from services.approvals.projections.delegates import DelegateView
from services.approvals.projections.tables import DELEGATION, DelegationRow
from shared.errors import Forbidden, Invalid
from shared.events import Event
from shared.folding import fold
from shared.readmodel import Page
from shared.store import CommandContext, Decision, Receipt, Row, command, decided_again

_LEAST = 2


class DelegationView(BaseModel):
    """One delegation, on days both included."""

    person_id: UUID
    person: str | None
    to_id: UUID
    to: str | None
    starts: date
    ends: date


class DelegationsView(BaseModel):
    """`mine`: who decides for me, None: nobody; `for_others`: for whom I decide, today or later."""

    mine: DelegationView | None
    for_others: list[DelegationView]


class Delegations:
    """One stream for each approver."""

    def __init__(self, ledger: Approvals) -> None:
        self._ledger = ledger

    @decided_again
    @command
    def delegate(self, context: CommandContext, to: UUID, starts: date, ends: date) -> Receipt:
        """Somebody else decides for the caller too. Replaces the delegation that there is."""
        state = self._load(context.actor)
        with self._ledger.database.connection() as conn:
            today = facts.today(conn)
            known = facts.active(conn, to)
            rows = tables.delegations_from(conn, to)
        chain = [Delegation(row.person, row.revision, row.delegate, row.starts, row.ends) for row in rows]
        if not known:
            raise Invalid("There is no such active person. Choose somebody else.", field="to")
        event = delegations.delegate(state, to, starts, ends, today=today, chain=chain)
        if event is None:
            return self._write(context, state, None)
        row = DelegationRow(state.id, event.originator_version, state.person, to, starts, ends)
        return self._write(context, state, event, row)

    @decided_again
    @command
    def end(self, context: CommandContext) -> Receipt:
        """The caller decides alone again."""
        state = self._load(context.actor)
        return self._write(context, state, delegations.end(state))

    def view(self, person: UUID) -> DelegationsView:
        with self._ledger.database.connection() as conn:
            today = facts.today(conn)
            mine = [row for row in tables.delegations_from(conn, person)[:1] if row.ends >= today]
            others = tables.delegations_to(conn, [person])
            names = facts.names(conn, {id for row in (*mine, *others) for id in (row.person, row.delegate)})
        shown = [
            DelegationView(
                person_id=row.person,
                person=names.get(row.person),
                to_id=row.delegate,
                to=names.get(row.delegate),
                starts=row.starts,
                ends=row.ends,
            )
            for row in (*mine, *others)
        ]
        return DelegationsView(mine=shown[0] if mine else None, for_others=shown[len(mine) :])

    def search(
        self, caller: UUID, first_name: str, last_name: str, cursor: str | None, limit: int
    ) -> Page[DelegateView]:
        """Whom the caller can choose, by parts of both names (DIR-9). Raises Forbidden for whoever decides on nothing, Invalid for
        too little of a name: this is no list of everybody."""
        names = {"first_name": fold(first_name.strip()), "last_name": fold(last_name.strip())}
        if len("".join(names.values())) < _LEAST:
            raise Invalid(f"Enter at least {_LEAST} letters of the name.", field="last_name")
        with self._ledger.database.connection() as conn:
            if not queue.decides(conn, caller):
                raise Forbidden("Only people who decide on requests can look for a delegate.")
            return delegates.search(conn, caller, names, cursor, limit)

    def _load(self, person: UUID) -> Delegation:
        return self._ledger.load(delegation_id(person), delegations.evolve) or Delegation(person)

    def _write(
        self, context: CommandContext, state: Delegation, event: Event | None, row: DelegationRow | None = None
    ) -> Receipt:
        decision = Decision((event,) if event else (), context.meta())
        if event and row:
            rows = (Row(DELEGATION, tuple(row)),)
            decision = Decision(
                (event,),
                context.meta(),
                inserted=() if state.to else rows,
                updated=rows if state.to else (),
            )
        elif event:
            decision = Decision((event,), context.meta(), deleted=(Row(DELEGATION, (state.id,)),))
        result: JsonValue = {"person_id": str(state.person)}
        return self._ledger.record(context, decision, result)
