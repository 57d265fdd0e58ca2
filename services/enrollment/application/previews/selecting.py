"""Previews of a selection, and their confirmation: each begins a job, since a selection may be large (ASG-4, ADM-5)."""

from uuid import UUID, uuid4, uuid5

from psycopg.types.json import Jsonb
from pydantic import JsonValue

from services.enrollment.application.ledger import Enrollments
from services.enrollment.application.previews import counting, parts
from services.enrollment.application.previews.confirming import SETTINGS, AssignSelection
from services.enrollment.application.previews.counting import CountSelection
from services.enrollment.application.previews.people import nobody
from services.enrollment.application.previews.requests import Asked, AssignPeople, Preview
from services.enrollment.application.previews.selections import Selections
from services.enrollment.domain.assignments import AssignmentSettings
from shared import jobs
from shared.auth import Scope
from shared.database import Connection
from shared.errors import Conflict
from shared.store import CommandContext, Decision, Receipt
from shared.texts import Texts

_PREVIEWS = UUID("5f0c8f5e-1c1e-4a08-9d7b-3c2f1f6f6a0e")
"""The name space of the ids of previews of selections."""


class SelectionPreviews:
    """Begins the jobs, and says how far they are."""

    def __init__(self, ledger: Enrollments, selections: Selections) -> None:
        self._ledger = ledger
        self._selections = selections

    def begin(self, context: CommandContext, scope: Scope, request: AssignPeople) -> Preview:
        """Sent again under the same id, it is the same preview."""
        self._selections.check()
        id = uuid5(_PREVIEWS, f"{context.actor}/{context.command_id}")
        with self._ledger.database.transaction() as conn:
            preview = parts.begin(conn, request, id)
            asked, told = Asked(request=request).model_dump(mode="json"), preview.model_dump(mode="json")
            new = conn.execute(
                "INSERT INTO plan (id, caller, request, summary, digest) VALUES (%s, %s, %s, %s, '') ON CONFLICT DO NOTHING",
                [id, context.actor, Jsonb(asked), Jsonb(told)],
            ).rowcount
            if not new:
                return Preview.model_validate(counting.plan(conn, id).summary)
            assert preview.job
            args = counting.arguments(id, scope, request)
            jobs.enqueue(conn, preview.job, CountSelection.kind, args, context.meta())
        return preview

    def confirm(
        self, context: CommandContext, scope: Scope, preview: Preview, settings: AssignmentSettings, texts: Texts
    ) -> Receipt:
        """Begin to do what it showed. `texts` holds those of `settings`. Refused as long as it is counted."""
        self._check_ready(preview)
        with self._ledger.database.connection() as conn:
            request = counting.plan(conn, preview.id).asked
        told = SETTINGS.dump_python(settings, mode="json")
        args: dict[str, JsonValue] = {**counting.arguments(preview.id, scope, request), "settings": told}
        job = uuid4()

        def queue(conn: Connection) -> None:
            texts.keep(conn)
            jobs.enqueue(conn, job, AssignSelection.kind, {**args, "digest": preview.digest}, context.meta())

        return self._ledger.record(context, Decision((), context.meta()), {"jobs": [str(job)]}, also=queue)

    def _check_ready(self, preview: Preview) -> None:
        if preview.state == "counting":
            raise Conflict(
                "This preview is still being counted. Confirm it when all its numbers are there.", kind="counting"
            )
        if preview.refusal:
            raise Conflict(preview.refusal, kind="preview-refused")
        if not preview.assignments:
            raise nobody(preview.refused)
