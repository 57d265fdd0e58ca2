"""People in lists, and everybody whom a search finds. Names go in the body, never in an address (DIR-9)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Reply
from services.portal.client.people import Unit

PEOPLE = "/api/directory/people"
PAGE = 50


class ListedPerson(Reply):
    """Somebody in a list. Position and manager are those of the first job that is current."""

    id: UUID
    first_name: str
    last_name: str
    email: str
    active: bool
    home_organisation_name: str | None = None
    position_name: str | None = None
    manager_name: str | None = None

    @property
    def name(self) -> str:
        """As lists are sorted."""
        return f"{self.last_name}, {self.first_name}"


class Counted(Reply):
    """Everybody whom a search found, as it was counted."""

    selection_id: UUID
    total: int
    counted_at: datetime


class Selected(Counted):
    """`people` None: more than a command can name."""

    people: tuple[UUID, ...] | None = None


def find_people(ask: Asking, asked: Mapping[str, JsonValue], cursor: str) -> Listed[ListedPerson]:
    """By last name, with how many match."""
    body = {**asked, "count": True, **({"cursor": cursor} if cursor else {})}
    return ask.sought(ListedPerson, f"{PEOPLE}/search", body, {"limit": PAGE})


def select_all(ask: Asking, asked: Mapping[str, JsonValue]) -> Counted:
    return ask.post(Counted, f"{PEOPLE}/selection", asked)


def selected(ask: Asking, id: UUID) -> Selected:
    """Raises ServiceProblem for one that has ended."""
    return ask.one(Selected, f"{PEOPLE}/selection/{id}")


def units_called(ask: Asking, kind: str, name: str) -> list[Unit]:
    """Organisations or positions whose name has this."""
    return ask.listed(Unit, "/api/directory/units", {"kind": kind, "name": name, "limit": 100}).items
