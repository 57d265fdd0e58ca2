"""What administrators say of completions: approve, reject, record, take back, revoke (ENR-5, ENR-12)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.enrollment.application.enrolled import Enrolled
from services.enrollment.application.learning import counting_elsewhere
from services.enrollment.domain import completing, learning, standing
from services.enrollment.domain.completing import Completion
from services.enrollment.domain.enrollment import Enrollment, enrollment_id
from services.enrollment.domain.learning import Moment
from services.enrollment.domain.offerings import Offering
from services.enrollment.domain.standing import Change
from services.enrollment.projections import certificates
from shared.errors import NotFound
from shared.events import TextRef
from shared.store import Context, Receipt, decided_again
from shared.texts import Texts


class Completing:
    """Completions that a person decides on."""

    def __init__(self, enrolled: Enrolled) -> None:
        self._enrolled = enrolled

    def approve(self, context: Context, id: UUID) -> Receipt:
        """What waits for an approval is completed (ENR-5)."""
        return self._enrolled.command(context, id, learning.approve, also=counting_elsewhere(context))

    def reject(self, context: Context, id: UUID, steps: Sequence[int], reason: str) -> Receipt:
        """It goes back to the learner, who sees the reason and completes these steps again (ENR-5)."""
        texts = Texts()

        def decide(state: Enrollment, offering: Offering, _: Moment) -> Change:
            return learning.reject(state, offering, steps, _needed(texts, state.person, reason))

        return self._enrolled.command(context, id, decide, texts=texts)

    @decided_again
    def record(
        self, context: Context, person: UUID, offering_id: UUID, completion: Completion, evidence: str | None
    ) -> Receipt:
        """A completion that an administrator knows of, also of somebody who was never enrolled (ENR-12)."""
        if earlier := self._enrolled.ledger.earlier(context):
            return earlier
        state, offering, at = self._standing(person, offering_id)
        completing.check(completion, at.today)
        texts = Texts()
        change = completing.record(state, offering, completion, texts.ref(person, evidence), at.serial)
        return self._enrolled.record(
            context, state, offering, at, change, texts=texts, also=counting_elsewhere(context)
        )

    def judge(
        self, person: UUID, offering_id: UUID, completion: Completion, known: Mapping[UUID, Enrollment]
    ) -> Change | None:
        """What recording it would do; None: nothing. `known`: enrollments as they would be by then, by id (ENR-13)."""
        loaded, offering, at = self._standing(person, offering_id)
        completing.check(completion, at.today)
        return completing.record(known.get(loaded.id, loaded), offering, completion, None, at.serial)

    def _standing(self, person: UUID, offering_id: UUID) -> tuple[Enrollment, Offering, Moment]:
        offering, at = self._enrolled.surroundings(offering_id)
        known = self._enrolled.ledger.load(enrollment_id(person, offering_id), standing.evolve)
        return known or Enrollment.unknown(person, offering_id), offering, at

    def take_back(self, context: Context, id: UUID, reason: str) -> Receipt:
        """The completion on record does not count any more."""
        texts = Texts()

        def decide(state: Enrollment, offering: Offering, _: Moment) -> Change:
            return completing.take_back(state, offering, _needed(texts, state.person, reason))

        return self._enrolled.command(context, id, decide, texts=texts)

    def revoke(self, context: Context, serial: str, reason: str) -> Receipt:
        """The certificate does not hold any more, and its verification says why."""
        texts = Texts()
        with self._enrolled.ledger.database.connection() as conn:
            found = certificates.find(conn, serial)
        if found is None:
            raise NotFound("There is no certificate with this serial.", field="serial")

        def decide(state: Enrollment, _: Offering, __: Moment) -> Change | None:
            return completing.revoke(state, serial, _needed(texts, state.person, reason))

        return self._enrolled.command(context, found.enrollment, decide, texts=texts)


def _needed(texts: Texts, person: UUID, reason: str) -> TextRef:
    """Requests are checked for a reason that is not empty."""
    ref = texts.ref(person, reason)
    assert ref is not None
    return ref
