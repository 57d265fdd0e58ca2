"""The name of a group: given once on an offering, regardless of case (GRP-1)."""

from uuid import UUID

from services.enrollment.domain.groups import Group
from services.enrollment.projections import groups
from shared.database import Connection
from shared.errors import Conflict


class GroupExists(Conflict):
    """The offering has a group of that name."""

    kind = "group-exists"


def holder(conn: Connection, group: Group) -> UUID | None:
    """The other group of the offering that has this one's name."""
    others = (one.row.assignment for one in groups.named(conn, group.offering, group.name))
    return next((other for other in others if other != group.assignment), None)


def check_name(conn: Connection, group: Group) -> None:
    """Under the lock, so that of two of one name that come at the same moment one is refused."""
    if existing := holder(conn, group):
        raise GroupExists(
            f"This offering already has a group named '{group.name}'. Choose another name, or edit that group.",
            field="name",
            existing=str(existing),
        )
