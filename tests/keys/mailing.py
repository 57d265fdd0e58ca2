"""Keys that are sent by e-mail, as who manages the pool and the notifier see them."""

from typing import Any
from uuid import UUID, uuid4

from fastapi.testclient import TestClient
from httpx import Response
from keys.harness import Keys

from shared.contracts.keys import KeyReminded, KeySent


class Pool:
    """A pool with so many generated keys."""

    def __init__(self, keys: Keys, many: int = 3, **terms: object) -> None:
        self.keys, self.id = keys, keys.pool(**terms)
        self.path = f"/api/keys/pools/{self.id}/mailings"
        if many:
            keys.generate(self.id, many)

    @property
    def counts(self) -> dict[str, int]:
        shown = self.keys.http.get(f"/api/keys/pools/{self.id}").json()["keys"]
        return {state: many for state, many in shown.items() if many}

    def send(self, *recipients: UUID | str, **more: Any) -> Response:
        """To people and addresses."""
        people = [str(one) for one in recipients if isinstance(one, UUID)]
        addresses = [one for one in recipients if isinstance(one, str)]
        headers = more.pop("headers", None)
        language = {"language": more.pop("language")} if "language" in more else {}
        body = {"recipients": {"people": people, "addresses": addresses, **language}, **more}
        return self.keys.http.post(self.path, json=body, headers=headers)

    def outcomes(self, *recipients: UUID | str, **more: Any) -> list[str]:
        answer = self.send(*recipients, **more)
        assert answer.status_code == 201, answer.text
        return [one["outcome"] for one in answer.json()["result"]["results"]]

    def listed(self) -> list[dict[str, Any]]:
        """Who was sent one, the newest first."""
        answer = self.keys.http.get(self.path)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def remind(self, *recipients: str) -> dict[str, str]:
        """The outcome for each of these recipients, or of all who may be reminded."""
        answer = self.keys.http.post(f"{self.path}/remind", json={"recipients": recipients or None})
        assert answer.status_code == 200, answer.text
        return {id: told["outcome"] for id, told in answer.json()["result"]["recipients"].items()}

    def take_back(self, *recipients: str, **more: object) -> list[dict[str, Any]]:
        answer = self.keys.http.post(f"{self.path}/take-back", json={"recipients": recipients, **more})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["result"]["recipients"].values())

    def texts(self) -> set[str]:
        """Of all its keys, as an export says them."""
        return {row["key"] for row in self.keys.exported(self.id, state=None)}


def notifier(keys: Keys) -> TestClient:
    """With the token of Rollbook's own notifier."""
    return TestClient(keys.service.app, headers=keys.issuer.machine(uuid4(), service="notifier"))


def causes(keys: Keys) -> list[tuple[UUID, int]]:
    """The events that an e-mail follows from."""
    told = [event for event in keys.events() if isinstance(event, KeySent | KeyReminded)]
    return [(event.originator_id, event.originator_version) for event in told]


def fetched(keys: Keys, cause: tuple[UUID, int], language: str | None = None) -> Response:
    """What the notifier is told when it sends the e-mail for this event."""
    body = {"key_id": str(cause[0]), "version": cause[1], "language": language}
    return notifier(keys).post("/api/keys/key-mails", json=body)


def recipient_of(keys: Keys, pool: str) -> str:
    """Somebody who was sent a key of this pool."""
    keys.add(pool, "SENT-2026-ABCD-EFGH")
    body = {"recipients": {"addresses": ["a@example.org"]}}
    answer = keys.http.post(f"/api/keys/pools/{pool}/mailings", json=body)
    assert answer.status_code == 201, answer.text
    return str(keys.http.get(f"/api/keys/pools/{pool}/mailings").json()["items"][0]["id"])
