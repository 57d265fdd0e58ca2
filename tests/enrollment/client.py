"""What callers do and ask, over HTTP. What they do is followed to its end."""

from collections.abc import Callable
from uuid import UUID

from fastapi.testclient import TestClient
from httpx import Response
from issuer import Issuer

from shared.service import Service

MANAGER = "enrollment-manager"


class Client:
    """Commands and questions of a caller who may do everything, unless another is named."""

    service: Service
    issuer: Issuer
    http: TestClient
    settle: Callable[[], None]

    def client(self, person: UUID, *roles: tuple[str, UUID | None]) -> TestClient:
        """Somebody who is signed in."""
        return TestClient(self.service.app, headers=self.issuer.headers(person, *roles))

    def hold(self, job_role: UUID, *people: UUID) -> dict[str, object]:
        """Assign a job role by hand. Returns the result."""
        answer = self.http.post(
            f"/api/enrollment/job-roles/{job_role}/holders", json={"people": [str(person) for person in people]}
        )
        assert answer.status_code == 201, answer.text
        self.settle()
        result: dict[str, object] = answer.json()["result"]
        return result

    def trigger(self, name: str, when: dict[str, object], **more: object) -> str:
        """A trigger that has begun to act. Returns its id."""
        self.settle()
        body = {"name": name, "when": when, **{key: str(v) if isinstance(v, UUID) else v for key, v in more.items()}}
        answer = self.http.post("/api/enrollment/triggers", json=body)
        assert answer.status_code == 202, answer.text
        self.settle()
        return str(answer.json()["result"]["trigger_id"])

    def preview(self, offering: UUID, *targets: tuple[str, UUID, bool], **more: object) -> dict[str, object]:
        asked = [{"type": type, "target_id": str(id), "include_below": below} for type, id, below in targets]
        body = {"action": "assign", "offering_id": str(offering), "targets": asked, **more}
        answer = self.http.post("/api/enrollment/previews", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, object] = answer.json()
        return found

    def assign(self, offering: UUID, type: str, target: UUID, *, below: bool = False, **more: object) -> UUID:
        """Preview, confirm, and carry it to everybody. Returns the assignment's id."""
        preview = self.preview(offering, (type, target, below), **more)
        answer = self.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
        assert answer.status_code == 202, answer.text
        self.settle()
        return UUID(answer.json()["result"]["created"][0]["assignment_id"])

    def remove(self, *assignments: UUID) -> dict[str, object]:
        """Preview the removal, confirm it, and carry it to everybody. Returns the preview."""
        body = {"action": "remove", "assignment_ids": [str(a) for a in assignments]}
        preview: dict[str, object] = self.http.post("/api/enrollment/previews", json=body).json()
        answer = self.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
        assert answer.status_code == 202, answer.text
        self.settle()
        return preview

    def enroll(self, person: UUID, offering: UUID, **more: object) -> str:
        """Assign one person. Returns the enrollment's id."""
        body = {"offerings": [str(offering)], "people": [str(person)], **more}
        answer = self.http.post("/api/enrollment/assignments", json=body)
        assert answer.status_code == 202, answer.text
        assert answer.json()["result"]["refused"] == []
        self.settle()
        return str(self.enrollments(person_id=person, offering_id=offering)[0]["id"])

    def do(self, id: str, what: str, by: TestClient | None = None, **body: object) -> Response:
        """A command on an enrollment, by the administrator unless said otherwise."""
        return (by or self.http).post(f"/api/enrollment/enrollments/{id}/{what}", json=body or None)

    def begin(self, person: UUID, offering: UUID) -> None:
        id = self.enrollments(person_id=person, offering_id=offering)[0]["id"]
        assert self.http.post(f"/api/enrollment/enrollments/{id}/begin").status_code == 200

    def enrollments(self, **query: object) -> list[dict[str, object]]:
        params = {key: str(value) for key, value in query.items()}
        items: list[dict[str, object]] = self.http.get(
            "/api/enrollment/enrollments", params={"limit": "500", **params}
        ).json()["items"]
        return items

    def show(self, id: str, by: TestClient | None = None) -> dict[str, object]:
        found: dict[str, object] = (by or self.http).get(f"/api/enrollment/enrollments/{id}").json()
        return found
