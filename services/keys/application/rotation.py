"""A new secret in the settings: everything that was made with an older one is hashed and encrypted anew (KEY-10)."""

from uuid import UUID, uuid4

from pydantic import JsonValue

from services.keys.application.ledger import TrainingKeys
from services.keys.application.vault import Unreadable, Vault
from services.keys.projections import keys as queries
from services.keys.projections.tables import SecretRow
from shared import jobs
from shared.database import Connection
from shared.jobs import Job
from shared.store import CommandContext, Decision, Receipt, command

KIND = "rotate-keys"


class RotateKeys:
    """The command, and how its job is worked on: `chunk` keys in one step."""

    kind = KIND

    def __init__(self, ledger: TrainingKeys, vault: Vault, *, chunk: int) -> None:
        self._ledger = ledger
        self._vault = vault
        self._chunk = chunk

    @command
    def start(self, context: CommandContext) -> Receipt:
        """The result has the job. Its result says how many were rotated, and how many could not be read."""
        job, meta, newest = uuid4(), context.meta(), self._vault.newest

        def queued(conn: Connection) -> None:
            jobs.enqueue(conn, job, KIND, {"version": newest}, meta)

        return self._ledger.record(context, Decision((), meta), {"job_id": str(job)}, also=queued)

    def step(self, job: Job) -> None:
        """What cannot be read stays as it is: its version is not in the settings any more."""
        after = UUID(str(job.cursor.get("after", UUID(int=0))))
        unreadable = int(str(job.cursor.get("unreadable", 0)))
        with self._ledger.database.connection() as conn:
            rows = queries.older_secrets(conn, self._vault.newest, after, self._chunk)
        renewed = [new for row in rows if (new := self._renewed(row))]
        unreadable += len(rows) - len(renewed)
        with self._ledger.database.transaction() as conn:
            queries.replace_secrets(conn, renewed)
            cursor: dict[str, JsonValue] = {"after": str(rows[-1].key if rows else after), "unreadable": unreadable}
            now = jobs.advance(conn, job, cursor=cursor, done=job.done + len(renewed))
            if len(rows) < self._chunk:
                jobs.finish(conn, now, result={"rotated": now.done, "unreadable": unreadable})

    def _renewed(self, row: SecretRow) -> SecretRow | None:
        try:
            return self._vault.seal(row.key, self._vault.open(row))
        except Unreadable:
            return None
