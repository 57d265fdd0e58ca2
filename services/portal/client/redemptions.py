"""What pages read and command of training keys, for the learner who enters one."""

from services.portal.client.asking import Asking, Reply

REDEMPTIONS = "/api/keys/redemptions"


class Redemption(Reply):
    """What became of a key that was entered."""

    id: str
    state: str
    offering_id: str
    offering_title: str | None = None
    enrollment_id: str | None = None
    held_by: str | None = None
    kind: str | None = None
    detail: str | None = None

    @property
    def decided(self) -> bool:
        """The learner is on the course, or is told what holds it, or the key was refused."""
        return self.state == "released" or self.enrollment_id is not None


def redeem(ask: Asking, text: str, key: str) -> Redemption:
    """`text`: the training key; `key`: of the command, as everywhere."""
    return ask.post(Redemption, REDEMPTIONS, {"key": text}, key)


def redemption(ask: Asking, id: str) -> Redemption:
    return ask.one(Redemption, f"{REDEMPTIONS}/{id}")
