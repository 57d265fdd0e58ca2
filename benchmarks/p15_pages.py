"""P15: a learner's pages over a store of a million enrollments, against the slowest request to a service behind each."""

import contextlib
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from uuid import uuid4

import httpx
import psycopg
import uvicorn
from fastapi.testclient import TestClient

from benchmarks.harness import Bench, Goal, Pair, Result, result
from benchmarks.learner import LEARNER, Learning, fill
from benchmarks.serving import Keys
from services.enrollment.main import PACKAGE
from services.portal.main import build
from services.portal.sealing import Sealer
from services.portal.session import COOKIE, Session
from services.suite.embedded import Suite, external
from shared.ports import free_port
from shared.service import tune
from shared.settings import Settings
from shared.suite import SERVICES

ID, GOAL, SIZE, ROUNDS = "P15", Goal("<=", 2.0), 1_000_000, 5
PAGES = {"P15": "/", "P15c": "/training", "P15t": "/transcript"}
OWN = 500
MOST = 5
"""So many requests a page makes at most: four, and the one for the number in its head."""
_REPEATS = 30
_WARM = 5
_HOUR = 3_600


def run(bench: Bench) -> list[Result]:
    size = bench.size or SIZE
    own = min(OWN, size // 2)
    learning = Learning(own, size - own, various=True)
    with suite(bench, learning) as running, httpx.Client(base_url=running.settings.base_url, timeout=60.0) as http:
        asked = {id: running.asked(path) for id, path in PAGES.items()}
        pairs: dict[str, list[Pair]] = {id: [] for id in PAGES}
        for _ in range(bench.rounds or ROUNDS):
            for id, path in PAGES.items():
                page = http.build_request("GET", path, headers=running.cookie)
                pairs[id].append(in_turns(http, page, asked[id]))
    return [
        result(
            id,
            f"{PAGES[id]}: a page / the slowest request behind it",
            GOAL,
            pairs[id],
            "ms",
            enrollments=size,
            own=own,
            requests=len(asked[id]),
            repeats=_REPEATS,
        )
        for id in PAGES
    ]


def in_turns(http: httpx.Client, page: httpx.Request, asked: Sequence[httpx.Request]) -> Pair:
    """Medians of the page and of the slowest request; each is made once, then all again."""
    taken = [[seconds(http, request) * 1000 for request in (page, *asked)] for _ in range(_WARM + _REPEATS)][_WARM:]
    first, *others = (statistics.median(one) for one in zip(*taken, strict=True))
    return Pair(first, max(others))


def seconds(http: httpx.Client, request: httpx.Request) -> float:
    began = time.perf_counter()
    http.send(request).raise_for_status()
    return time.perf_counter() - began


@dataclass
class Noting(httpx.BaseTransport):
    """Asks the services, and notes what they were asked."""

    asked: list[httpx.Request] = field(default_factory=list)
    _through: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._through.handle_request(request)


@dataclass(frozen=True)
class Running:
    """The suite, and how the learner is signed in: at the portal, and for the services."""

    settings: Settings
    cookie: Mapping[str, str]

    def asked(self, path: str) -> list[httpx.Request]:
        """What a page asks, as it asks it. Raises where that is too much, or where a part of the page is missing."""
        through = Noting()
        portal = build(self.settings, transport=through)
        with TestClient(portal.app) as browser:
            shown = browser.get(path, headers=self.cookie)
        portal.close()
        answers = [httpx.request(one.method, one.url, headers=one.headers) for one in through.asked]
        if shown.status_code != 200 or any(one.is_error for one in answers) or len(answers) > MOST:
            raise RuntimeError(f"{path}: {shown}; {[(str(one.url), one.status_code) for one in answers]}")
        return through.asked


@contextlib.contextmanager
def suite(bench: Bench, learning: Learning) -> Iterator[Running]:
    """The services and the portal in a process of their own, as `make up` serves them; nothing is done beside requests."""
    name = f"bench_{uuid4().hex[:8]}_{{service}}"
    keys = Keys()
    port = free_port()
    settings = Settings(
        database_url=bench.postgres.conninfo(name),
        port=port,
        base_url=f"http://127.0.0.1:{port}",
        jwks_url=keys.url,
        session_secret=uuid4().hex,
    )
    template = bench.template(f"learning of {learning}", lambda info: filled(info, learning), PACKAGE)
    bench.postgres.create_database(name.format(service="enrollment"), template)
    process = get_context("spawn").Process(target=serve, args=(settings,), daemon=True)
    process.start()
    try:
        bench.settle()
        wait_for(settings.base_url, process)
        yield Running(settings, {"Cookie": signed_in(settings, keys)})
    finally:
        process.terminate()
        process.join()
        keys.close()
        for service in SERVICES:
            bench.postgres.drop_database(name.format(service=service))


def filled(info: str, learning: Learning) -> None:
    with psycopg.connect(info, autocommit=True) as conn:
        fill(conn, learning)


def serve(settings: Settings) -> None:
    tune(settings)
    served = Suite(settings, external(settings.database_url, create=True))
    uvicorn.run(served, port=settings.port, log_config=None, lifespan="on", proxy_headers=False)


def wait_for(url: str, process: BaseProcess, longest: float = 300.0) -> None:
    deadline = time.monotonic() + longest
    while process.is_alive() and time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if all(httpx.get(f"{url}/api/{name}/health/ready", timeout=5.0).is_success for name in SERVICES):
                return
        time.sleep(0.1)
    raise TimeoutError(f"{url} does not answer; exit code of its process: {process.exitcode}")


def signed_in(settings: Settings, keys: Keys) -> str:
    """The cookie that the portal gives after a sign-in."""
    token = keys.token(settings, LEARNER)
    session = Session(
        a=token, r=uuid4().hex, e=time.time() + _HOUR, p=LEARNER, n="Ada Lovelace", l="en", z="Europe/Berlin"
    )
    sealed = Sealer(settings.session_secret).seal("session", session.model_dump(mode="json", by_alias=True), _HOUR)
    return f"{COOKIE}={sealed}"
