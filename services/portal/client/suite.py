"""What the services say of themselves."""

from dataclasses import dataclass
from functools import partial

from services.portal.client.asking import Asking, Reply, ServiceProblem
from shared.suite import SERVICES


@dataclass(frozen=True)
class Running:
    """A service, whether it can serve, and what its workers fail at, each with what ends it."""

    name: str
    ready: bool
    failing: tuple[str, ...] = ()


class _Failing(Reply):
    worker: str
    error: str
    fix: str


class _Standing(Reply):
    failing: tuple[_Failing, ...] = ()


def running(ask: Asking) -> list[Running]:
    """By name, all asked at once."""
    asked = [ask.begin(partial(_running, ask, name)) for name in sorted(SERVICES)]
    return [one.result() for one in asked]


def _running(ask: Asking, name: str) -> Running:
    try:
        ready, told = ask.told(_Standing, f"/api/{name}/health/ready")
    except ServiceProblem:
        return Running(name, ready=False)
    return Running(name, ready, tuple(f"{one.worker} keeps failing ({one.error}). {one.fix}" for one in told.failing))
