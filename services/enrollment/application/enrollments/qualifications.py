"""Qualifications are earned: on the last item's completion, on assignment, and when the items change (CAT-9). So is a certification
whose courses were all completed before, where that counts: without a begin (ENR-8)."""

import threading
from collections.abc import Sequence
from uuid import UUID

from services.enrollment.application.enrollments.base import EnrollmentCommands
from services.enrollment.application.enrollments.progress import credits
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import Moment, credit
from services.enrollment.domain.qualifications import award
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections import qualifications
from services.enrollment.projections.qualifications import Earned
from shared.database import Connection, int_of, keep_stepping
from shared.errors import Conflict
from shared.events import Meta
from shared.set_aside import SetAside, SetAsideRow, passing
from shared.store import CommandContext


class QualificationAwards:
    """Looks through this service's own events, once each, by whatever way they came about.

    Idempotent, therefore resumable: what was earned is completed, and is not found again.
    """

    name = "enrollment qualifications"

    def __init__(self, enrolled: EnrollmentCommands, *, chunk: int, pause: float) -> None:
        self._enrolled = enrolled
        self._database = enrolled.ledger.database
        self._chunk = chunk
        self._pause = pause
        self._aside = SetAside(self._database, self.name)

    def run(self, stop: threading.Event) -> None:
        keep_stepping(stop, self.step, self._pause, worker=self.name, also=(Conflict,))

    def step(self) -> int:
        """Returns how much was looked at. Raises Conflict when a learner was overtaken: the next step repeats it."""
        with self._database.connection() as conn:
            read = qualifications.by_events(conn, self._chunk)
            changed = qualifications.changed(conn)
        self._record(read.earned)
        if read.upto is not None:
            with self._database.transaction() as conn:
                qualifications.advance(conn, read.upto)
        for offering, revision in changed:
            with self._database.connection() as conn:
                found = qualifications.on(conn, offering, self._chunk, self.name)
            self._record(found)
            if not found:
                with self._database.transaction() as conn:
                    qualifications.looked_at(conn, offering, revision)
        return read.size + len(changed)

    def _record(self, earned: Sequence[Earned]) -> None:
        for one in earned:
            try:
                self._award(one.enrollment, one.revision, one.cause)
            except Exception as error:
                if passing(error) or isinstance(error, Conflict):
                    raise
                batch = str(one.cause.correlation)
                self._aside.put(one.enrollment, "enrollment", error, revision=one.revision, correlation=batch)

    def _award(self, enrollment: UUID, revision: int, cause: Meta) -> None:
        context = CommandContext.system(
            f"earn/{enrollment}/{revision}", correlation=cause.correlation, reason_code="earned"
        )
        self._enrolled.command(context, enrollment, self._decide)

    def retry(self, row: SetAsideRow, meta: Meta) -> None:
        """Look once more whether it is earned. Raises what it crashes with."""
        cause = meta.model_copy(update={"correlation": UUID(str(row.about["correlation"]))})
        self._award(row.subject, int_of(row.about["revision"]), cause)

    def drop(self, conn: Connection, row: SetAsideRow) -> None:
        """It is looked at again when another of its items is completed."""

    def _decide(self, state: Enrollment, offering: Offering, moment: Moment) -> Transition | None:
        with self._database.connection() as conn:
            if offering.kind == "certification":
                return credit(state, offering, credits(conn, state, offering, moment), moment)
            done = qualifications.done(conn, state.person, offering.items)
        return award(state, offering, done, moment)
