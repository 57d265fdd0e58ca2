"""Asking, and not asking any more (APR-1, APR-3, DUE-9); and the review that a completion asks for by itself (ENR-5)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid5

from pydantic import JsonValue

from services.approvals.application import staffing, state_rows
from services.approvals.application.ledger import Approvals
from services.approvals.application.situation import offering_of, situation, unseen
from services.approvals.application.state_rows import Before
from services.approvals.domain import requests
from services.approvals.domain.requests import Request, evolved, open_stage
from services.approvals.domain.situation import check_active, check_requestable
from services.approvals.projections import facts, tables
from services.approvals.projections.facts import EnrollmentFact, OfferingFact
from services.approvals.projections.tables import RequestRow
from shared.contracts.approvals import AccessRequested, CompletionReviewRequested, LaterDueDateRequested
from shared.database import Connection
from shared.errors import Conflict, Invalid, NotFound
from shared.events import Event, Meta
from shared.store import CommandContext, Decision, Receipt, command, decided_again
from shared.texts import Texts
from shared.timers import Timer, clear


class RequestCommands:
    """`escalation_days`: how long a stage has time where the offering does not say (APR-5)."""

    def __init__(self, ledger: Approvals, escalation_days: int) -> None:
        self._ledger = ledger
        self._escalation_days = escalation_days

    @decided_again
    @command
    def ask_access(self, context: CommandContext, person: UUID, offering_id: UUID, reason: str | None) -> Receipt:
        """A learner asks for access; whoever has an open request gets that one (APR-1, APR-3)."""
        with self._ledger.database.connection() as conn:
            offering = offering_of(conn, offering_id)
            known = situation(conn, person, offering)
            if not known.seen:
                raise unseen()
            if there := tables.open_request(conn, person, offering_id, "access"):
                return self._known(context, there)
            check_requestable(known)
            before = tables.earlier(conn, person, offering_id, "access", None)
            _check_again(offering, before, facts.today(conn))
        texts = Texts()
        id = uuid5(person, f"request/{context.command_id}")
        event = AccessRequested(
            originator_id=id,
            originator_version=1,
            person_id=person,
            offering_id=offering_id,
            stages=staffing.stages_of(offering, "access"),
            reason=texts.ref(person, reason),
        )
        return self._ask(context, event, offering, texts)

    @decided_again
    @command
    def ask_later_due_date(
        self, context: CommandContext, person: UUID, enrollment_id: UUID, due_on: date, reason: str
    ) -> Receipt:
        """A learner asks for a later due date, with the date and a reason; one open request per enrollment (DUE-9)."""
        with self._ledger.database.connection() as conn:
            standing = facts.enrollment(conn, enrollment_id)
            if standing is None or standing.person != person:
                raise NotFound("There is no such enrollment of yours.", field="enrollment_id")
            if there := tables.open_request(conn, person, standing.offering, "later-due-date"):
                return self._known(context, there)
            offering = offering_of(conn, standing.offering)
            known = situation(conn, person, offering)
            check_active(known)
            _check_later(standing, due_on, known.today)
        texts = Texts()
        event = LaterDueDateRequested(
            originator_id=uuid5(person, f"request/{context.command_id}"),
            originator_version=1,
            person_id=person,
            offering_id=standing.offering,
            enrollment_id=enrollment_id,
            due_on=due_on,
            stages=staffing.stages_of(offering, "later-due-date"),
            reason=texts.ref(person, reason),
        )
        return self._ask(context, event, offering, texts)

    @decided_again
    @command
    def withdraw(self, context: CommandContext, person: UUID, id: UUID) -> Receipt:
        """The learner does not ask any more (APR-3)."""
        state = self.find(id)
        if state.person != person:
            raise NotFound("There is no such request of yours.", field="request_id")
        if state.kind == "completion":
            raise Conflict(
                "A completion is reviewed because the offering asks for it. You cannot cancel that.", kind="not-open"
            )
        event = requests.withdraw(state)
        return self.record(context, state, [event] if event else [])

    def review(self, timer: Timer) -> None:
        """A completion waits for somebody to look at it: there is a request for that (ENR-5, APR-7)."""
        with self._ledger.database.connection() as conn:
            standing = facts.enrollment(conn, timer.subject)
            if standing is None or standing.state != "pending":
                return self._cleared(timer)
            offering = offering_of(conn, standing.offering)
            known = tables.open_request(conn, standing.person, standing.offering, "completion")
        id = uuid5(standing.id, f"review/{standing.submitted}")
        if (known and known.term == standing.term) or self._ledger.load(id, requests.evolve):
            return self._cleared(timer)
        event = CompletionReviewRequested(
            originator_id=id,
            originator_version=1,
            person_id=standing.person,
            offering_id=standing.offering,
            enrollment_id=standing.id,
            term=standing.term,
            stages=staffing.stages_of(offering, "completion"),
        )
        self._ask(system(timer), event, offering, Texts(), timer)
        return None

    def find(self, id: UUID) -> Request:
        """Raises NotFound."""
        state = self._ledger.load(id, requests.evolve)
        if state is None:
            raise NotFound("There is no such request, or none that you may see.", field="request_id")
        return state

    def record(
        self,
        context: CommandContext,
        state: Request,
        events: Sequence[Event],
        texts: Texts | None = None,
        timer: Timer | None = None,
    ) -> Receipt:
        """The events of a request that is there, with their rows. `timer`: what rang, and is done with it."""
        with self._ledger.database.connection() as conn:
            offering = offering_of(conn, state.offering)
            before = Before.read(conn, state.id)
        return self._write(context, state, events, before, offering, texts or Texts(), timer)

    def _ask(
        self, context: CommandContext, event: Event, offering: OfferingFact, texts: Texts, timer: Timer | None = None
    ) -> Receipt:
        asked = evolved(None, [event])
        with self._ledger.database.connection() as conn:
            opened = open_stage(asked, 1, staffing.staffing(conn, asked.person, asked.stages[0]))
            before = Before(None, [], facts.now(conn))
        return self._write(context, None, [event, opened], before, offering, texts, timer)

    def _write(
        self,
        context: CommandContext,
        state: Request | None,
        events: Sequence[Event],
        before: Before,
        offering: OfferingFact,
        texts: Texts,
        timer: Timer | None,
    ) -> Receipt:
        change = state_rows.change(context, state, events, before, staffing.time_of(offering, self._escalation_days))

        def also(conn: Connection) -> None:
            texts.keep(conn)
            if timer:
                clear(conn, timer)
            if events:
                state_rows.set_timers(conn, change, before.now)

        after = change.after
        result: JsonValue = {"id": str(after.id), "status": after.status, "version": after.version}
        written = change.decision if events else Decision((), context.meta())
        return self._ledger.record(context, written, result, also=also)

    def _known(self, context: CommandContext, known: RequestRow) -> Receipt:
        result: JsonValue = {
            "id": str(known.id),
            "status": known.status,
            "version": known.revision,
            "open_already": True,
        }
        return self._ledger.record(context, Decision((), context.meta()), result)

    def _cleared(self, timer: Timer) -> None:
        with self._ledger.database.transaction() as conn:
            clear(conn, timer)


def system(timer: Timer) -> CommandContext:
    """Rollbook acting because a timer rang, once for each time it was set to, in the batch of what set it."""
    cause = Meta.model_validate_json(timer.meta)
    context = CommandContext.system(timer.command_id, correlation=cause.correlation, reason_code=timer.kind)
    return replace(context, causation=cause.causation)


def _check_again(offering: OfferingFact, before: Sequence[RequestRow], today: date) -> None:
    """After a denial one may ask again after the time that the offering sets (APR-3)."""
    configured = offering.configured()
    denied = next((row for row in before if row.status == "denied" and row.decided_at), None)
    if not configured or not denied or not denied.decided_at:
        return
    again = denied.decided_at.date() + timedelta(days=configured.ask_again_days)
    if today < again:
        raise Conflict(
            f"Your request was denied on {denied.decided_at:%Y-%m-%d}. You can ask again from {again} on.",
            kind="asked-too-soon",
            request_id=str(denied.id),
        )


def _check_later(standing: EnrollmentFact, due_on: date, today: date) -> None:
    if standing.state not in ("live", "pending"):
        raise Conflict("This training is over, so its due date stays as it is.", kind="enrollment-over")
    if standing.due_on is None:
        raise Conflict("This training has no due date, so there is nothing to ask for.", kind="no-due-date")
    if due_on <= standing.due_on:
        raise Invalid(f"The due date is {standing.due_on}. Ask for a later day.", field="due_on")
    if due_on < today:
        raise Invalid("That day has passed. Ask for a later day.", field="due_on")
