"""Commands on keys: adding, revoking, reopening (KEY-3, KEY-12)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from pydantic import JsonValue

from services.keys.application.ledger import TrainingKeys, clock
from services.keys.application.rows import after, key_row
from services.keys.application.vault import Vault
from services.keys.domain import key_texts, keys
from services.keys.projections import keys as queries
from services.keys.projections.tables import KEY, SECRET, KeyRow
from shared.auth import Scope
from shared.errors import Conflict, Corrupt, Invalid
from shared.events import Event
from shared.store import CommandContext, Decision, Receipt, Row, command, decided_again
from shared.texts import Texts

Outcome = Literal["added", "duplicate", "empty", "malformed", "too-short"]


@dataclass(frozen=True)
class LineResult:
    """What became of a line. It is told by its number, never by what it says."""

    line: int
    outcome: Outcome
    key: UUID | None = None

    def json(self) -> dict[str, JsonValue]:
        told: dict[str, JsonValue] = {"line": self.line, "outcome": self.outcome}
        return {**told, "key_id": str(self.key)} if self.key else told


@dataclass(frozen=True)
class NewKey:
    """A key on its way into a pool."""

    event: Event
    rows: tuple[Row, Row]


class KeyCommands:
    """Keys of pools. `shortest`: so many characters that count has an entered key at least; `lines_limit`: of one command."""

    def __init__(self, ledger: TrainingKeys, vault: Vault, *, shortest: int, lines_limit: int) -> None:
        self._ledger = ledger
        self._vault = vault
        self._shortest = shortest
        self._lines_limit = lines_limit

    def hushed(self, context: CommandContext) -> CommandContext:
        """The context of a request that holds keys: nothing that is kept of it leads back to them."""
        return replace(context, request_hash=self._vault.keyed(context.request_hash))

    @decided_again
    @command
    def add_one(self, context: CommandContext, scope: Scope, pool: UUID, text: str) -> Receipt:
        """Refused, where it can be no key or is one already."""
        if (fault := key_texts.fault(text, self._shortest)) is not None:
            raise Invalid(_FAULTS[fault].format(self._shortest), field="key", kind=fault)
        with self._ledger.database.connection() as conn:
            self._ledger.pool(conn, scope, pool)
            if queries.by_hash(conn, self._vault.hashes(text)):
                raise Conflict("This key exists already. Choose another one.", field="key", kind="duplicate")
            new = new_key(self._vault, pool, key_texts.shown(text), clock(conn), generated=False)
        result = LineResult(1, "added", new.event.originator_id)
        return self._record(context, [new], [result])

    @decided_again
    @command
    def add_lines(self, context: CommandContext, scope: Scope, pool: UUID, lines: Sequence[str]) -> Receipt:
        """What can be added is added; the result says of each line what became of it."""
        if len(lines) > self._lines_limit:
            raise Invalid(
                f"One command can have at most {self._lines_limit} lines (ROLLBOOK_TRAINING_KEY_LINES_LIMIT); this one has "
                f"{len(lines)}. Send them in parts.",
                field="lines",
            )
        faults = [key_texts.fault(line, self._shortest) for line in lines]
        hashes = {n: self._vault.hashes(line) for n, line in enumerate(lines) if faults[n] is None}
        with self._ledger.database.connection() as conn:
            self._ledger.pool(conn, scope, pool)
            known = queries.known_hashes(conn, [hash for every in hashes.values() for hash in every])
            now = clock(conn)
        added: list[NewKey] = []
        results: list[LineResult] = []
        for number, (line, fault) in enumerate(zip(lines, faults, strict=True)):
            if fault is not None:
                results.append(LineResult(number + 1, fault))
            elif not known.isdisjoint(hashes[number]):
                results.append(LineResult(number + 1, "duplicate"))
            else:
                known.update(hashes[number])
                added.append(new_key(self._vault, pool, key_texts.shown(line), now, generated=False))
                results.append(LineResult(number + 1, "added", added[-1].event.originator_id))
        return self._record(context, added, results)

    def _record(self, context: CommandContext, added: Sequence[NewKey], results: Sequence[LineResult]) -> Receipt:
        decision = Decision(
            tuple(new.event for new in added),
            context.meta(),
            inserted=tuple(row for new in added for row in new.rows),
        )
        return self._ledger.record(
            context, decision, {"added": len(added), "lines": [result.json() for result in results]}
        )

    @command
    def revoke(
        self,
        context: CommandContext,
        scope: Scope,
        id: UUID,
        reason: str | None,
        *,
        end_assignment: bool | None,
        override: bool,
    ) -> Receipt:
        """Nobody redeems it any more; of a redeemed one somebody has to say whether its assignment ends (KEY-12)."""
        texts = Texts()
        with self._ledger.database.connection() as conn:
            key = self._ledger.key(conn, scope, id)
        ref = texts.ref(key.person or context.actor, reason)
        events = keys.revoke(key, ref, end_assignment=end_assignment, override=override)
        return self._change(context, key, events, texts)

    @command
    def reopen(self, context: CommandContext, scope: Scope, id: UUID, reason: str) -> Receipt:
        """A revoked key can be used again: an override, with its reason on record (KEY-12)."""
        texts = Texts()
        with self._ledger.database.connection() as conn:
            key = self._ledger.key(conn, scope, id)
        ref = texts.ref(key.person or context.actor, reason)
        if ref is None:
            raise Invalid("Say why.", field="reason")
        return self._change(context, key, keys.reopen(key, ref), texts)

    def _change(self, context: CommandContext, key: keys.Key, events: list[Event], texts: Texts) -> Receipt:
        with self._ledger.database.connection() as conn:
            row, now = queries.row(conn, key.id), clock(conn)
        if row is None:
            raise Corrupt(f"key {key.id} has no row")
        now_key = after(key, events)
        decision = Decision(tuple(events), context.meta(), updated=(key_row(row, now_key, now),))
        result: dict[str, JsonValue] = {"key_id": str(key.id), "state": now_key.state}
        return self._ledger.record(context, decision, result, also=texts.keep)


_FAULTS = {
    "empty": "This key is empty. Enter it.",
    "malformed": "A key can have letters from A to Z, digits, blanks and hyphens only, at most 64 letters and digits.",
    "too-short": "A key must have at least {} letters and digits (ROLLBOOK_TRAINING_KEY_LENGTH).",
}


def new_key(vault: Vault, pool: UUID, text: str, now: datetime, *, generated: bool) -> NewKey:
    """The event and the rows of a key with a random id."""
    id, fingerprint = uuid4(), vault.fingerprint(text)
    event = keys.add(id, pool, fingerprint, generated=generated)
    row = Row(KEY, KeyRow(id, 1, pool, "free", fingerprint, generated, now))
    return NewKey(event, (row, Row(SECRET, vault.seal(id, text))))
