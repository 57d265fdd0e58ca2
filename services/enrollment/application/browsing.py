"""What learners browse: the offerings that they may see, with their standing and the one next action (CAT-5 to CAT-7, LRN-1)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.viewing import EnrollmentItem, standings
from services.enrollment.projections import items, offerings, visibility
from services.enrollment.projections.items import ItemWarning, LearningItem
from shared.auth import Scope
from shared.contracts.catalog import OfferingKind, Price
from shared.database import Database
from shared.errors import NotFound
from shared.readmodel import Page


class OfferingCard(BaseModel):
    """An offering, and how the caller stands on it. `opens`, `closes`: when learners may come by themselves (CAT-19)."""

    id: UUID
    kind: str
    code: str
    title: str
    price: Price | None
    opens: datetime | None
    closes: datetime | None
    standing: EnrollmentItem


class Browsing:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, person: UUID, words: str | None, kind: OfferingKind | None, cursor: str | None, size: int
    ) -> Page[OfferingCard]:
        """By title; `words` is a part of title or code."""
        with self._database.connection() as conn:
            page = visibility.page(conn, person, words, kind, cursor, size)
            facts = offerings.offerings(conn, page.items)
            standing = standings(conn, person, page.items)
        same = [name for name in OfferingCard.model_fields if name != "standing"]
        cards = [
            OfferingCard(**{name: getattr(facts[id], name) for name in same}, standing=standing[id])
            for id in page.items
        ]
        return Page(items=cards, next=page.next)

    def items(self, enrollment: UUID) -> list[LearningItem]:
        """What earns the qualification, done and open (CAT-9)."""
        with self._database.connection() as conn:
            return items.of_enrollment(conn, enrollment)

    def warnings(self, scope: Scope, offering: UUID, assignment: UUID | None) -> list[ItemWarning]:
        """Items that learners of the qualification do not see (CAT-11). Raises NotFound for what is no qualification."""
        with self._database.connection() as conn:
            fact = offerings.offerings(conn, [offering]).get(offering)
            if fact is None or fact.kind != "qualification":
                raise NotFound("There is no such qualification.", field="offering_id")
            return items.warnings(conn, scope, offering, assignment)
