"""Where the pages are that e-mails and certificates lead to: the one place that knows."""

from typing import NamedTuple
from uuid import UUID


class Pages(NamedTuple):
    """Of the portal at `base_url`. A page that needs a sign-in asks for it, and goes on from there."""

    base_url: str

    @property
    def requests(self) -> str:
        """What a learner has asked for, and what was decided."""
        return f"{self.base_url}/requests"

    @property
    def approvals(self) -> str:
        """What waits for an approver."""
        return f"{self.base_url}/approvals"

    @property
    def qualifications(self) -> str:
        """A learner's job roles, and the qualifications that go with them."""
        return f"{self.base_url}/qualifications"

    @property
    def sign_in(self) -> str:
        return f"{self.base_url}/sign-in"

    @property
    def join(self) -> str:
        """Where people create an account, with a training key or without."""
        return f"{self.base_url}/join"

    def offering(self, id: UUID) -> str:
        """An offering, as its learners see it."""
        return f"{self.base_url}/offerings/{id}"

    def purchase(self, offering: UUID) -> str:
        """Where a learner pays for an offering, and comes back to from the payment provider."""
        return f"{self.base_url}/offerings/{offering}/purchase"

    def approval(self, request: UUID) -> str:
        """A request, for whoever decides on it."""
        return f"{self.base_url}/approvals/{request}"

    def exceptions(self, offering: UUID) -> str:
        """The learners of an offering who are held, for administrators."""
        return f"{self.base_url}/admin/exceptions?offering_id={offering}&state=open"

    def certificate(self, serial: str) -> str:
        """What anybody may see who has the serial (ENR-10)."""
        return f"{self.base_url}/verify/{serial}"

    def confirm_registration(self, token: str) -> str:
        return f"{self.base_url}/join/confirm#{token}"

    def new_password(self, token: str) -> str:
        return f"{self.base_url}/password/new#{token}"
