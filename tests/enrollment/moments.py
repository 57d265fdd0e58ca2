"""The service's work cut into moments, for tests of what may happen between two of them."""

from collections.abc import Iterator

from world import World


def steps(world: World) -> Iterator[None]:
    """The service's work in its smallest pieces."""
    while True:
        world.worker.step()
        yield
        world.evaluator.step()
        yield


def take_facts(world: World) -> None:
    while any(consumer.step() for consumer in world.consumers):
        pass
