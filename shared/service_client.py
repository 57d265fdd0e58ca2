"""How one of Rollbook's services asks another one as itself: what no event may have, and what has to be done at once (SEC-5)."""

import ssl
from functools import cache

import httpx
from pydantic import BaseModel, JsonValue, ValidationError


@cache
def trusted() -> ssl.SSLContext:
    """The authorities that this process trusts, for `verify` of its clients. Read once: it takes some 20 ms."""
    return httpx.create_ssl_context()


class _Token(BaseModel):
    access_token: str


class ServiceClient:
    """`client` reaches the others, and says how long they may take; `name` is of the machine client, such as rollbook-notifier;
    `secret` is that of Rollbook's own services. Any number of threads may use it."""

    def __init__(self, client: httpx.Client, name: str, secret: str) -> None:
        self.client = client
        self._name = name
        self._secret = secret
        self._token: str | None = None

    def send(self, method: str, path: str, body: JsonValue = None, command: str | None = None) -> httpx.Response:
        """Whatever the answer is. With a token, always, since strangers are answered otherwise; a new one where the last has
        expired. `command`: the Idempotency-Key. Raises httpx.HTTPError where there is no answer, or no token."""
        answer = self._sent(method, path, body, command)
        if answer.status_code == 401:
            self._token = None
            answer = self._sent(method, path, body, command)
        return answer

    def post(self, path: str, body: JsonValue = None) -> httpx.Response:
        """Raises httpx.HTTPError for anything but success."""
        return self.send("POST", path, body).raise_for_status()

    def _sent(self, method: str, path: str, body: JsonValue, command: str | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token or self._sign_in()}"}
        if command:
            headers["Idempotency-Key"] = command
        return self.client.request(method, path, json=body, headers=headers)

    def _sign_in(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": self._name, "client_secret": self._secret}
        answer = self.client.post("/api/directory/token", data=form).raise_for_status()
        try:
            self._token = _Token.model_validate_json(answer.content).access_token
        except ValidationError:
            raise httpx.DecodingError("the directory gave no token") from None
        return self._token
