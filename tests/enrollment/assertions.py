"""What became of a command, of a learner and of the history, in the words of the tests."""

from collections.abc import Sequence
from uuid import UUID

from enrollment.client import Client
from fastapi.testclient import TestClient

from shared.database import Database
from shared.errors import Conflict, Forbidden, Invalid, NotFound

MAKES = frozenset({"attempts", "purchase"})
"""What makes something of its own on an enrollment: 201."""
STATUSES = {
    **{one.kind: one.status for one in (Forbidden, Invalid, NotFound)},
    "own-enrollment": Forbidden.status,
    "reporting-not-allowed": Forbidden.status,
}
"""Of the refusals that are no conflict with the state of things."""


class Assertions(Client):
    """What has to be so, and what is."""

    database: Database

    def standing(self, person: UUID, offering: UUID) -> str:
        """`status`, and `!` for without source; `-` for none."""
        found = self.enrollments(person_id=person, offering_id=offering)
        return f"{found[0]['status']}{'!' if found[0]['without_source'] else ''}" if found else "-"

    def enrolled(self, offering: UUID) -> set[UUID]:
        return {UUID(str(e["person_id"])) for e in self.enrollments(offering_id=offering) if e["status"] != "withdrawn"}

    def did(self, id: str, what: str, by: TestClient | None = None, **body: object) -> dict[str, object]:
        """A command that has to succeed; its result."""
        answer = self.do(id, what, by, **body)
        assert answer.status_code == (201 if what.rsplit("/", 1)[-1] in MAKES else 200), answer.text
        result: dict[str, object] = answer.json()["result"]
        return result

    def refused(self, id: str, what: str, by: TestClient | None = None, **body: object) -> str:
        """A command that has to be refused; the kind of problem."""
        answer = self.do(id, what, by, **body)
        kind = str(answer.json()["type"]).rsplit(":", 1)[1]
        assert answer.status_code == STATUSES.get(kind, Conflict.status), answer.text
        return kind

    def told(self, *, of: Sequence[UUID] = ()) -> list[str]:
        """The types of all events this service has recorded, or of those about these people."""
        with self.database.connection() as conn:
            rows = conn.execute("SELECT type, body FROM events ORDER BY position").fetchall()
        ids = [str(person).encode() for person in of]
        return [
            str(type).split(".")[1]
            for type, body in rows
            if not ids or (isinstance(body, bytes) and any(id in body for id in ids))
        ]
