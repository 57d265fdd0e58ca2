"""Requests as people read them: lists, and one with everything to decide by (APR-1, APR-8)."""

from datetime import date
from uuid import UUID

from services.approvals.application import staffing
from services.approvals.application.ledger import Approvals
from services.approvals.application.request_items import RequestItem, items
from services.approvals.application.situation import offering_of
from services.approvals.domain import requests
from services.approvals.domain.requests import Request
from services.approvals.projections import facts, history, history_table, learners, queue, tables
from services.approvals.projections.facts import OfferingFact
from services.approvals.projections.history import HistoryEntry
from services.approvals.projections.history_table import Kind
from services.approvals.projections.learners import LearnerView, Stands
from services.approvals.projections.queue import QueueQuery, QueueState
from shared.auth import Scope
from shared.contracts.catalog import Price
from shared.database import Connection
from shared.errors import NotFound
from shared.history import Histories, HistoryPage, HistoryQuery
from shared.readmodel import Page

_HISTORIES: Histories[Kind] = Histories(history_table.TABLE, history_table.called)


class RequestPage(Page[RequestItem]):
    """`total` where it was asked for: how many there are on all pages."""

    total: int | None = None


class RequestDetail(RequestItem):
    """A request with everything to decide by."""

    may_decide: bool
    approving: str
    """What approving does, in a sentence."""
    price: Price | None
    """What the learner pays before beginning, once access was approved (CAT-8)."""
    learner: LearnerView
    earlier: list[RequestItem]
    history: list[HistoryEntry]


class RequestQueries:
    """Reads. Each list is within what the caller may see (SEC-2)."""

    def __init__(self, ledger: Approvals) -> None:
        self._ledger = ledger
        self._database = ledger.database

    def queue(
        self, caller: UUID, query: QueueQuery, state: QueueState, cursor: str | None, limit: int, *, count: bool
    ) -> RequestPage:
        """What waits for the caller's decision, or what the caller decided (APR-1)."""
        with self._database.connection() as conn:
            page = queue.queue(conn, caller, query, state, cursor, limit)
            total = queue.waiting(conn, caller, query) if count and state == "waiting" else None
            return RequestPage(items=items(conn, caller, page.items), next=page.next, total=total)

    def waiting(self, caller: UUID) -> int:
        """How many requests wait for the caller's decision."""
        with self._database.connection() as conn:
            return queue.waiting(conn, caller, QueueQuery())

    def listed(
        self, caller: UUID, scope: Scope | None, query: QueueQuery, cursor: str | None, limit: int
    ) -> RequestPage:
        """Requests within a scope; without one those of `query.person`."""
        with self._database.connection() as conn:
            page = queue.seen(conn, scope, query, cursor, limit) if scope else queue.own(conn, query, cursor, limit)
            return RequestPage(items=items(conn, caller, page.items), next=page.next)

    def history_of_request(
        self, caller: UUID, scope: Scope | None, id: UUID, query: HistoryQuery, limit: int
    ) -> HistoryPage[Kind]:
        """For whoever may see the request. Raises NotFound."""
        self.one(caller, scope, id)
        with self._database.connection() as conn:
            return _HISTORIES.page(conn, history_table.of_request(id), query, limit)

    def history_of_person(self, scope: Scope, person: UUID, query: HistoryQuery, limit: int) -> HistoryPage[Kind]:
        """Raises NotFound for somebody out of the scope."""
        with self._database.connection() as conn:
            if not (scope.everything or facts.within(conn, person, scope.organisations)):
                raise NotFound("There is no such person, or none that you may see.", field="id")
            return _HISTORIES.page(conn, history_table.of_person(person), query, limit)

    def one(self, caller: UUID, scope: Scope | None, id: UUID) -> RequestDetail:
        """For the learner, for whoever may decide or has decided, and for readers within the scope. Raises NotFound."""
        state = self._ledger.load(id, requests.evolve)
        with self._database.connection() as conn:
            row = tables.request(conn, id)
            if state is None or row is None:
                raise _unseen()
            now = staffing.staffing(conn, state.person, state.stages[state.stage - 1])
            acting = staffing.acting_as(conn, state, now, caller)
            if not (caller == state.person or acting or queue.decided(conn, caller, id) or _reads(conn, scope, state)):
                raise _unseen()
            item = items(conn, caller, [row])[0]
            offering = offering_of(conn, state.offering)
            standing = facts.enrollment_of(conn, state.person, state.offering)
            stands = Stands(standing.state, standing.valid_until) if standing else None
            earlier = tables.earlier(conn, state.person, state.offering, state.kind, id)
            return RequestDetail(
                **item.model_dump(),
                may_decide=acting is not None and state.status == "open" and caller not in state.approved_by,
                approving=_approving(state, offering, item.person or "the learner", item.current_due_on),
                price=offering.priced(),
                learner=learners.learner(conn, state.person, stands),
                earlier=items(conn, caller, earlier),
                history=history.history(conn, id),
            )


def _reads(conn: Connection, scope: Scope | None, state: Request) -> bool:
    return scope is not None and (scope.everything or facts.within(conn, state.person, scope.organisations))


def _unseen() -> NotFound:
    return NotFound("There is no such request, or none that you may see.", field="request_id")


def _approving(state: Request, offering: OfferingFact, learner: str, due_on: date | None) -> str:
    """What approving does; of a stage before the last, that others decide afterwards."""
    price = offering.priced()
    pays = f"; the price of {price.amount} {price.currency} is paid before the training begins" if price else ""
    does = {
        "access": f"enrols {learner} in '{offering.title}' at once{pays}",
        "later-due-date": f"moves the due date of {learner} on '{offering.title}' from {due_on} to {state.due_on}",
        "completion": f"completes '{offering.title}' for {learner}",
    }
    left = len(state.stages) - state.stage
    if left:
        return f"After this stage {left} more {'has' if left == 1 else 'have'} to approve. Then it {does[state.kind]}."
    return f"Approving {does[state.kind]}."
