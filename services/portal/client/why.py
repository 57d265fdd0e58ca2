"""Why a learner is enrolled, as enrollment tells it, and the e-mails that told the learner (LRN-8)."""

from collections.abc import Iterator
from datetime import date, datetime

from services.portal.client.asking import Asking, Reply
from services.portal.client.learning import ENROLLMENT, DueRule


class Act(Reply):
    """What somebody did. `actor` None: Rollbook by itself; `how`: command, rule, import, timer …"""

    at: datetime
    actor: str | None = None
    how: str = "command"
    cause: str | None = None
    reason: str | None = None


class Ending(Act):
    why: str


class Placement(Reply):
    """What makes the learner part of an organisation or position, or of a team: the names, or managers, from below."""

    kind: str
    since: date | None = None
    path: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()


class Reason(Reply):
    """An assignment that holds the learner, or did."""

    assignment_id: str
    type: str
    name: str | None = None
    include_below: bool = False
    assigned: Act | None = None
    placements: tuple[Placement, ...] = ()
    joined_by: str | None = None
    enrolled: Act
    access_until: date | None = None
    due: DueRule | None = None
    due_on: date | None = None
    due_at: str | None = None
    decides_due: bool = False
    ended: Ending | None = None


class DueReason(Reply):
    due_on: date
    due_at: str | None = None
    by: str
    set: Act


class Why(Reply):
    """Newest first."""

    assignments: tuple[Reason, ...] = ()
    earlier: tuple[Reason, ...] = ()
    via_enrollment_id: str | None = None
    due: DueReason | None = None

    def people(self) -> set[str]:
        """The ids of all who did something, or are managers."""
        return set(self._people())

    def _people(self) -> Iterator[str]:
        for one in (*self.assignments, *self.earlier):
            acts = [act for act in (one.assigned, one.enrolled, one.ended) if act]
            yield from (act.actor for act in acts if act.actor)
            for placement in one.placements:
                yield from placement.managers
        if self.due and self.due.set.actor:
            yield self.due.set.actor


class OwnMail(Reply):
    """An e-mail to whoever looks."""

    template: str
    assignment_id: str | None = None
    caused_at: datetime
    state: str
    sent_at: datetime | None = None


def why(ask: Asking, enrollment: str) -> Why:
    return ask.one(Why, f"{ENROLLMENT}/enrollments/{enrollment}/why")


def own_mails(ask: Asking, enrollment: str) -> list[OwnMail]:
    """Newest first."""
    return ask.listed(OwnMail, "/api/notifier/ledger/mine", {"enrollment_id": enrollment, "limit": 50}).items
