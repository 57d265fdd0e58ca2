"""Paying for a term: an order, and what the payment provider says of it (ENR-2)."""

from uuid import UUID

from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.transitions import EventRecorder, Transition
from shared.contracts.enrollment import OrderPlaced, PaymentFailed, PaymentReceived, PaymentRefunded
from shared.errors import Conflict
from shared.events import TextRef


def order(state: Enrollment, id: UUID) -> Transition | None:
    """The learner goes to pay; None when an order is open already: that one is paid."""
    _check_due(state)
    if state.order is not None:
        return None
    writing = EventRecorder(state)
    writing.add(OrderPlaced, term=state.term, order_id=id, price=state.price)
    return writing.change()


def paid(state: Enrollment, term: int, order: UUID) -> Transition:
    writing = EventRecorder(state)
    writing.add(PaymentReceived, term=term, order_id=order, by="provider", reason=None)
    return Transition(state, writing.state, tuple(writing.events))


def paid_by_hand(state: Enrollment, reason: TextRef) -> Transition:
    """An administrator says that it is paid."""
    if not (state.live and state.payment == "refunded"):
        _check_due(state)
    writing = EventRecorder(state)
    writing.add(PaymentReceived, term=state.term, order_id=None, by="by-hand", reason=reason)
    return Transition(state, writing.state, tuple(writing.events))


def failed(state: Enrollment, term: int, order: UUID) -> Transition:
    writing = EventRecorder(state)
    writing.add(PaymentFailed, term=term, order_id=order)
    return Transition(state, writing.state, tuple(writing.events))


def refunded(state: Enrollment, term: int, order: UUID) -> Transition:
    """Before the start the term awaits payment again; not if it was paid by another order, and not after the start (ENR-2)."""
    writing = EventRecorder(state)
    reopens = term == state.term and order == state.order and not state.begun
    writing.add(PaymentRefunded, term=term, order_id=order, reopens=reopens)
    return Transition(state, writing.state, tuple(writing.events))


def _check_due(state: Enrollment) -> None:
    if not state.live or state.payment != "due":
        raise Conflict("This enrollment does not have to be paid for.", kind="no-open-term")
