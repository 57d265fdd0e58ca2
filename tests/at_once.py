"""Requests that start at the same instant, each in a thread of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from httpx import Response


def at_once(*calls: Callable[[], Response]) -> list[Response]:
    """The answers, in the order of the calls."""
    barrier = threading.Barrier(len(calls))

    def start(call: Callable[[], Response]) -> Response:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(start, calls))


def statuses(answers: Sequence[Response]) -> list[int]:
    return [answer.status_code for answer in answers]
