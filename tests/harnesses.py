"""What a fixture `open_harness` yields: as many harnesses of a service as a test asks for, each with settings of its own."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar


class Closable(Protocol):
    def close(self) -> None: ...


H = TypeVar("H", bound=Closable)


def opening(harness: Callable[..., H]) -> Iterator[Callable[..., H]]:
    """They are closed at the end of the test."""
    opened: list[H] = []

    def open_harness(**settings: object) -> H:
        opened.append(harness(**settings))
        return opened[-1]

    yield open_harness
    for one in opened:
        one.close()
