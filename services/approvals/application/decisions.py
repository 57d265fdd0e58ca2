"""Approving and denying, one or many (APR-2, APR-4, APR-6)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from pydantic import BaseModel

from services.approvals.application import staffing
from services.approvals.application.ledger import Approvals
from services.approvals.application.requests import RequestCommands
from services.approvals.domain import decisions, requests
from services.approvals.domain.decisions import ActingAs, DecisionWord
from services.approvals.domain.requests import Request, Staffing
from services.approvals.projections import facts, queue, tables
from shared.database import Connection, fetch_one
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from shared.events import Event
from shared.store import CommandContext, Decision, Receipt, Row, command, decided_again
from shared.texts import Texts


class Decided(BaseModel):
    """What came of one of many: the status afterwards, or why it was refused."""

    request_id: UUID
    status: str | None = None
    refused: str | None = None
    detail: str | None = None
    request_status: str | None = None
    """Of one that was decided already: how."""
    decided_by_name: str | None = None
    decided_at: datetime | None = None


class DecisionCommands:
    """`limit`: how many requests one command decides."""

    def __init__(self, ledger: Approvals, request_commands: RequestCommands, limit: int) -> None:
        self._ledger = ledger
        self._requests = request_commands
        self._limit = limit

    @decided_again
    @command
    def decide(self, context: CommandContext, id: UUID, word: DecisionWord, reason: str | None) -> Receipt:
        """One approver's decision. Of two at one moment one stands, and the other is told who, when and what (APR-6)."""
        state, texts = self._requests.find(id), Texts()
        if state.person == context.actor:
            raise Forbidden("Nobody decides on an own request. It is decided by somebody else.", kind="own-request")
        with self._ledger.database.connection() as conn:
            now = staffing.staffing(conn, state.person, state.stages[state.stage - 1])
            acting = staffing.acting_as(conn, state, now, context.actor)
            if acting is None and not self._was_asked(conn, state, context.actor):
                raise NotFound("There is no such request, or none that you may decide on.", field="request_id")
            following = None
            if state.stage < len(state.stages):
                following = staffing.staffing(conn, state.person, state.stages[state.stage])
        if state.status != "open" or acting is None:
            raise self._too_late(context, state, word)
        events = self._decide(state, acting, word, texts, reason, (now, following))
        return self._requests.record(context, state, events, texts)

    def decide_many(
        self, context: CommandContext, ids: Sequence[UUID], word: DecisionWord, reason: str | None
    ) -> list[Decided]:
        """The same decision on many, with a result for each; sent again, each is decided once (APR-6)."""
        if len(ids) > self._limit:
            raise Invalid(
                f"One command can decide at most {self._limit} requests (ROLLBOOK_DECISIONS_LIMIT). Send several commands.",
                field="requests",
            )
        return [self._one(context, id, word, reason) for id in dict.fromkeys(ids)]

    def _one(self, context: CommandContext, id: UUID, word: DecisionWord, reason: str | None) -> Decided:
        try:
            receipt = self.decide(replace(context, command_id=f"{context.command_id}/{id}"), id, word, reason)
        except Refusal as refusal:
            told = {**refusal.extra, "request_id": id, "refused": refusal.kind, "detail": refusal.detail}
            return Decided.model_validate(told)
        result = receipt.result if isinstance(receipt.result, dict) else {}
        return Decided(request_id=id, status=str(result.get("status")))

    def _decide(
        self,
        state: Request,
        acting: ActingAs,
        word: DecisionWord,
        texts: Texts,
        reason: str | None,
        stages: tuple[Staffing, Staffing | None],
    ) -> list[Event]:
        ref = texts.ref(state.person, reason)
        if word == "deny":
            return decisions.deny(state, acting, ref)
        return decisions.approve(state, acting, ref, *stages)

    def _was_asked(self, conn: Connection, state: Request, caller: UUID) -> bool:
        """Whoever has decided on it before, or could in a stage that is passed, is told what became of it; to all others it is
        not there."""
        passed = (staffing.staffing(conn, state.person, stage) for stage in state.stages[: state.stage - 1])
        return queue.decided(conn, caller, state.id) or any(
            staffing.acting_as(conn, state, stage, caller) is not None for stage in passed
        )

    def _too_late(self, context: CommandContext, state: Request, word: DecisionWord) -> Conflict:
        """Who decided, when and what; and the attempt is kept in the history (APR-6, APR-8)."""
        id = uuid5(state.id, f"refused/{context.actor}/{context.command_id}")
        event = requests.refused_decision(state, id, context.actor, word, "already-decided")
        attempt = Row(tables.REFUSED_DECISION, (id, state.id))
        kept = replace(context, command_id=f"{context.command_id[:190]}/refused")
        self._ledger.record(kept, Decision((event,), context.meta(), inserted=(attempt,)))
        with self._ledger.database.connection() as conn:
            row = tables.request(conn, state.id)
            last = fetch_one(
                conn,
                tables.DecisionRow,
                f"SELECT {tables.DECISION.select()} FROM request_decision WHERE request = %s ORDER BY decided_at DESC LIMIT 1",
                [state.id],
            )
            names = facts.names(conn, [last.approver] if last else [])
        by = names.get(last.approver, "Somebody else") if last else None
        if last and state.status == "open":
            return Conflict(
                f"{by} approved this stage on {last.decided_at:%Y-%m-%d at %H:%M} UTC. The request is in its next stage.",
                kind="already-decided",
                request_status=state.status,
                decided_by=str(last.approver),
                decided_by_name=names.get(last.approver),
                decided_at=last.decided_at.isoformat(),
            )
        when = f" on {row.decided_at:%Y-%m-%d at %H:%M} UTC" if row and row.decided_at else ""
        if last and state.status in ("approved", "denied"):
            return Conflict(
                f"{by} {state.status} this request{when}. That decision stands.",
                kind="already-decided",
                request_status=state.status,
                decided_by=str(last.approver),
                decided_by_name=names.get(last.approver),
                decided_at=row.decided_at.isoformat() if row and row.decided_at else None,
            )
        return Conflict(
            f"This request is no longer open: it was {state.status}{when}.",
            kind="already-decided",
            request_status=state.status,
        )
