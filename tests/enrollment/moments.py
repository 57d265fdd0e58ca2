"""The service's work cut into moments, for tests of what may happen between two of them."""

from collections.abc import Iterator

from enrollment.harness import Harness


def steps(harness: Harness) -> Iterator[None]:
    """The service's work in its smallest pieces."""
    while True:
        harness.worker.step()
        yield
        harness.evaluator.step()
        yield


def take_facts(harness: Harness) -> None:
    while sum(consumer.step() for consumer in harness.consumers):
        pass
