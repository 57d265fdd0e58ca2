"""What learners browse: the offerings that they may see, with their standing and the one next action (CAT-5 to CAT-7, LRN-1)."""

from uuid import UUID

from services.enrollment.application.enrollments.cards import Day, OfferingCard, cards
from services.enrollment.application.enrollments.details import OfferingDetails, details
from services.enrollment.projections import learning_items, offerings, visibility
from services.enrollment.projections.learning_items import ItemWarning, LearningItem
from services.enrollment.projections.visibility import OfferingQuery
from shared.auth import Scope
from shared.database import Database
from shared.errors import NotFound
from shared.readmodel import Page


class OfferingPage(Page[OfferingCard]):
    """`total` where it was asked for: how many there are on all pages."""

    total: int | None = None


class OfferingBrowser:
    """Reads only."""

    def __init__(self, database: Database, attempts: int) -> None:
        """`attempts`: how many of an exam are listed."""
        self._database = database
        self._attempts = attempts

    def page(self, person: UUID, query: OfferingQuery, cursor: str | None, size: int, *, count: bool) -> OfferingPage:
        """What the person may see, by title."""
        with self._database.connection() as conn:
            page = visibility.page(conn, person, query, cursor, size)
            found = cards(conn, person, page.items, Day.of(conn, person))
            total = visibility.total(conn, person, query) if count else None
        return OfferingPage(items=[found[id] for id in page.items], next=page.next, total=total)

    def one(self, person: UUID, offering: UUID) -> OfferingDetails:
        """Raises NotFound for what is not there, and for what the person may not see (CAT-6, CAT-7)."""
        with self._database.connection() as conn:
            if not visibility.visible(conn, person, [offering]):
                raise visibility.unseen()
            return details(conn, person, offering, self._attempts)

    def items(self, enrollment: UUID) -> list[LearningItem]:
        """What earns the qualification, done and open (CAT-9)."""
        with self._database.connection() as conn:
            return learning_items.of_enrollment(conn, enrollment)

    def warnings(self, scope: Scope, offering: UUID, assignment: UUID | None) -> list[ItemWarning]:
        """Items that learners of the qualification do not see (CAT-11). Raises NotFound for what is no qualification."""
        with self._database.connection() as conn:
            fact = offerings.offerings(conn, [offering]).get(offering)
            if fact is None or fact.kind != "qualification":
                raise NotFound("There is no such qualification.", field="offering_id")
            return learning_items.warnings(conn, scope, offering, assignment)
