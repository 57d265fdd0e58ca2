"""Paying for a term through a provider: orders, signed notices, and an administrator's word (ENR-2)."""

import hashlib
import hmac
import re
from decimal import Decimal
from typing import Literal, Protocol
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.enrollment.application.enrolled import Enrolled
from services.enrollment.domain import paying
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.learning import Moment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.standing import Change
from services.enrollment.projections import purchases
from services.enrollment.projections.purchases import Purchase
from shared.contracts.catalog import Price
from shared.database import Connection
from shared.errors import Conflict, Invalid, NotFound, Overtaken, Unauthenticated
from shared.store import Context, Receipt, decided_again
from shared.texts import Texts

_SIGNATURE = re.compile(r"^t=(\d{1,12}),v1=([0-9a-f]{64})$")


class Provider(Protocol):
    """Whoever takes the money."""

    def checkout(self, order: UUID, price: Price, title: str) -> str:
        """The address at which the learner pays this order; the same for the same order. Raises Unavailable."""
        ...


class Notice(BaseModel):
    """What the provider says of an order. The same `id` is the same notice, however often it comes."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1, max_length=100)
    order_id: UUID
    kind: Literal["paid", "failed", "refunded"]
    amount: Decimal
    currency: str = Field(max_length=3)


def sign(secret: str, at: int, body: bytes) -> str:
    """The signature header of a notice: the time in seconds, and a keyed hash (HMAC-SHA-256) over time and body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Paying:
    """Purchases of terms. `tolerance`: how many seconds old a notice's signature may be."""

    def __init__(self, enrolled: Enrolled, provider: Provider, secret: str, tolerance: float) -> None:
        self._enrolled = enrolled
        self._database = enrolled.ledger.database
        self._provider = provider
        self._secret = secret
        self._tolerance = tolerance

    @decided_again
    def purchase(self, context: Context, id: UUID) -> Purchase:
        """The open order of the term, or a new one, with the address at which it is paid: asked for anew, since it may expire."""
        state = self._enrolled.find(id)
        offering, _ = self._enrolled.surroundings(state.offering)
        order = state.order or uuid5(id, f"order/{state.version}")
        change = paying.order(state, order)
        price = _due(state)
        checkout = self._provider.checkout(order, price, offering.title)

        def keep(conn: Connection, _: Change) -> None:
            purchases.place(conn, order, id, state.term, price, checkout)

        if change is not None:
            self._enrolled.command(context, id, lambda now, _, __: paying.order(now, order), also=keep)
        with self._database.connection() as conn:
            found = purchases.find(conn, order)
        if found is None:
            raise Overtaken(
                "Somebody went to pay this at the same moment. Ask for the address again.", kind="order-open"
            )
        return found.model_copy(update={"checkout": checkout})

    def purchases(self, id: UUID) -> list[Purchase]:
        """The orders of an enrollment, oldest first."""
        with self._database.connection() as conn:
            return purchases.of(conn, id)

    def paid_by_hand(self, context: Context, id: UUID, reason: str) -> Receipt:
        """An administrator says that the term is paid, and why."""
        texts = Texts()

        def decide(state: Enrollment, _: Offering, __: Moment) -> Change:
            ref = texts.ref(state.person, reason)
            assert ref is not None
            return paying.paid_by_hand(state, ref)

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
            known = purchases.noticed(conn, told.id)
        return known or self._take(told)

    def _take(self, told: Notice) -> str:
        order, outcome = self._order(told), "taken"

        def decide(state: Enrollment, _: Offering, __: Moment) -> Change:
            """An order changes only with its enrollment, which was read before it: neither is older than the other when written."""
            self._check_new(told, self._order(told))
            rule = {"paid": paying.paid, "failed": paying.failed, "refunded": paying.refunded}[told.kind]
            return rule(state, order.term, order.id)

        def keep(conn: Connection, _: Change) -> None:
            purchases.settle(conn, order.id, told.kind)
            purchases.note(conn, told.id, order.id, told.kind, outcome)

        context = Context.system(f"notice/{told.id}", reason_code="payment")
        try:
            self._enrolled.command(context, order.enrollment, decide, also=keep)
        except _NothingNew as known:
            return self._note(told.id, order.id, told.kind, f"ignored: the order is {known}")
        return outcome

    def _order(self, told: Notice) -> Purchase:
        """As it is now. Raises NotFound; refuses a notice of another amount."""
        with self._database.connection() as conn:
            order = purchases.find(conn, told.order_id)
        if order is None:
            self._refused(None, told.kind, "unknown-order")
            raise NotFound("There is no such order.", field="order_id")
        if (told.amount, told.currency) != (order.amount, order.currency):
            self._refused(order.id, told.kind, "other-amount")
            raise Conflict(f"The order is over {order.amount} {order.currency}.", kind="other-amount", field="amount")
        return order

    def _check_new(self, told: Notice, order: Purchase) -> None:
        """Refuses a refund of what is not paid yet. Raises _NothingNew."""
        if order.expects(told.kind):
            self._refused(order.id, told.kind, "too-early")
            raise Conflict(f"The order is {order.state}. Send this again once it was paid.", kind="too-early")
        if not order.allows(told.kind):
            raise _NothingNew(order.state)

    def _refused(self, order: UUID | None, kind: str | None, outcome: str) -> None:
        """Under an id of its own: the provider may send it again, and it may be right then."""
        self._note(f"refused {uuid4()}", order, kind, outcome)

    def _note(self, id: str, order: UUID | None, kind: str | None, outcome: str) -> str:
        with self._database.transaction() as conn:
            return purchases.note(conn, id, order, kind, outcome)

    def _check_signature(self, body: bytes, signature: str | None) -> None:
        if not self._secret:
            raise Unauthenticated("No payment provider is set up (ROLLBOOK_PAYMENT_SECRET).", kind="no-provider")
        found = _SIGNATURE.match(signature or "")
        if not found or not hmac.compare_digest(sign(self._secret, int(found[1]), body), found[0]):
            raise Unauthenticated("The signature does not fit the notice.", kind="wrong-signature")
        with self._database.connection() as conn:
            row = conn.execute("SELECT extract(epoch FROM clock_timestamp())::float").fetchone()
        assert row is not None
        if abs(float(str(row[0])) - int(found[1])) > self._tolerance:
            raise Unauthenticated(
                f"The signature is older than {self._tolerance:.0f} seconds (ROLLBOOK_PAYMENT_TOLERANCE).",
                kind="old-signature",
            )


class _NothingNew(Exception):
    """What a notice says is so already, or was: the order's state."""


def _due(state: Enrollment) -> Price:
    assert state.price is not None
    return state.price
