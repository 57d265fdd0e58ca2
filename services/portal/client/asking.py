"""How a page asks the services: with the token of whoever looks, several at once where they do not need each other."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO, Generic, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, RootModel, ValidationError

from shared.interface import INTERFACE
from shared.notification_choice import NOTIFICATIONS

R = TypeVar("R", bound=BaseModel)
T = TypeVar("T")

Params = Mapping[str, str | int | bool | list[str] | None]
"""Of an address; what is None or empty is left out."""
_PATIENCE = 2
"""So many seconds a page waits for a job; what takes longer is told of on the job's own page."""


class ServiceProblem(Exception):
    """A service refused; `problem` is its RFC 9457 document."""

    def __init__(self, status: int, problem: Mapping[str, JsonValue], retry_after: int | None = None) -> None:
        super().__init__(str(problem.get("title")))
        self.status = status
        self.problem = problem
        self.retry_after = retry_after
        """Seconds after which one may try again, where the service says so."""

    @property
    def kind(self) -> str:
        """The last part of `type`, such as `already-decided`."""
        return str(self.problem.get("type", "")).rpartition(":")[2]

    @property
    def field(self) -> str | None:
        field = self.problem.get("field")
        return field if isinstance(field, str) else None


class NotAnswering(ServiceProblem):
    """A service is down, or said what nobody understands."""

    def __init__(self) -> None:
        super().__init__(502, {"type": "not-answering", "title": "", "detail": ""})


