"""The job that counts a preview of a selection, part after part, on a snapshot each: it can be left, and grows (ADM-5, ASG-9)."""

import hashlib
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import JsonValue

from services.enrollment.application.previews import parts
from services.enrollment.application.previews.parts import CountedPart
from services.enrollment.application.previews.requests import Asked, AssignPeople, Preview
from services.enrollment.application.previews.selections import Selections, Unreachable
from services.enrollment.projections import plan_parts
from services.enrollment.projections.plan_parts import PlanPart
from shared import jobs, telemetry
from shared.auth import Scope
from shared.database import Connection, Database, fetch_one, int_of
from shared.errors import Refusal
from shared.jobs import Job

log = telemetry.logger(__name__)


class PartSize(NamedTuple):
    """`people`: of a selection in one transaction, at most; `rows`: people times offerings; `chunk`: evaluated at once."""

    people: int
    rows: int
    chunk: int

    def of(self, request: AssignPeople) -> int:
        return max(1, min(self.people, self.rows // len(request.offerings)))


class _Part(NamedTuple):
    """`people` None: there was none left. `next`: where the one after it begins; None: it is the last."""

    people: list[UUID] | None
    next: str | None
    selected: int


class _Plan(NamedTuple):
    caller: UUID
    request: dict[str, JsonValue]
    summary: dict[str, JsonValue]

    @property
    def asked(self) -> AssignPeople:
        found = Asked.model_validate({"request": self.request}).request
        assert isinstance(found, AssignPeople)
        return found


def plan(conn: Connection, id: UUID) -> _Plan:
    """As it is kept now."""
    query = "SELECT caller, request -> 'request' AS request, summary FROM plan WHERE id = %s"
    found = fetch_one(conn, _Plan, query, [id])
    assert found is not None, "a plan outlives its jobs"
    return found


def keep(conn: Connection, preview: Preview) -> None:
    """What is counted so far."""
    kept = Jsonb(preview.model_dump(mode="json"))
    conn.execute("UPDATE plan SET summary = %s, digest = %s WHERE id = %s", [kept, preview.digest, preview.id])


def whole_digest(conn: Connection, id: UUID) -> str:
    return hashlib.sha256(plan_parts.digests(conn, id).encode()).hexdigest()


def arguments(plan: UUID, scope: Scope, request: AssignPeople) -> dict[str, JsonValue]:
    """What a job about a preview of a selection is told. `offering`: the only one."""
    told: dict[str, JsonValue] = {"plan": str(plan), "scope": scope.model_dump(mode="json")}
    return {**told, "offering": str(request.offerings[0])} if len(request.offerings) == 1 else told


class CountSelection:
    """A part is read from the directory, decided on one snapshot, and kept with the place of the next one: so a crash resumes.

    Counted again (`again`), since the facts have changed, the people are those of the first time.
    """

    kind = "preview"

    def __init__(self, database: Database, selections: Selections, size: PartSize, pause: float) -> None:
        self._database = database
        self._selections = selections
        self._size = size
        self._pause = pause

    def step(self, job: Job) -> None:
        id, number = UUID(str(job.args["plan"])), int_of(job.cursor.get("part", 0))
        with self._database.connection() as conn:
            kept = plan(conn, id)
        try:
            part = self._part(job, kept, number)
            counted = self._counted(job, kept.asked, part.people) if part.people is not None else None
        except Unreachable as reason:
            log.warning("the directory does not tell who is selected; trying again", reason=str(reason))
            self._later(job)
        except Refusal as refusal:
            self._refuse(job, kept, refusal)
        else:
            self._keep(job, kept, part, counted, number)

    def _part(self, job: Job, kept: _Plan, number: int) -> _Part:
        request = kept.asked
        if job.args.get("again"):
            with self._database.connection() as conn:
                found = plan_parts.part(conn, UUID(str(job.args["plan"])), number)
            return _Part(found.people if found else None, "again" if found else None, job.total or 0)
        assert request.selection_id
        after = str(job.cursor["after"]) if "after" in job.cursor else None
        page = self._selections.page(request.selection_id, kept.caller, after, self._size.of(request))
        return _Part(_without(page.people, request.without), page.next, page.total - len(request.without))

    def _counted(self, job: Job, request: AssignPeople, people: Sequence[UUID]) -> CountedPart:
        scope = Scope.model_validate(job.args["scope"])
        with self._database.transaction(snapshot=True) as conn:
            return parts.count(conn, scope, request, people, self._size.chunk)

    def _keep(self, job: Job, kept: _Plan, part: _Part, counted: CountedPart | None, number: int) -> None:
        preview = Preview.model_validate(kept.summary)
        people = part.people or []
        with self._database.transaction() as conn:
            if counted:
                preview = parts.grown(preview, counted, len(people)).model_copy(update={"selected": part.selected})
                plan_parts.keep(conn, preview.id, number, PlanPart(people, counted.digest), counted.rows)
            done = job.done + len(people)
            if part.next is None:
                digest = whole_digest(conn, preview.id)
                keep(conn, preview.model_copy(update={"state": "ready", "digest": digest, "selected": done}))
                jobs.finish(conn, job, done=done, result={"preview": str(preview.id)})
                return
            keep(conn, preview)
            cursor: dict[str, JsonValue] = {"part": number + 1, "after": part.next}
            jobs.advance(conn, job, cursor=cursor, done=done, total=part.selected)

    def _refuse(self, job: Job, kept: _Plan, refusal: Refusal) -> None:
        preview = Preview.model_validate(kept.summary)
        with self._database.transaction() as conn:
            keep(conn, preview.model_copy(update={"state": "refused", "refusal": refusal.detail}))
            jobs.fail(conn, job, refusal.detail)

    def _later(self, job: Job) -> None:
        """Others have their turn first."""
        with self._database.transaction() as conn:
            jobs.advance(conn, job, cursor=job.cursor, done=job.done)
        time.sleep(self._pause)


def _without(people: Sequence[UUID], left_out: Collection[UUID]) -> list[UUID]:
    if not left_out:
        return list(people)
    away = set(left_out)
    return [id for id in people if id not in away]
