"""What follows from the facts of other services by itself: timers ring, and the ordinary rules decide (APR-3, APR-5)."""

from services.approvals.application import staffing
from services.approvals.application.ledger import Approvals
from services.approvals.application.requests import RequestCommands, system
from services.approvals.application.situation import offering_of, situation
from services.approvals.domain import requests
from services.approvals.domain.requests import Request
from services.approvals.domain.situation import reconcile
from shared.events import Event
from shared.store import decided_again
from shared.timers import Timer, clear


class Reconciliation:
    """Handlers of timers whose subject is a request. Each is idempotent, and goes on where it was interrupted."""

    def __init__(self, ledger: Approvals, request_commands: RequestCommands) -> None:
        self._ledger = ledger
        self._requests = request_commands

    @decided_again
    def reconcile(self, timer: Timer) -> None:
        """Close, fulfil, refuse or end the request, as the facts say."""
        state = self._ledger.load(timer.subject, requests.evolve)
        if state is None:
            return self._done(timer, None, [])
        with self._ledger.database.connection() as conn:
            known = situation(conn, state.person, offering_of(conn, state.offering), state.id)
        events: list[Event] = []
        after = state
        while event := reconcile(after, known):
            events.append(event)
            after = requests.evolved(state, events)
        return self._done(timer, state, events)

    @decided_again
    def escalate(self, timer: Timer) -> None:
        """Nobody decided in time: site administrators may decide too, and are told (APR-5)."""
        state = self._ledger.load(timer.subject, requests.evolve)
        if state is None:
            return self._done(timer, None, [])
        with self._ledger.database.connection() as conn:
            others = staffing.administrators(conn, state.person)
        event = requests.escalate(state, others)
        return self._done(timer, state, [event] if event else [])

    def _done(self, timer: Timer, state: Request | None, events: list[Event]) -> None:
        if state is not None and events:
            self._requests.record(system(timer), state, events, timer=timer)
            return
        with self._ledger.database.transaction() as conn:
            clear(conn, timer)
