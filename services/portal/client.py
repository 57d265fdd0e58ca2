"""What the pages ask of the services, with the token of whoever looks at the page."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue

SERVICES = ("catalog", "directory", "enrollment", "notifier", "reporting")


class Asked(Exception):
    """A service refused; `problem` is its RFC 9457 document."""

    def __init__(self, status: int, problem: Mapping[str, JsonValue]) -> None:
        super().__init__(str(problem.get("title")))
        self.status = status
        self.problem = problem


@dataclass(frozen=True)
class Running:
    """A service, and whether it can serve."""

    name: str
    ready: bool


class Listed(BaseModel):
    """A page of a list, whatever is in it."""

    model_config = ConfigDict(extra="ignore")

    items: list[dict[str, JsonValue]]
    next: str | None = None


class Services:
    """The services behind one address."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def running(self) -> list[Running]:
        return [Running(name, self._is_ready(name)) for name in SERVICES]

    def _is_ready(self, name: str) -> bool:
        try:
            return self._client.get(f"/api/{name}/health/ready", timeout=3.0).status_code == 200
        except httpx.HTTPError:
            return False

    def token(self, user_name: str, password: str) -> str:
        """Raises Asked for a sign-in that does not hold."""
        form = {"grant_type": "password", "username": user_name, "password": password}
        answer = self._checked(self._client.post("/api/directory/token", data=form))
        return str(answer["access_token"])

    def listed(self, path: str, token: str, params: Mapping[str, str]) -> Listed:
        return Listed.model_validate(self.asked(path, token, params))

    def asked(self, path: str, token: str | None, params: Mapping[str, str] | None = None) -> dict[str, JsonValue]:
        """Raises Asked for anything but success."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._checked(self._client.get(path, params=dict(params or {}), headers=headers))

    def _checked(self, response: httpx.Response) -> dict[str, JsonValue]:
        try:
            body: dict[str, JsonValue] = response.json()
        except ValueError:
            body = {"title": "The service did not answer as it should", "detail": ""}
        if response.is_error:
            raise Asked(response.status_code, body)
        return body
