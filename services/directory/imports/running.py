"""A run as a resumable job: reading and checking, then one chunk after another, then the report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile
from typing import Annotated
from uuid import UUID, uuid5

import psycopg
from pydantic import Field, JsonValue, TypeAdapter

from services.directory.application.ledger import Directory
from services.directory.imports import checks, files, reporting, snapshot
from services.directory.imports.applying import Deciding, Facts
from services.directory.imports.check_units import IN_USE
from services.directory.imports.facts import HomePlan, Plan, RemoveUnitPlan
from services.directory.imports.files import BadFile, Reason, Table
from services.directory.imports.options import ELEMENTS, Options
from services.directory.projections import structure
from services.directory.projections.tables import Element
from shared import jobs
from shared.contracts.directory import BatchFinished, BatchStarted
from shared.database import Connection
from shared.errors import Invalid
from shared.events import Event
from shared.jobs import Job
from shared.store import CommandContext, Decision, Receipt, command

KIND = "directory-import"
PLANS: TypeAdapter[Plan] = TypeAdapter(Annotated[Plan, Field(discriminator="type")])
_MEANWHILE = Reason("meanwhile", None, "Someone else changed this record during the import. Import the file again.")


class Imports:
    """Takes files and starts a run; works on runs as a job kind."""

    kind = KIND

    def __init__(self, ledger: Directory, chunk: int, rows_limit: int) -> None:
        self._ledger = ledger
        self._chunk = chunk
        self._rows_limit = rows_limit

    @command
    def start(self, context: CommandContext, contents: Mapping[Element, bytes], options: Options) -> Receipt:
        """Refuses a bad file at once (BadFile). The answer names the job; the same command again, the same job."""
        if not contents:
            raise Invalid(f"Send at least one of the files {', '.join(ELEMENTS)}.", field="files")
        for element, content in contents.items():
            self._read(element, content, options)
        id = uuid5(context.actor, f"import/{context.command_id}")
        context = replace(context, correlation=id, reason_code="import")

        def keep(conn: Connection) -> None:
            conn.execute("INSERT INTO import_run (id, options) VALUES (%s, %s)", [id, options.model_dump_json()])
            for element, content in contents.items():
                conn.execute("INSERT INTO import_file VALUES (%s, %s, %s)", [id, element, content])
            jobs.enqueue(conn, id, KIND, {}, context.meta())

        decision = Decision((), context.meta())
        return self._ledger.record(context, decision, {"import_id": str(id), "jobs": [str(id)]}, also=keep)

    def _read(self, element: Element, content: bytes, options: Options) -> Table:
        table = files.read(element, content, options)
        if len(table.lines) > self._rows_limit:
            raise BadFile(
                f"{element}: a file can have at most {self._rows_limit} rows (ROLLBOOK_IMPORT_ROWS_LIMIT). Import it in parts.",
                field=element,
            )
        return table

    def step(self, job: Job) -> None:
        with self._ledger.database.connection() as conn:
            row = conn.execute("SELECT options FROM import_run WHERE id = %s", [job.id]).fetchone()
        options = Options.model_validate_json(str(row[0]) if row else "")
        if "next" not in job.cursor:
            self._check(job, options)
        elif job.total is not None and job.done >= job.total:
            self._finish(job)
        else:
            self._carry_out(job, options)

    def _check(self, job: Job, options: Options) -> None:
        with self._ledger.database.connection() as conn:
            rows = conn.execute("SELECT element, content FROM import_file WHERE run = %s", [job.id]).fetchall()
        contents = {element: content for element, content in rows if isinstance(content, bytes)}
        tables = {e: self._read(e, contents[e], options) for e in ELEMENTS if e in contents}
        found = checks.check(
            tables,
            snapshot.take(self._ledger.database, job.caused_by.actor),
            options,
            datetime.now(UTC).date(),
        )
        ignored = [f"{e}: {heading}" for e, table in tables.items() for heading in table.ignored]
        plans = [] if options.dry_run else found.plans

        def keep(conn: Connection) -> None:
            conn.execute("UPDATE import_run SET ignored = %s WHERE id = %s", [ignored, job.id])
            conn.execute("DELETE FROM import_file WHERE run = %s", [job.id])
            reporting.keep(conn, job.id, found.outcomes)
            _keep_plans(conn, job.id, plans)
            jobs.advance(conn, job, cursor={"next": 0}, done=0, total=len(plans))

        started = (self._mark(job, BatchStarted, 0, {"feed": options.feed}),) if plans else ()
        self._ledger.store.append([Decision(started, job.caused_by)], also=keep)

    def _mark(self, job: Job, cls: type[Event], version: int, fields: Mapping[str, object]) -> Event:
        return cls.unchecked_next(job.caused_by.correlation, version, fields)

    def _carry_out(self, job: Job, options: Options) -> None:
        first = job.done
        with self._ledger.database.connection() as conn:
            rows = conn.execute(
                "SELECT body FROM import_plan WHERE run = %s AND seq >= %s ORDER BY seq LIMIT %s",
                [job.id, first, self._chunk],
            ).fetchall()
            plans = _one_kind([PLANS.validate_json(str(body)) for (body,) in rows])
            if isinstance(plans[0], RemoveUnitPlan):
                plans = plans[:1]  # one after another: a parent is empty only once its children have gone
            busy = [p for p in plans if isinstance(p, RemoveUnitPlan) and any(structure.held(conn, p.id))]
            deciding = Deciding(options.feed, job.caused_by, Facts.of(conn, plans))
        decided = [(p, deciding.decide(p)) for p in plans if p not in busy]
        pairs = [(p, d) for p, d in decided if d is not None]
        missing = [p for p, d in decided if d is None]
        self._append(job, pairs, [(busy, IN_USE), (missing, _MEANWHILE)], first + len(plans))

    def _append(
        self,
        job: Job,
        pairs: Sequence[tuple[Plan, Decision]],
        refused: Sequence[tuple[Sequence[Plan], Reason]],
        done: int,
    ) -> None:
        def progress(conn: Connection) -> None:
            for plans, reason in refused:
                reporting.skip(conn, job.id, _rows(plans), reason)
            homes = [(p.home, p.person) for p, _ in pairs if isinstance(p, HomePlan)]
            if homes:
                with conn.cursor() as cursor:
                    cursor.executemany("UPDATE managed SET home = %s WHERE id = %s", homes)
            jobs.advance(conn, job, cursor={"next": done}, done=done)

        try:
            appended = self._ledger.store.append([d for _, d in pairs], also=progress)
        except psycopg.errors.UniqueViolation:
            self._one_by_one(job, pairs, refused, done)
            return
        if appended.lost:
            with self._ledger.database.transaction() as conn:
                reporting.skip(conn, job.id, _rows([pairs[n][0] for n in appended.lost]), _MEANWHILE)

    def _one_by_one(
        self,
        job: Job,
        pairs: Sequence[tuple[Plan, Decision]],
        refused: Sequence[tuple[Sequence[Plan], Reason]],
        done: int,
    ) -> None:
        """Somebody took an address of this chunk since the check: leave that person out, carry out the rest."""
        lost = []
        for plan, decision in pairs:
            try:
                if self._ledger.store.append([decision]).lost:
                    lost.append(plan)
            except psycopg.errors.UniqueViolation:
                lost.append(plan)
        self._append(job, [], [*refused, (lost, _MEANWHILE)], done)

    def _finish(self, job: Job) -> None:
        with self._ledger.database.connection() as conn:
            counts = reporting.counts(conn, job.id)
        wrote = bool(job.total)

        def close(conn: Connection) -> None:
            conn.execute("DELETE FROM import_plan WHERE run = %s", [job.id])
            told: dict[str, JsonValue] = {**counts}
            jobs.finish(conn, job, result=told, done=job.done)

        finished = (self._mark(job, BatchFinished, 1, {"outcomes": counts}),) if wrote else ()
        self._ledger.store.append([Decision(finished, job.caused_by)], also=close)


def _keep_plans(conn: Connection, run: UUID, plans: Iterable[Plan]) -> None:
    with conn.cursor().copy("COPY import_plan (run, seq, body) FROM STDIN") as writer:
        for seq, plan in enumerate(plans):
            writer.write_row((run, seq, PLANS.dump_json(plan).decode()))


def _one_kind(plans: Sequence[Plan]) -> list[Plan]:
    """The plans of a chunk up to the first of another kind: managers' jobs come after people, children after parents."""
    return list(takewhile(lambda plan: plan.type == plans[0].type, plans))


def _rows(plans: Iterable[Plan]) -> list[int]:
    return [row for plan in plans if (row := getattr(plan, "row", None)) is not None]
