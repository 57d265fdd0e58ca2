"""The base of each service's application: load, decide, record; a command happens once."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Concatenate, ParamSpec, Protocol, TypeVar
from uuid import UUID, uuid4

import psycopg
import pydantic_core
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import InfrastructureFactory, IntegrityError
from eventsourcing.utils import Environment
from pydantic import BaseModel, JsonValue

from shared.database import Connection, Database
from shared.errors import Conflict, ConflictLost
from shared.events import SYSTEM, Event, Meta
from shared.store.append import NIL
from shared.store.decisions import Command, Decision
from shared.store.factory import Factory
from shared.store.recorder import Store

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")
TRIES = 50
"""Of all who decide on the same thing at one moment one is written in each round, so that the last of so many is too."""


def decided_again(command: Callable[P, R]) -> Callable[P, R]:
    """A command that was overtaken is decided again on what is there then: it loads everything anew, so that two who want the
    same at one moment get the same answer. Not for edits that name the version they were made on."""

    @functools.wraps(command)
    def decide(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(TRIES - 1):
            try:
                return command(*args, **kwargs)
            except ConflictLost:
                continue
        return command(*args, **kwargs)

    return decide


@dataclass(frozen=True)
class CommandContext:
    """Who sent a command, under which id, and what it was: enough to do it once and to say so for ever."""

    actor: UUID
    request_hash: bytes = b""
    command_id: str = field(default_factory=lambda: str(uuid4()))
    organisation: UUID | None = None
    correlation: UUID = field(default_factory=uuid4)
    """The batch that this command starts, or belongs to."""
    reason_code: str = "command"
    causation: str | None = None
    traceparent: str | None = None
    interface: str | None = None
    notifications: str | None = None

    @classmethod
    def system(cls, command_id: str, *, correlation: UUID | None = None, reason_code: str = "rule") -> "CommandContext":
        """Rollbook acting by itself, under an id that a repetition repeats."""
        return cls(SYSTEM, command_id=command_id, correlation=correlation or uuid4(), reason_code=reason_code)

    @classmethod
    def following(cls, cause: Meta, command_id: str) -> "CommandContext":
        """What a command goes on to do later, under an id of its own: as whoever sent it, in its batch."""
        return cls(
            cause.actor,
            command_id=command_id,
            organisation=cause.organisation,
            correlation=cause.correlation,
            reason_code=cause.reason_code,
            causation=cause.causation,
            traceparent=cause.traceparent,
            interface=cause.interface,
            notifications=cause.notifications,
        )

    def meta(self) -> Meta:
        return Meta(
            actor=self.actor,
            reason_code=self.reason_code,
            organisation=self.organisation,
            correlation=self.correlation,
            causation=self.causation,
            traceparent=self.traceparent,
            interface=self.interface,
            notifications=self.notifications,
        )


class Receipt(BaseModel):
    """The answer to a command: the same one, however often it is sent."""

    position: str | None
    """None where nothing was to be written. As `enrollment:1234`; a query that names it in `at_least` answers at least as new."""
    batch: UUID
    result: JsonValue = None


class ServiceApplication(Application[UUID]):
    """One service's events and commands. Subclasses set `name` and add one method per command."""

    env: ClassVar[dict[str, str]] = {
        "PERSISTENCE_MODULE": "shared.store",
        "MAPPER_TOPIC": "shared.events:EventMapper",
    }

    def __init__(self, database: Database) -> None:
        self.database = database
        super().__init__()
        self.store = Store(database) if not isinstance(self.recorder, Store) else self.recorder

    def construct_factory(self, env: Environment) -> InfrastructureFactory:
        factory = super().construct_factory(env)
        if isinstance(factory, Factory):
            factory._database = self.database
        return factory

    def close(self) -> None:
        """The database is closed by whoever opened it."""
        self.closing.set()

    def load(self, id: UUID, evolve: Callable[[S | None, Event], S]) -> S | None:
        """The state of a stream, folded from its events; None where there are none."""

        def project(initial: S | None, events: Iterable[Any]) -> S | None:
            state = initial
            for event in events:
                state = evolve(state, event)
            return state

        try:
            return self.repository.get(id, projector_func=project)  # type: ignore[type-var]
        except AggregateNotFoundError:
            return None

    def find_receipt(self, context: CommandContext) -> Receipt | None:
        """The receipt of this command if it was carried out before. Raises Conflict if its id meant another request."""
        query = "SELECT request_hash, position, batch, result FROM command WHERE caller = %s AND organisation = %s AND key = %s"
        with self.database.connection() as conn:
            row = conn.execute(query, [context.actor, context.organisation or NIL, context.command_id]).fetchone()
        if row is None:
            return None
        request_hash, position, batch, result = row
        if request_hash != context.request_hash:
            raise Conflict(
                "This Idempotency-Key was already used for a different request. Repeat the same request to get its first answer, "
                "or use a new key for a new command.",
                field="Idempotency-Key",
                kind="command-id-reused",
            )
        return self._receipt(position, batch, str(result))

    def record(
        self,
        context: CommandContext,
        decision: Decision,
        result: JsonValue = None,
        *,
        also: Callable[[Connection], None] | None = None,
    ) -> Receipt:
        """Write one command's decision, with the command row. Sent again, it answers with the first receipt.

        Raises Overtaken when another writer changed the same thing first; nothing was written then.
        """
        text = pydantic_core.to_json(result).decode()
        command = Command(
            caller=context.actor,
            organisation=context.organisation,
            key=context.command_id,
            request_hash=context.request_hash,
            batch=context.correlation,
            result=text,
        )
        try:
            recordings = self.save(*decision.events, decision=decision, command=command, also=also)
        except (IntegrityError, psycopg.errors.UniqueViolation) as error:
            if (receipt := self.find_receipt(context)) is not None:
                return receipt
            raise ConflictLost("Someone else changed this. Reload and try again.") from error
        last = recordings[-1].notification.id if recordings else self.store.max_notification_id() or 0
        return self._receipt(last, context.correlation, text)

    def _receipt(self, position: object, batch: object, result: str) -> Receipt:
        return Receipt(
            position=f"{self.name}:{position}", batch=UUID(str(batch)), result=pydantic_core.from_json(result)
        )


class _HasLedger(Protocol):
    @property
    def _ledger(self) -> ServiceApplication: ...


Owner = TypeVar("Owner", bound="ServiceApplication | _HasLedger")


def command(
    method: "Callable[Concatenate[Owner, CommandContext, P], Receipt]",
) -> "Callable[Concatenate[Owner, CommandContext, P], Receipt]":
    """A command, of a ledger or of what has one as `_ledger`: sent again, it answers with its first receipt, and nothing else
    happens (ASG-6). Raises Conflict where its id meant another request."""

    @functools.wraps(method)
    def run(self: Owner, context: CommandContext, /, *args: P.args, **kwargs: P.kwargs) -> Receipt:
        ledger = self if isinstance(self, ServiceApplication) else self._ledger
        return ledger.find_receipt(context) or method(self, context, *args, **kwargs)

    return run
