"""People who are signed in and send commands, through whatever happens to the services meanwhile."""

import json
import threading
import time
from collections.abc import Callable, Collection
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx

PATIENCE = 180.0
_AWAY = {502: "gateway", 503: "unavailable"}
"""What is tried again: the gateway reaches no service, or the service no database."""


class Red(AssertionError):
    """Something that must never happen. `finding` is what it is called in the table of the seeded bugs."""

    def __init__(self, finding: str, said: str) -> None:
        super().__init__(f"{finding}: {said}")
        self.finding = finding


class Acknowledged(NamedTuple):
    """A command that was answered with a receipt. `does`: the kinds of event that its batch has to have."""

    name: str
    service: str
    position: int
    batch: UUID
    key: str
    does: tuple[str, ...]


class Record:
    """Every command that was answered, and every refusal, by what was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.acknowledged: list[Acknowledged] = []
        self.refused: list[tuple[str, str]] = []
        self.actors: set[UUID] = set()
        self.before: set[tuple[str, UUID]] = set()
        """Key and batch of the commands that were there before."""

    def keep(self, one: Acknowledged) -> None:
        with self._lock:
            self.acknowledged.append(one)

    def keep_refusal(self, name: str, kind: str) -> None:
        with self._lock:
            self.refused.append((name, kind))


class Answer(NamedTuple):
    """A receipt's batch and result; or the refusal, one of those that the command named."""

    batch: UUID | None
    result: dict[str, Any]
    refusal: str | None = None

    @property
    def done(self) -> bool:
        return self.refusal is None


class Caller:
    """One person. Not for two threads at once."""

    def __init__(self, base: str, user_name: str, password: str, record: Record) -> None:
        self._http = httpx.Client(base_url=base, timeout=30.0)
        self._form = {"grant_type": "password", "username": user_name, "password": password}
        self._record = record
        self.sign_in()
        self.id = UUID(self.get("/api/directory/me")["id"])
        record.actors.add(self.id)

    def close(self) -> None:
        self._http.close()

    def sign_in(self) -> None:
        answer = _patiently("sign in", lambda: self._http.post("/api/directory/token", data=self._form))
        if answer.status_code != 200:
            raise Red("work", f"sign in: {_said(answer)}")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **asked: str) -> Any:
        answer = self._send(path, lambda: self._http.get(path, params=asked))
        if answer.status_code != 200:
            raise Red("work", f"GET {path}: {_said(answer)}")
        return answer.json()

    def every(self, path: str, **asked: str) -> list[Any]:
        found, cursor = [], None
        while True:
            page = self.get(path, limit="500", **asked, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            if (cursor := page["next"]) is None:
                return found

    def command(
        self,
        name: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        answers: Collection[int] = (200,),
        does: Collection[str] = (),
        may_meet: Collection[str] = (),
    ) -> Answer:
        """Sent until it is answered, always under the same key. Any answer but `answers` and `may_meet` raises Red.

        `may_meet` are status and kind of refusals, as `409 preview-outdated`: what this very case may come to.
        """
        key = str(uuid4())
        headers = {"Idempotency-Key": key}
        answer = self._send(name, lambda: self._http.request(method, path, json=body, headers=headers))
        if answer.status_code not in answers:
            document = _document(answer)
            refusal = f"{answer.status_code} {str(document.get('type', '')).rpartition(':')[2]}"
            if refusal not in may_meet:
                raise Red("work", f"{name}: {method} {path} {json.dumps(body)} may not meet {_said(answer)}")
            self._record.keep_refusal(name, refusal)
            return Answer(None, document, refusal)
        receipt = answer.json()
        if "position" not in receipt:
            return Answer(None, receipt)
        service, _, position = str(receipt["position"]).partition(":")
        batch, result = UUID(receipt["batch"]), receipt.get("result")
        self._record.keep(Acknowledged(name, service, int(position), batch, key, tuple(does)))
        return Answer(batch, result if isinstance(result, dict) else {})

    def put(self, path: str, body: Any) -> None:
        """Of what has no receipt."""
        answer = self._send(path, lambda: self._http.put(path, json=body))
        if answer.status_code != 204:
            raise Red("work", f"PUT {path}: {_said(answer)}")

    def _send(self, name: str, send: Callable[[], httpx.Response]) -> httpx.Response:
        """A token that is too old is renewed once."""
        answer = _patiently(name, send)
        if answer.status_code == 401:
            self.sign_in()
            answer = _patiently(name, send)
        return answer


def _patiently(name: str, send: Callable[[], httpx.Response]) -> httpx.Response:
    """As a good client does: where nobody is there, it asks again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            answer = send()
            if _AWAY.get(answer.status_code) != str(_document(answer).get("type", "")).rpartition(":")[2]:
                return answer
            said = _said(answer)
        except httpx.TransportError as error:
            said = repr(error)
        if time.monotonic() > deadline:
            raise Red("work", f"{name}: no answer in {PATIENCE} seconds: {said}")
        time.sleep(0.1)


def _document(answer: httpx.Response) -> dict[str, Any]:
    if not answer.content or "json" not in answer.headers.get("content-type", ""):
        return {}
    found = answer.json()
    return found if isinstance(found, dict) else {}


def _said(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.text[:2_000]}"
