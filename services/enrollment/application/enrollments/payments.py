"""Paying for a term through a provider: orders, signed notices, and an administrator's word (ENR-2)."""

import hmac
import re
from decimal import Decimal
from typing import Literal
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.enrollment.application.enrollments.base import EnrollmentCommands
from services.enrollment.domain import payments
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import Moment
from services.enrollment.domain.transitions import Transition
from services.enrollment.payment_provider import HostedCheckout, sign
from services.enrollment.projections import payments as payment_rows
from services.enrollment.projections.payments import Order
from shared.contracts.catalog import Price
from shared.database import Connection
from shared.errors import Conflict, ConflictLost, Invalid, NotFound, Unauthenticated
from shared.store import CommandContext, Receipt, decided_again
from shared.texts import Texts

_SIGNATURE = re.compile(r"^t=(\d{1,12}),v1=([0-9a-f]{64})$")


class Notice(BaseModel):
    """What the provider says of an order. The same `id` is the same notice, however often it comes."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1, max_length=100)
    order_id: UUID
    kind: Literal["paid", "failed", "refunded"]
    amount: Decimal
    currency: str = Field(max_length=3)


class Payments:
    """Purchases of terms. `tolerance`: how many seconds old a notice's signature may be."""

    def __init__(self, enrolled: EnrollmentCommands, provider: HostedCheckout, secret: str, tolerance: float) -> None:
        self._enrolled = enrolled
        self._database = enrolled.ledger.database
        self._provider = provider
        self._secret = secret
        self._tolerance = tolerance

    @decided_again
    def purchase(self, context: CommandContext, id: UUID) -> Order:
        """The open order of the term, or a new one, with the address at which it is paid: asked for anew, since it may expire."""
        state = self._enrolled.find(id)
        offering, _ = self._enrolled.surroundings(state.offering)
        order = state.order or uuid5(id, f"order/{state.version}")
        change = payments.order(state, order)
        price = _due(state)
        checkout = self._provider.checkout(order, price, offering.title, offering.id)

        def keep(conn: Connection, _: Transition) -> None:
            payment_rows.place(conn, order, id, term=state.term, price=price, checkout=checkout)

        if change is not None:
            self._enrolled.command(context, id, lambda now, _, __: payments.order(now, order), also=keep)
        with self._database.connection() as conn:
            found = payment_rows.find(conn, order)
        if found is None:
            raise ConflictLost(
                "The checkout for this order was just opened elsewhere. Ask for the address again.", kind="order-open"
            )
        return found.model_copy(update={"checkout": checkout})

    def purchases(self, id: UUID) -> list[Order]:
        """The orders of an enrollment, oldest first."""
        with self._database.connection() as conn:
            return payment_rows.of(conn, id)

    def paid_by_hand(self, context: CommandContext, id: UUID, reason: str) -> Receipt:
        """An administrator says that the term is paid, and why."""
        texts = Texts()

        def decide(state: Enrollment, _: Offering, __: Moment) -> Transition:
            ref = texts.ref(state.person, reason)
            assert ref is not None
            return payments.paid_by_hand(state, ref)

        return self._enrolled.command(context, id, decide, texts=texts)

    def notice(self, body: bytes, signature: str | None) -> str:
        """Take a provider's notice; returns what came of it. What is refused changes nothing, and is recorded."""
        try:
            self._check_signature(body, signature)
        except Unauthenticated as refusal:
            self._refused(None, None, refusal.kind)
            raise
        try:
            told = Notice.model_validate_json(body)
        except ValidationError as error:
            self._refused(None, None, "unreadable")
            first = error.errors()[0]
            raise Invalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.", field="body") from error
        with self._database.connection() as conn:
            known = payment_rows.noticed(conn, told.id)
        return known or self._take(told)

    def _take(self, notice: Notice) -> str:
        order, outcome = self._order(notice), "taken"

        def decide(state: Enrollment, _: Offering, __: Moment) -> Transition:
            """An order changes only with its enrollment, which was read before it: neither is older than the other when written."""
            self._check_new(notice, self._order(notice))
            rule = {"paid": payments.paid, "failed": payments.failed, "refunded": payments.refunded}[notice.kind]
            return rule(state, order.term, order.id)

        def keep(conn: Connection, _: Transition) -> None:
            payment_rows.settle(conn, order.id, notice.kind)
            payment_rows.note(conn, notice.id, order.id, kind=notice.kind, outcome=outcome)

        context = CommandContext.system(f"notice/{notice.id}", reason_code="payment")
        try:
            self._enrolled.command(context, order.enrollment, decide, also=keep)
        except _NothingNew as known:
            return self._note(notice.id, order.id, notice.kind, f"ignored: the order is {known}")
        return outcome

    def _order(self, notice: Notice) -> Order:
        """As it is now. Raises NotFound; refuses a notice of another amount."""
        with self._database.connection() as conn:
            order = payment_rows.find(conn, notice.order_id)
        if order is None:
            self._refused(None, notice.kind, "unknown-order")
            raise NotFound("There is no such order.", field="order_id")
        if (notice.amount, notice.currency) != (order.amount, order.currency):
            self._refused(order.id, notice.kind, "amount-mismatch")
            raise Conflict(f"The order is for {order.amount} {order.currency}.", kind="amount-mismatch", field="amount")
        return order

    def _check_new(self, notice: Notice, order: Order) -> None:
        """Refuses a refund of what is not paid yet. Raises _NothingNew."""
        if order.expects(notice.kind):
            self._refused(order.id, notice.kind, "too-early")
            raise Conflict(f"The order is {order.state}. Send this again once it has been paid.", kind="too-early")
        if not order.allows(notice.kind):
            raise _NothingNew(order.state)

    def _refused(self, order: UUID | None, kind: str | None, outcome: str) -> None:
        """Under an id of its own: the provider may send it again, and it may be right then."""
        self._note(f"refused {uuid4()}", order, kind, outcome)

    def _note(self, id: str, order: UUID | None, kind: str | None, outcome: str) -> str:
        with self._database.transaction() as conn:
            return payment_rows.note(conn, id, order, kind=kind, outcome=outcome)

    def _check_signature(self, body: bytes, signature: str | None) -> None:
        if not self._secret:
            raise Unauthenticated(
                "No payment provider is configured (ROLLBOOK_PAYMENT_SECRET).", kind="no-payment-provider"
            )
        found = _SIGNATURE.match(signature or "")
        if not found or not hmac.compare_digest(sign(self._secret, int(found[1]), body), found[0]):
            raise Unauthenticated("The signature does not match the notice.", kind="invalid-signature")
        with self._database.connection() as conn:
            row = conn.execute("SELECT extract(epoch FROM clock_timestamp())::float").fetchone()
        assert row is not None
        if abs(float(str(row[0])) - int(found[1])) > self._tolerance:
            raise Unauthenticated(
                f"The signature is older than {self._tolerance:.0f} seconds (ROLLBOOK_PAYMENT_TOLERANCE).",
                kind="expired-signature",
            )


class _NothingNew(Exception):
    """What a notice says is so already, or was: the order's state."""


def _due(state: Enrollment) -> Price:
    assert state.price is not None
    return state.price
