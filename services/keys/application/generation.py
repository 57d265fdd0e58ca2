"""Generating many keys, as a job: in steps, so that neither their number nor a crash matters (KEY-3)."""

from uuid import UUID, uuid4

from services.keys.application.keys import new_key
from services.keys.application.ledger import TrainingKeys, clock
from services.keys.application.vault import Vault
from services.keys.domain import key_texts
from shared import jobs
from shared.auth import Scope
from shared.database import Connection
from shared.errors import Invalid
from shared.jobs import Job
from shared.store import CommandContext, Decision, Receipt, command

KIND = "generate-keys"


class GenerateKeys:
    """The command, and how its job is worked on. `chunk` keys in one step, at most `most` in one command."""

    kind = KIND

    def __init__(self, ledger: TrainingKeys, vault: Vault, *, chunk: int, most: int) -> None:
        self._ledger = ledger
        self._vault = vault
        self._chunk = chunk
        self._most = most

    @command
    def start(self, context: CommandContext, scope: Scope, pool: UUID, count: int) -> Receipt:
        """The result has the job. Its result is a number: what was generated is read by an export only (KEY-10)."""
        if count > self._most:
            raise Invalid(
                f"One command can generate at most {self._most} keys (ROLLBOOK_TRAINING_KEYS_LIMIT). Send several.",
                field="generate",
            )
        _ = self._vault.newest
        with self._ledger.database.connection() as conn:
            self._ledger.pool(conn, scope, pool)
        job, meta = uuid4(), context.meta()

        def queued(conn: Connection) -> None:
            jobs.enqueue(conn, job, KIND, {"pool_id": str(pool), "count": count}, meta, count)

        return self._ledger.record(context, Decision((), meta), {"job_id": str(job)}, also=queued)

    def step(self, job: Job) -> None:
        """The next keys, together with the job's progress."""
        pool, count = UUID(str(job.args["pool_id"])), int(str(job.args["count"]))
        many = min(self._chunk, count - job.done)
        with self._ledger.database.connection() as conn:
            now = clock(conn)
        new = [new_key(self._vault, pool, key_texts.generate(), now, generated=True) for _ in range(many)]

        def done(conn: Connection) -> None:
            after = jobs.advance(conn, job, cursor={}, done=job.done + many)
            if after.done >= count:
                jobs.finish(conn, after, result={"added": count})

        decision = Decision(
            tuple(one.event for one in new), job.caused_by, inserted=tuple(row for one in new for row in one.rows)
        )
        self._ledger.store.append([decision], also=done)
