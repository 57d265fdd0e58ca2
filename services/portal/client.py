"""What the pages ask of the services, with the token of whoever looks at the page."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter

SERVICES = ("catalog", "directory", "enrollment", "notifier", "reporting")


class Asked(Exception):
    """A service refused; `problem` is its RFC 9457 document."""

    def __init__(self, status: int, problem: Mapping[str, JsonValue]) -> None:
        super().__init__(str(problem.get("title")))
        self.status = status
        self.problem = problem


@dataclass(frozen=True)
class Running:
    """A service, whether it can serve, and what its workers fail at, each with what ends it."""

    name: str
    ready: bool
    failing: tuple[str, ...] = ()


class _Failing(BaseModel):
    worker: str
    error: str
    fix: str


class _Standing(BaseModel):
    """What a service says of itself."""

    failing: list[_Failing] = []


class Listed(BaseModel):
    """A page of a list, whatever is in it."""

    model_config = ConfigDict(extra="ignore")

    items: list[dict[str, JsonValue]]
    next: str | None = None


_OBJECT = TypeAdapter(dict[str, JsonValue])
_LIST = TypeAdapter(list[dict[str, JsonValue]])


class Services:
    """The services behind one address."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def running(self) -> list[Running]:
        return [self._running(name) for name in SERVICES]

    def _running(self, name: str) -> Running:
        try:
            answer = self._client.get(f"/api/{name}/health/ready", timeout=3.0)
            told = _Standing.model_validate_json(answer.content)
        except (httpx.HTTPError, ValueError):
            return Running(name, ready=False)
        failing = tuple(f"{one.worker} fails ({one.error}). {one.fix}" for one in told.failing)
        return Running(name, answer.status_code == 200, failing)

    def token(self, user_name: str, password: str) -> str:
        """Raises Asked for a sign-in that does not hold."""
        form = {"grant_type": "password", "username": user_name, "password": password}
        answer = _OBJECT.validate_python(_checked(self._client.post("/api/directory/token", data=form)))
        return str(answer["access_token"])

    def listed(self, path: str, token: str, params: Mapping[str, str]) -> Listed:
        return Listed.model_validate(self.asked(path, token, params))

    def asked(self, path: str, token: str | None, params: Mapping[str, str] | None = None) -> dict[str, JsonValue]:
        """Raises Asked for anything but success."""
        return _OBJECT.validate_python(self._answer("GET", path, token, params=params))

    def every(self, path: str, token: str) -> list[dict[str, JsonValue]]:
        """A short list, which is not paged. Raises Asked."""
        return _LIST.validate_python(self._answer("GET", path, token))

    def found(self, path: str, token: str, body: Mapping[str, JsonValue]) -> Listed:
        """A page of what is looked for by what may not be in an address. Raises Asked."""
        return Listed.model_validate(self._answer("POST", path, token, json=body))

    def commanded(
        self, method: str, path: str, token: str, body: Mapping[str, JsonValue], key: str
    ) -> dict[str, JsonValue]:
        """The receipt of a command; with the same `key` it is done once. Raises Asked."""
        return _OBJECT.validate_python(self._answer(method, path, token, json=body, headers={"Idempotency-Key": key}))

    def offerings(self, token: str) -> list[dict[str, JsonValue]]:
        """Those to choose from, by title."""
        return self.listed("/api/catalog/offerings", token, {"limit": "500"}).items

    def _answer(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, JsonValue] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonValue:
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        sent = {**signed, **(headers or {})}
        return _checked(self._client.request(method, path, params=params, json=json, headers=sent))


def _checked(response: httpx.Response) -> JsonValue:
    try:
        body: JsonValue = response.json()
    except ValueError:
        body = None
    if response.is_error:
        problem = body if isinstance(body, dict) else {"title": "The service did not answer as it should", "detail": ""}
        raise Asked(response.status_code, problem)
    return body
