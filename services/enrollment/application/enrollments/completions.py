"""What administrators say of completions: approve, reject, record, take back, revoke (ENR-5, ENR-12)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.enrollment.application.enrollments.base import EnrollmentCommands
from services.enrollment.application.enrollments.progress import counting_elsewhere
from services.enrollment.domain import completions, progress
from services.enrollment.domain.completions import Completion
from services.enrollment.domain.enrollment import Enrollment, evolve
from services.enrollment.domain.enrollment_ids import enrollment_id
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.progress import Moment
from services.enrollment.domain.transitions import Transition
from services.enrollment.projections import certificates
from shared.errors import NotFound
from shared.events import TextRef
from shared.store import CommandContext, Receipt, command, decided_again
from shared.texts import Texts


class CompletionCommands:
    """Completions that a person decides on."""

    def __init__(self, enrolled: EnrollmentCommands) -> None:
        self._enrolled = enrolled
        self._ledger = enrolled.ledger

    def approve(self, context: CommandContext, id: UUID) -> Receipt:
        """What waits for an approval is completed (ENR-5)."""
        return self._enrolled.command(context, id, progress.approve, also=counting_elsewhere(context))

    def reject(self, context: CommandContext, id: UUID, steps: Sequence[int], reason: str) -> Receipt:
        """It goes back to the learner, who sees the reason and completes these steps again (ENR-5)."""
        texts = Texts()

        def decide(state: Enrollment, offering: Offering, _: Moment) -> Transition:
            return progress.reject(state, offering, steps, _needed(texts, state.person, reason))

        return self._enrolled.command(context, id, decide, texts=texts)

    @decided_again
    @command
    def record(
        self, context: CommandContext, person: UUID, offering_id: UUID, completion: Completion, *, evidence: str | None
    ) -> Receipt:
        """A completion that an administrator knows of, also of somebody who was never enrolled (ENR-12)."""
        state, offering, moment = self._standing(person, offering_id)
        completions.check(completion, moment.today)
        texts = Texts()
        change = completions.record(
            state, offering, completion, evidence=texts.ref(person, evidence), serial=moment.serial
        )
        return self._enrolled.record(
            context, state, offering, moment, change=change, texts=texts, also=counting_elsewhere(context)
        )

    def judge(
        self, person: UUID, offering_id: UUID, completion: Completion, enrollments: Mapping[UUID, Enrollment]
    ) -> Transition | None:
        """What recording it would do; None: nothing. `enrollments`: as they would be by then, by id (ENR-13)."""
        loaded, offering, moment = self._standing(person, offering_id)
        completions.check(completion, moment.today)
        return completions.record(
            enrollments.get(loaded.id, loaded), offering, completion, evidence=None, serial=moment.serial
        )

    def _standing(self, person: UUID, offering_id: UUID) -> tuple[Enrollment, Offering, Moment]:
        offering, moment = self._enrolled.surroundings(offering_id)
        known = self._ledger.load(enrollment_id(person, offering_id), evolve)
        return known or Enrollment.unknown(person, offering_id), offering, moment

    def take_back(self, context: CommandContext, id: UUID, reason: str) -> Receipt:
        """The completion on record does not count any more."""
        texts = Texts()

        def decide(state: Enrollment, offering: Offering, _: Moment) -> Transition:
            return completions.take_back(state, offering, _needed(texts, state.person, reason))

        return self._enrolled.command(context, id, decide, texts=texts)

    def revoke(self, context: CommandContext, serial: str, reason: str) -> Receipt:
        """The certificate does not hold any more, and its verification says why."""
        texts = Texts()
        with self._ledger.database.connection() as conn:
            found = certificates.find(conn, serial)
        if found is None:
            raise NotFound("There is no certificate with this serial.", field="serial")

        def decide(state: Enrollment, _: Offering, __: Moment) -> Transition | None:
            return completions.revoke(state, serial, _needed(texts, state.person, reason))

        return self._enrolled.command(context, found.enrollment, decide, texts=texts)


def _needed(texts: Texts, person: UUID, reason: str) -> TextRef:
    """Requests are checked for a reason that is not empty."""
    ref = texts.ref(person, reason)
    assert ref is not None
    return ref
