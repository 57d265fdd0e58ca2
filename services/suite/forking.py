"""Processes that start at once: each is forked from one that has imported every service, and shares its memory.

That one, Python's fork server, has a single thread and no connection. Otherwise each of two dozen processes would import for
seconds before it serves.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing import connection
from multiprocessing.context import ForkServerProcess

from services.suite import running
from shared import telemetry
from shared.service import Role
from shared.settings import Settings
from shared.suite import SUITE

_LOOK_SECONDS = 1.0

_context = multiprocessing.get_context("forkserver")
_DEMO = ("services.suite.demo_payments", "services.suite.demo_learning", "services.suite.demo_progress")
_context.set_forkserver_preload([__name__, "services.portal.main", *(member.module for member in SUITE), *_DEMO])


Run = Callable[[str, Role, Mapping[str, str]], None]


def start(run: Run, service: str, role: Role, environment: Mapping[str, str]) -> ForkServerProcess:
    """A process that runs this: `run` below, or what calls it. It ends when this process does."""
    process = _context.Process(target=run, args=(service, role, dict(environment)), name=f"{service} {role}")
    process.start()
    return process


def run(service: str, role: Role, environment: Mapping[str, str]) -> None:
    """As `rollbook run SERVICE ROLE` with this environment and nothing else in it."""
    os.setsid()  # Ctrl-C is for the parent, which ends its processes in order
    os.chdir("/")
    os.environ.clear()
    os.environ.update(environment)
    telemetry.configure()
    try:
        running.run(service, [role], Settings(), until=_parent_ends)
    except running.CannotRun as error:
        sys.exit(str(error))


def _parent_ends() -> None:
    """Or the one that this was forked from: without it, the parent takes this process for ended and starts another one."""
    parent, forked_from = multiprocessing.parent_process(), os.getppid()
    while parent is not None and os.getppid() == forked_from:
        if connection.wait([parent.sentinel], _LOOK_SECONDS):
            return
