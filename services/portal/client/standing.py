"""How whoever looks stands on one offering, without the offering itself."""

from services.portal.client.asking import Asking
from services.portal.client.enrollment import Standing


class OwnStanding(Standing):
    """With what it is about."""

    offering_id: str
    offering_title: str
    offering_kind: str


def own_standing(ask: Asking, offering_id: str) -> OwnStanding:
    """Also for somebody who is not enrolled; refused for an offering that they may not see."""
    return ask.one(OwnStanding, f"/api/enrollment/offerings/{offering_id}/standing")