class Reply(BaseModel):
    """What a service answers, as far as pages use it."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@dataclass(frozen=True)
class Listed(Generic[T]):
    """A page of a list. `next` is the cursor of the following one."""

    items: list[T]
    next: str | None = None
    total: int | None = None


class _List(RootModel[list[object]]):
    """What is in it is checked one by one."""


class _Page(Reply):
    items: list[object]
    next: str | None = None
    total: int | None = None


class Receipt(Reply):
    """Of a command: `position` is what a later question can wait for, None: nothing had to change; `batch`: what it causes."""

    position: str | None = None
    batch: str = ""
    result: JsonValue = None


@dataclass(frozen=True)
class Missing:
    """What stands in the place of an answer that a page can do without, when its service refused or is down."""

    problem: ServiceProblem


class Services:
    """The services behind one address. `together`: how many questions run at once for all pages of this process."""

    def __init__(self, client: httpx.Client, together: int = 32) -> None:
        self._client = client
        self._threads = ThreadPoolExecutor(together, thread_name_prefix="asking")

    def asking(self, token: str | None, language: str | None = None, address: str | None = None) -> "Asking":
        signed = f"Bearer {token}" if token else None
        told = {"Authorization": signed, "Accept-Language": language, "X-Forwarded-For": address, INTERFACE: "page"}
        return Asking(self._client, self._threads, {name: value for name, value in told.items() if value})

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._client.close()


class Asking:
    """Asks for one visitor. Everything but success is raised as ServiceProblem."""

    def __init__(self, client: httpx.Client, threads: ThreadPoolExecutor, headers: Mapping[str, str]) -> None:
        self._client = client
        self._threads = threads
        self._headers = dict(headers)

    def one(self, model: type[R], path: str, params: Params | None = None) -> R:
        return _read(model, self._answer("GET", path, params=params))

    def every(self, model: type[R], path: str, params: Params | None = None) -> list[R]:
        """A short list, which is not paged."""
        return [_read(model, one) for one in _read(_List, self._answer("GET", path, params=params)).root]

    def listed(self, model: type[R], path: str, params: Params | None = None) -> Listed[R]:
        return _read_page(model, self._answer("GET", path, params=params))

    def sought(
        self, model: type[R], path: str, body: Mapping[str, JsonValue], params: Params | None = None
    ) -> Listed[R]:
        """A page of what is looked for by what may not be in an address."""
        return _read_page(model, self._answer("POST", path, params=params, json=body))

    def post(
        self,
        model: type[R],
        path: str,
        body: Mapping[str, JsonValue],
        key: str | None = None,
        params: Params | None = None,
    ) -> R:
        return _read(model, self._answer("POST", path, params=params, json=body, headers=_keyed(key)))

    def form(self, model: type[R], path: str, form: Mapping[str, str]) -> R:
        return _read(model, self._answer("POST", path, data=form))

    def send_files(
        self, model: type[R], path: str, files: Mapping[str, tuple[str, BinaryIO]], fields: Mapping[str, str], key: str
    ) -> R:
        """Files with fields beside them; with the same `key` it is one command."""
        return _read(model, _checked(self._sent("POST", path, data=fields, files=files, headers=_keyed(key))))

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, JsonValue] | None,
        key: str,
        *,
        version: int | None = None,
        params: Params | None = None,
    ) -> Receipt:
        """The receipt of a command; with the same `key` it is done once. `version`: what the edit is based on."""
        based = {"If-Match": f'"{version}"'} if version is not None else {}
        return _read(Receipt, self._answer(method, path, params=params, json=body, headers={**_keyed(key), **based}))

    def choosing(self, emails: str) -> "Asking":
        """The same, for commands whose e-mails are sent, held or silenced (NTF-3)."""
        return Asking(self._client, self._threads, {**self._headers, NOTIFICATIONS: emails})

    def begun(self, path: str, body: Mapping[str, JsonValue], key: str) -> tuple[Receipt, str | None]:
        """The receipt of a command that may take long, and the job that is not over after some seconds."""
        answer = self._sent("POST", path, json=body, headers={**_keyed(key), "Prefer": f"wait={_PATIENCE}"})
        receipt = _read(Receipt, _checked(answer))
        return receipt, answer.links.get("monitor", {}).get("url", "").rpartition("/")[2] or None

    def done(
        self,
        method: str,
        path: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        form: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> None:
        """A command that has nothing to say."""
        self._answer(method, path, json=body, data=form, headers=_keyed(key))

    def upload(
        self, path: str, content: bytes, kind: str, *, params: Params | None = None, key: str | None = None
    ) -> Receipt:
        """The receipt of a command that is a document of this media type."""
        headers = {**_keyed(key), "Content-Type": kind}
        return _read(Receipt, self._answer("POST", path, params=params, content=content, headers=headers))

    def told(self, model: type[R], path: str) -> tuple[bool, R]:
        """What a service says of itself, and whether it says so with success."""
        answer = self._sent("GET", path)
        try:
            return answer.is_success, model.model_validate_json(answer.content)
        except ValidationError as error:
            raise NotAnswering from error

    def file(self, path: str) -> httpx.Response:
        """A document as it is, such as a certificate."""
        answer = self._sent("GET", path)
        _checked(answer)
        return answer

    def stream(self, path: str, body: Mapping[str, JsonValue] | None = None) -> httpx.Response:
        """A document that is passed on as it comes; whoever passes it on closes it."""
        method = "GET" if body is None else "POST"
        request = self._client.build_request(method, path, json=body, headers=self._headers)
        try:
            answer = self._client.send(request, stream=True)
            if answer.is_error:
                answer.read()
                answer.close()
                _checked(answer)
        except httpx.HTTPError as error:
            raise NotAnswering from error
        return answer

    def begin(self, question: Callable[[], T]) -> "Future[T]":
        """Ask while something else is asked, too."""
        return self._threads.submit(question)

    def part(self, question: Callable[[], T]) -> "Future[T | Missing]":
        """Ask for a part that the page can do without."""
        return self._threads.submit(_or_missing, question)

    def _answer(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Mapping[str, JsonValue] | None = None,
        data: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonValue:
        return _checked(self._sent(method, path, params=params, json=json, data=data, content=content, headers=headers))

    def _sent(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Mapping[str, JsonValue] | None = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, BinaryIO]] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        given = {name: value for name, value in (params or {}).items() if value not in (None, "", [])}
        sent = {**self._headers, **(headers or {})}
        try:
            return self._client.request(
                method, path, params=given, json=json, data=data, files=files, content=content, headers=sent
            )
        except httpx.HTTPError as error:
            raise NotAnswering from error


def _or_missing(question: Callable[[], T]) -> T | Missing:
    try:
        return question()
    except ServiceProblem as error:
        if error.status == 401:
            raise
        return Missing(error)


def _keyed(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}


def _read(model: type[R], body: object) -> R:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise NotAnswering from error


def _read_page(model: type[R], body: JsonValue) -> Listed[R]:
    page = _read(_Page, body)
    return Listed([_read(model, one) for one in page.items], page.next, page.total)


def _checked(response: httpx.Response) -> JsonValue:
    try:
        body: JsonValue = response.json() if response.content else None
    except ValueError:
        body = None
    if response.is_error:
        if not isinstance(body, dict) or (response.status_code >= 500 and "type" not in body):
            raise NotAnswering
        told = response.headers.get("Retry-After", "")
        raise ServiceProblem(response.status_code, body, int(told) if told.isdigit() else None)
    return body
